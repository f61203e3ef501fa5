// The part of a browser that the engine needs, in node: sockets that say where they come from, timers, chance.
import { EventSource } from "eventsource";
import WebSocket from "ws";
import type { LivePorts } from "../src/live";

/** Sockets open with the page's origin, as a browser's do; a push node refuses every other. */
export function createPorts(origin: string): LivePorts {
  class Socket extends WebSocket {
    constructor(url: string | URL) {
      super(url, { origin });
      this.on("error", () => undefined); // `close` follows; an error that nobody hears would end the process
    }
  }
  class Source extends EventSource {
    constructor(url: string | URL) {
      super(url, { fetch: (to, init) => fetch(to, { ...init, headers: { ...init.headers, Origin: origin } }) });
    }
  }
  return {
    setTimeout: (run, milliseconds) => Number(setTimeout(run, milliseconds)),
    clearTimeout: (handle) => clearTimeout(handle),
    Date,
    Math,
    navigator: { onLine: true },
    WebSocket: Socket as unknown as LivePorts["WebSocket"],
    EventSource: Source as unknown as LivePorts["EventSource"],
  };
}
