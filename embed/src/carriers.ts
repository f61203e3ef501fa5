// WebSocket, EventSource and polling behind one face; each reports `closed` once, and nothing after close().
import type { Timers } from "./timers";

export interface Carrier {
  close(): void;
  /** Says that the reader writes, and whether the other end listens. */
  typing?(): boolean;
}

export interface CarrierEvents {
  opened(): void;
  /** `text` is one frame's JSON. */
  frame(text: string): void;
  /** `code` is the WebSocket's close code; 0 where a carrier has none. */
  closed(code: number): void;
}

export function openSocket(Socket: typeof WebSocket, url: string, on: CarrierEvents): Carrier {
  const socket = new Socket(url);
  socket.onopen = () => on.opened();
  socket.onmessage = (message) => on.frame(message.data);
  socket.onclose = (event) => on.closed(event.code);
  return {
    close() {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    },
    typing() {
      // a signed address is a push node's, and that hangs up on whoever speaks
      const isHeard = socket.readyState === 1 && !url.includes("?");
      if (isHeard) socket.send('{"typing":true}');
      return isHeard;
    },
  };
}

/** Never left to reconnect by itself: its own retries know neither our backoff nor our ladder. */
export function openStream(Source: typeof EventSource, url: string, on: CarrierEvents): Carrier {
  const source = new Source(url);
  const close = () => {
    source.onopen = source.onmessage = source.onerror = null;
    source.close();
  };
  source.onopen = () => on.opened();
  source.onmessage = (message) => on.frame(message.data);
  source.onerror = () => {
    close();
    on.closed(0);
  };
  return { close };
}

/** `fill` asks for what is new; false means that no server was reached. */
export function openPoll(fill: () => Promise<boolean>, timers: Timers, on: CarrierEvents): Carrier {
  let isClosed = false;
  let isOpen = false;
  const poll = async () => {
    const isReached = await fill();
    if (isClosed) return;
    if (!isReached) return on.closed(0);
    if (!isOpen) on.opened();
    isOpen = true;
    timers.after("poll", timers.between(3, 5), poll);
  };
  timers.after("poll", 0, poll);
  return {
    close() {
      isClosed = true;
      timers.clear("poll");
    },
  };
}
