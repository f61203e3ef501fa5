// A connection that says nothing: trusted for a while, then checked.
import { describe, expect, test } from "vitest";
import { connectedReader, SETTINGS, settle } from "./fakes";

describe("silence", () => {
  test("of a connection that missed something leads to filling and a new connection", async () => {
    const { asked, clock, open, server, sockets, told } = connectedReader();
    const socket = await open();
    server.head = 2;

    await clock.advance(46);

    expect(asked).toEqual(["head", "events after 0"]);
    expect(told.seqs).toEqual([1, 2]);
    expect(socket.isClosed).toBe(true);
    expect(sockets).toHaveLength(2);
  });

  test("of a quiet thread changes nothing", async () => {
    const { asked, clock, open, sockets } = connectedReader();
    await open();

    await clock.advance(100);

    expect(asked).toEqual(["head", "head"]);
    expect(sockets).toHaveLength(1);
  });

  test("does not begin while the heartbeat comes", async () => {
    const { asked, clock, open } = connectedReader();
    const socket = await open();

    for (let turn = 0; turn < 6; turn++) {
      await clock.advance(25);
      socket.receive({ readers: 3 });
    }

    expect(asked).toEqual([]);
  });

  test("is trusted as long as the server says, a half more or less, so that readers do not ask in step", async () => {
    for (const [dice, seconds] of [
      [0, 60],
      [0.999, 180],
    ] as const) {
      const { asked, clock, open } = connectedReader({ settings: { ...SETTINGS, silence_seconds: 120 } });
      clock.dice = dice;
      await open();

      await clock.advance(seconds - 1);
      expect(asked).toEqual([]);
      await clock.advance(2);

      expect(asked).toEqual(["head"]);
    }
  });

  test("of an old connection does not end the one that follows it", async () => {
    const { asked, live, open, server, sockets } = connectedReader();
    await open();
    server.isUp = false;

    live.show();
    live.online();
    await settle();

    expect(asked).toEqual(["head"]);
    expect(sockets.map(({ isClosed }) => isClosed)).toEqual([true, false]);
  });

  test("ends a connection when no server can be reached", async () => {
    const { clock, open, server } = connectedReader();
    const socket = await open();
    server.isUp = false;

    await clock.advance(46);

    expect(socket.isClosed).toBe(true);
  });

  test("does not end a connection because the API fails: readers would storm a push tier that is well", async () => {
    const { asked, clock, open, server, sockets } = connectedReader();
    const socket = await open();
    Object.assign(server, { isUp: false, status: 502 });

    await clock.advance(100);

    expect(asked).toEqual(["head", "head"]);
    expect(socket.isClosed).toBe(false);
    expect(sockets).toHaveLength(1);
  });
});
