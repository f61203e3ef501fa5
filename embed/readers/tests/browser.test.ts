// What node lacks of a browser: the engine's carriers over it.
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Carrier, openSocket, openStream } from "../../src/carriers";
import { createPorts } from "../browser";
import { LiveServer } from "./fake_kibitz";
import { eventually } from "./waiting";

const ORIGIN = "https://comments.example";
const ports = createPorts(ORIGIN);
let server: LiveServer;
let told: unknown[];
let carriers: Carrier[];

beforeEach(async () => {
  told = [];
  carriers = [];
  server = new LiveServer();
  await server.start();
});

afterEach(async () => {
  for (const carrier of carriers) carrier.close();
  await server.stop();
});

const listener = {
  opened: () => told.push("open"),
  frame: (text: string) => told.push(JSON.parse(text)),
  closed: (code: number) => told.push(code),
};

function dial(kind: "socket" | "stream"): Carrier {
  const carrier =
    kind === "socket"
      ? openSocket(ports.WebSocket, `ws://${server.host}/live/k`, listener)
      : openStream(ports.EventSource, `http://${server.host}/live/k`, listener);
  carriers.push(carrier);
  return carrier;
}

test.each([
  ["socket", 1006],
  ["stream", 0],
] as const)("a %s says its origin, brings frames and reports its end once", async (kind, code) => {
  dial(kind);
  await eventually(() => expect(told).toEqual(["open"]));

  server.send({ head: 1 });
  await eventually(() => expect(told).toEqual(["open", { head: 1 }]));
  server.cut();
  await eventually(() => expect(told).toEqual(["open", { head: 1 }, code]));

  expect(server.visits).toMatchObject([{ path: "/live/k", origin: ORIGIN }]);
});

test.each(["socket", "stream"] as const)("a %s that nobody takes ends nothing but itself", async (kind) => {
  await server.stop();

  dial(kind);

  await eventually(() => expect(told).toEqual([kind === "socket" ? 1006 : 0]));
  await server.start();
});

test("a socket that is given up before it opens says nothing", async () => {
  dial("socket").close();

  dial("socket");
  await eventually(() => expect(told).toEqual(["open"]));
});

test("timers that are cleared do not run", async () => {
  const cleared = ports.setTimeout(() => told.push("cleared"), 1);
  ports.clearTimeout(cleared);

  await new Promise<void>((resolve) => void ports.setTimeout(resolve, 2));

  expect(told).toEqual([]);
});
