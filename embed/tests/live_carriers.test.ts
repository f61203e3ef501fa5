// The ladder of carriers, coming back, and letting go.
import { describe, expect, test } from "vitest";
import { connectedReader, type FakeSocket, frame, SETTINGS, settle } from "./fakes";

const last = (carriers: FakeSocket[]) => carriers.at(-1) as FakeSocket;

describe("a connection that breaks", () => {
  test("comes back and asks for what it missed", async () => {
    const { asked, clock, open, server, sockets, told } = connectedReader();
    const socket = await open();
    socket.receive(frame(1, 1));

    socket.break();
    server.head = 3;
    await clock.advance(1);
    last(sockets).open();
    await clock.advance(2);

    expect(told.states).toEqual(["live", "reconnecting", "live"]);
    expect(asked).toEqual(["events after 1"]);
    expect(told.seqs).toEqual([1, 2, 3]);
  });

  test("asks at once when it came back because the network did", async () => {
    const { asked, clock, live, open, sockets } = connectedReader();
    const socket = await open();
    socket.break();
    await clock.advance(0.1);

    live.online();
    last(sockets).open();
    await settle();

    expect(asked).toEqual(["events after 0"]);
  });

  test("asks at a random moment of two seconds when many lost theirs with it", async () => {
    const moments: number[] = []; // ms
    for (const dice of [0, 0.25, 0.999]) {
      const { asked, clock, open, sockets } = connectedReader();
      (await open()).break();
      await clock.advance(1);
      clock.dice = dice;
      last(sockets).open();
      const since = clock.time;
      while (!asked.length) await clock.advance(0.125);
      moments.push(clock.time - since);
    }

    expect(moments).toEqual([125, 500, 2000]);
  });

  test("comes back with a growing, random wait of at most 20 s", async () => {
    const { clock, open, sockets } = connectedReader();
    clock.dice = 0.999;
    const socket = await open();
    await clock.advance(10);

    socket.break();
    const waits: number[] = [];
    for (let turn = 0; turn < 7; turn++) {
      const since = clock.time;
      const count = sockets.length;
      while (sockets.length === count) await clock.advance(0.1);
      waits.push((clock.time - since) / 1000);
      last(sockets).break();
    }

    expect(waits.map(Math.round)).toEqual([1, 1, 2, 4, 8, 16, 20]);
  });

  test("after the server's goodbye comes back within the server's window", async () => {
    const { clock, open, sockets } = connectedReader({ settings: { ...SETTINGS, reconnect_spread_seconds: 60 } });
    const socket = await open();

    socket.break(1012);
    await clock.advance(29);
    expect(sockets).toHaveLength(1);
    await clock.advance(2);

    expect(sockets).toHaveLength(2);
  });

  test("does not come back when the server says so", async () => {
    const { clock, open, sockets, told } = connectedReader();
    const socket = await open();

    socket.break(4400);
    await clock.advance(600);

    expect(sockets).toHaveLength(1);
    expect(told.states.at(-1)).toBe("offline");
  });

  test("waits long when this address has too many", async () => {
    const { clock, open, sockets } = connectedReader();
    const socket = await open();

    socket.break(4029);
    await clock.advance(29);
    expect(sockets).toHaveLength(1);
    await clock.advance(60);

    expect(sockets.length).toBeGreaterThan(1);
  });

  test("that opens and breaks at once is not hammered", async () => {
    const { clock, live, sockets } = connectedReader();
    live.show();

    for (let second = 0; second < 60; second++) {
      const socket = last(sockets);
      if (socket.readyState === 0) {
        socket.open();
        socket.break();
      }
      await clock.advance(1);
    }

    expect(sockets.length).toBeLessThan(12);
  });
});

describe("the ladder", () => {
  test("goes from WebSocket to EventSource to polling, and events arrive there", async () => {
    const { clock, live, server, sockets, streams, told } = connectedReader();
    live.show();

    for (let turn = 0; turn < 3; turn++) {
      last(sockets).break();
      await clock.advance(3);
    }
    expect(streams).toHaveLength(1);
    for (let turn = 0; turn < 3; turn++) {
      last(streams).break();
      await clock.advance(3);
    }
    server.head = 2;
    await clock.advance(5);

    expect(told.states.at(-1)).toBe("live");
    expect(told.seqs).toEqual([1, 2]);
    expect(last(streams).isClosed).toBe(true);
  });

  test("stays on WebSocket while the browser is offline", async () => {
    const { clock, live, navigator, sockets, streams, told } = connectedReader();
    navigator.onLine = false;
    live.show();

    for (let turn = 0; turn < 6; turn++) {
      last(sockets).break();
      await clock.advance(31);
    }

    expect(streams).toHaveLength(0);
    expect(told.states.at(-1)).toBe("offline");
  });

  test("takes a connection that neither opens nor fails for a failure", async () => {
    const { clock, live, sockets, streams } = connectedReader();
    live.show();

    await clock.advance(40);

    expect(sockets).toHaveLength(3);
    expect(streams.length).toBeGreaterThan(0);
  });

  test("climbs again beside the carrier that works, and loses nothing by a failed try", async () => {
    const { clock, live, server, sockets, streams, told } = connectedReader();
    live.show();
    for (let turn = 0; turn < 3; turn++) {
      last(sockets).break();
      await clock.advance(3);
    }
    const stream = last(streams);
    stream.open();
    const beat = () => stream.receive({ readers: 1 });

    for (let turn = 0; turn < 3; turn++) {
      await clock.advance(31);
      beat();
    }
    expect(sockets).toHaveLength(4);
    last(sockets).break();
    expect(stream.isClosed).toBe(false);
    while (sockets.length === 4) {
      await clock.advance(5);
      beat();
    }
    server.head = 1;
    last(sockets).open();
    await clock.advance(2);

    expect(stream.isClosed).toBe(true);
    expect(told.seqs).toEqual([1]);
  });

  test("polls every three to five seconds", async () => {
    const { asked, clock, live, sockets, streams } = connectedReader();
    live.show();
    for (const carriers of [sockets, streams]) {
      for (let turn = 0; turn < 3; turn++) {
        last(carriers).break();
        await clock.advance(3);
      }
    }
    asked.length = 0;

    await clock.advance(20);

    expect(asked).toHaveLength(5);
  });
});

describe("a tab", () => {
  test("that is hidden lets go after about a minute, and resumes when shown", async () => {
    const { asked, clock, live, open, server, sockets, told } = connectedReader();
    const socket = await open();

    live.hide();
    await clock.advance(44);
    expect(socket.isClosed).toBe(false);
    await clock.advance(40);
    expect(socket.isClosed).toBe(true);
    server.head = 2;
    live.show();
    last(sockets).open();
    await settle();

    expect(asked).toEqual(["head", "events after 0"]);
    expect(told.seqs).toEqual([1, 2]);
  });

  test("that is hidden only briefly keeps its connection", async () => {
    const { clock, live, open, sockets } = connectedReader();
    await open();

    live.hide();
    await clock.advance(20);
    live.show();
    await clock.advance(120);

    expect(sockets).toHaveLength(1);
  });

  test("that leaves closes at once and makes no further request", async () => {
    const { asked, clock, live, open, sockets } = connectedReader();
    const socket = await open();

    live.stop();
    await clock.advance(300);

    expect(socket.isClosed).toBe(true);
    expect(sockets).toHaveLength(1);
    expect(asked).toEqual([]);
  });

  test("whose network returns tries at once", async () => {
    const { live, open, sockets } = connectedReader();
    const socket = await open();
    socket.break();

    live.online();

    expect(sockets).toHaveLength(2);
  });
});

test("a browser without any kind of socket polls", async () => {
  const { clock, live, server, told } = connectedReader({}, { WebSocket: undefined, EventSource: undefined });
  server.head = 1;

  live.show();
  await clock.advance(30);

  expect(told.seqs).toEqual([1]);
  expect(told.states.at(-1)).toBe("live");
});
