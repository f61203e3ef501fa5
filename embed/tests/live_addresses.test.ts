// Live addresses that expire, or whose push node is gone.
import { describe, expect, test } from "vitest";
import { addresses, connectedReader, type FakeSocket, frame, settle } from "./fakes";

const last = (carriers: FakeSocket[]) => carriers.at(-1) as FakeSocket;
const hosts = (carriers: FakeSocket[]) => carriers.map(({ url }) => new URL(url).host);
const count = (asked: string[]) => asked.filter((request) => request === "addresses").length;

describe("a connection that does not open", () => {
  test("is tried at a new address, and events arrive there", async () => {
    const { asked, clock, live, server, sockets, told } = connectedReader();
    server.node = "other";
    live.show();

    last(sockets).break();
    await clock.advance(1);
    last(sockets).open();
    server.head = 1;
    last(sockets).receive(frame(1, 1));
    await clock.advance(2);

    expect(hosts(sockets)).toEqual(["host", "other"]);
    expect(asked).toEqual(["addresses", "events after 1"]);
    expect(told.seqs).toEqual([1]);
  });

  test("asks before each further try of every carrier", async () => {
    const { asked, clock, live, server, sockets, streams } = connectedReader();
    server.node = "other";
    live.show();

    for (const carriers of [sockets, streams]) {
      for (let turn = 0; turn < 3; turn++) {
        last(carriers).break();
        await clock.advance(3);
      }
    }

    expect(hosts(sockets)).toEqual(["host", "other", "other"]);
    expect(hosts(streams)).toEqual(["other", "other", "other"]);
    expect(count(asked)).toBe(4);
  });

  test("asks no more often than the growing wait between tries", async () => {
    const { asked, clock, live, sockets } = connectedReader();
    clock.dice = 0.999;
    live.show();
    last(sockets).open();
    last(sockets).break();

    for (let second = 0; second < 40; second++) {
      await clock.advance(1);
      if (!last(sockets).isClosed) last(sockets).break();
    }

    expect(count(asked)).toBeGreaterThan(3);
    expect(count(asked)).toBeLessThan(8);
  });

  test("keeps its address while the API is away", async () => {
    const { clock, live, server, sockets } = connectedReader();
    server.isUp = false;
    live.show();

    last(sockets).break();
    await clock.advance(1);

    expect(hosts(sockets)).toEqual(["host", "host"]);
  });

  test("is not tried again once the page has left", async () => {
    const { asked, clock, live, sockets } = connectedReader();
    live.show();
    last(sockets).break();
    const ask = clock.timers.values().next().value;

    ask?.run();
    live.stop();
    await settle();

    expect(asked).toEqual(["addresses"]);
    expect(sockets).toHaveLength(1);
  });

  test("leaves one connection when the network returns while it asks", async () => {
    const { clock, live, sockets } = connectedReader();
    live.show();
    last(sockets).break();
    const ask = clock.timers.values().next().value;

    ask?.run();
    live.online();
    await settle();

    expect(sockets).toHaveLength(2);
  });
});

test("a connection that was open comes back to its address without asking", async () => {
  const { asked, clock, open, sockets } = connectedReader();
  const socket = await open();

  socket.break();
  await clock.advance(1);

  expect(hosts(sockets)).toEqual(["host", "host"]);
  expect(asked).toEqual([]);
});

test("a reader who polls for long climbs by a new address", async () => {
  const { clock, live, server, sockets, streams, told } = connectedReader();
  live.show();
  for (const carriers of [sockets, streams]) {
    for (let turn = 0; turn < 3; turn++) {
      last(carriers).break();
      await clock.advance(3);
    }
  }
  server.node = "other";

  while (sockets.length === 3) await clock.advance(5);
  last(sockets).open();
  server.head = 1;
  last(sockets).receive(frame(1, 1));
  await settle();

  expect(hosts(sockets).at(-1)).toBe("other");
  expect(told.seqs).toEqual([1]);
});

test("a climb that asks while the reader leaves opens nothing", async () => {
  const { asked, clock, live, sockets, streams } = connectedReader();
  live.show();
  for (let turn = 0; turn < 3; turn++) {
    last(sockets).break();
    await clock.advance(3);
  }
  last(streams).open();
  asked.length = 0;
  const climb = [...clock.timers.values()].sort((a, b) => b.at - a.at)[0];

  climb?.run();
  live.stop();
  await settle();

  expect(count(asked)).toBe(1);
  expect(sockets).toHaveLength(3);
});

test("typing goes out on an open socket only", async () => {
  const { live, sockets } = connectedReader();
  live.show();

  expect(live.typing()).toBeFalsy();
  last(sockets).open();
  expect(live.typing()).toBe(true);

  expect(last(sockets).sent).toEqual(['{"typing":true}']);
});

test("typing never goes to a push node, which hangs up on whoever speaks: the API is to be told", async () => {
  const { live, open } = connectedReader({ live: addresses("node", "?e=1767225600&s=AbC-_0") });
  const socket = await open();

  expect(live.typing()).toBe(false);

  expect(socket.sent).toEqual([]);
});

test("typing does nothing on a stream: the API is to be told", async () => {
  const { clock, live, sockets, streams } = connectedReader();
  live.show();
  for (let turn = 0; turn < 3; turn++) {
    last(sockets).break();
    await clock.advance(3);
  }
  last(streams).open();

  expect(live.typing()).toBeFalsy();

  expect(last(streams).sent).toEqual([]);
  expect(last(streams).isClosed).toBe(false);
});
