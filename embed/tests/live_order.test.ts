// The client's rule: every event once, in thread order, whatever the carrier does to frames.
import { describe, expect, test } from "vitest";
import { connectedReader, EPOCH, frame, SETTINGS, settle } from "./fakes";

describe("frames in order", () => {
  test("may say beside their events or their head how many read", async () => {
    const { asked, open, server, told } = connectedReader();
    const socket = await open();

    socket.receive({ ...frame(1, 1), readers: 40 });
    expect(told).toMatchObject({ readers: 40, seqs: [1] });
    server.head = 2;
    socket.receive({ head: 2, epoch: EPOCH, readers: 1300 });
    await settle();

    expect(told).toMatchObject({ readers: 1300, seqs: [1, 2] });
    expect(asked).toEqual(["events after 1"]);
  });

  test("are applied without any request", async () => {
    const { asked, clock, open, told } = connectedReader();
    const socket = await open();

    socket.receive(frame(1, 2));
    socket.receive(frame(3, 3));
    await clock.advance(5);

    expect(told.seqs).toEqual([1, 2, 3]);
    expect(asked).toEqual([]);
  });

  test("that come twice are applied once", async () => {
    const { open, told } = connectedReader();
    const socket = await open();

    socket.receive(frame(1, 3));
    socket.receive(frame(2, 4));
    socket.receive(frame(1, 1));

    expect(told.seqs).toEqual([1, 2, 3, 4]);
  });

  test("carry presence, typing and totals, and anything unknown is ignored", async () => {
    const { open, told } = connectedReader();
    const socket = await open();

    socket.receive({ readers: 1280 });
    socket.receive({ typing: 2 });
    socket.receive({ totals: { "7": { score: 1, up: 1, down: 0 } } });
    socket.receive({ weather: "fine" });

    expect(told).toMatchObject({ readers: 1280, typing: 2, totals: [{ "7": { score: 1, up: 1, down: 0 } }], seqs: [] });
  });
});

describe("frames out of order", () => {
  test("wait for the one before them, and no request is made when it comes", async () => {
    const { asked, clock, open, server, told } = connectedReader();
    const socket = await open();
    server.head = 4;

    socket.receive(frame(3, 4));
    await clock.advance(0.2);
    expect(told.seqs).toEqual([]);
    socket.receive(frame(1, 2));
    await clock.advance(2);

    expect(told.seqs).toEqual([1, 2, 3, 4]);
    expect(asked).toEqual([]);
  });

  test("are completed by a request when the missing one stays away", async () => {
    const { asked, clock, open, server, told } = connectedReader();
    const socket = await open();
    server.head = 3;

    socket.receive(frame(3, 3));
    await clock.advance(0.29);
    expect(asked).toEqual([]);
    await clock.advance(0.6);

    expect(asked).toEqual(["events after 0"]);
    expect(told.seqs).toEqual([1, 2, 3]);
  });

  test("are asked for again, ever later, while the server cannot be reached", async () => {
    const { asked, clock, open, server, told } = connectedReader();
    const socket = await open();
    server.head = 2;
    server.isUp = false;

    socket.receive(frame(2, 2));
    await clock.advance(3);
    expect(asked.length).toBeGreaterThan(1);
    server.isUp = true;
    await clock.advance(5);

    expect(told.seqs).toEqual([1, 2]);
  });
});

describe("a head", () => {
  test("that is known asks for nothing", async () => {
    const { asked, clock, open } = connectedReader();
    const socket = await open();

    socket.receive(frame(1, 2));
    socket.receive({ head: 2, epoch: EPOCH });
    await clock.advance(2);

    expect(asked).toEqual([]);
  });

  test("that is ahead brings the lost tail, page after page", async () => {
    const { asked, open, server, told } = connectedReader();
    const socket = await open();
    Object.assign(server, { head: 5, page: 2 });

    socket.receive({ head: 5, epoch: EPOCH });
    await settle();

    expect(told.seqs).toEqual([1, 2, 3, 4, 5]);
    expect(asked).toEqual(["events after 0", "events after 2", "events after 4"]);
  });
});

describe("another epoch", () => {
  test("takes a new snapshot, asks for what came after it, and goes on from there", async () => {
    const { asked, clock, open, server, told } = connectedReader();
    const socket = await open();
    socket.receive(frame(1, 2));
    Object.assign(server, { epoch: "e2", head: 7 });

    socket.receive(frame(7, 7, "e2"));
    await clock.advance(1);
    socket.receive(frame(8, 8, "e2"));

    expect(asked).toEqual(["snapshot", "events after 7"]);
    expect(told.seqs).toEqual([1, 2, 8]);
  });

  test("is retried until a snapshot comes", async () => {
    const { clock, open, server, asked } = connectedReader();
    const socket = await open();
    Object.assign(server, { epoch: "e2", head: 1, isUp: false });

    socket.receive({ head: 1, epoch: "e2" });
    await clock.advance(2);
    server.isUp = true;
    await clock.advance(10);

    expect(asked.length).toBeGreaterThan(2);
    expect(new Set(asked.slice(0, -1))).toEqual(new Set(["snapshot"]));
    expect(asked.at(-1)).toBe("events after 1");
  });
});

test("votes that came while away are told after the posts that they are for", async () => {
  const order: string[] = [];
  const listener = {
    event: () => order.push("event"),
    totals: () => order.push("totals"),
    readers: () => {},
    typing: () => {},
    state: () => {},
  };
  const { live, server, sockets } = connectedReader({ listener });
  server.head = 1;
  server.more = { totals: { "1": { score: 1, up: 1, down: 0 } } };

  live.show();
  sockets[0]?.open();
  await settle();

  expect(order).toEqual(["event", "totals"]);
});

test("events that are gone lead to a new snapshot", async () => {
  const { asked, clock, open, server } = connectedReader();
  const socket = await open();
  Object.assign(server, { head: 900, oldest: 800 });

  socket.receive({ head: 900, epoch: EPOCH });
  await clock.advance(1);

  expect(asked).toEqual(["events after 0", "snapshot", "events after 900"]);
});

test("a page older than what is known is brought up to date again", async () => {
  const { asked, live, open, server, told } = connectedReader();
  const socket = await open();
  server.head = 3;
  socket.receive(frame(1, 3));

  live.rewind({ epoch: EPOCH, seq: 2 });
  await settle();

  expect(asked).toEqual(["events after 2"]);
  expect(told.seqs).toEqual([1, 2, 3, 3]);
});

test("a dark site's frames are received and not shown", async () => {
  const { asked, clock, open, told } = connectedReader({ settings: { ...SETTINGS, realtime: "dark" } });
  const socket = await open();

  socket.receive(frame(1, 2));
  await clock.advance(100);

  expect(told.seqs).toEqual([]);
  expect(asked).toEqual([]);
});

test("a random carrier that drops, repeats and shuffles frames changes neither order nor number", async () => {
  let seed = 7;
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const { clock, open, server, told } = connectedReader();
  const socket = await open();

  for (let seq = 1; seq <= 300; seq++) {
    server.head = seq;
    clock.dice = random();
    const start = Math.max(1, seq - Math.floor(random() * 4));
    if (random() < 0.7) socket.receive(frame(start, seq));
    await clock.advance(random() * 0.4);
  }
  socket.receive({ head: 300, epoch: EPOCH });
  await clock.advance(2);

  expect(told.seqs).toEqual(Array.from({ length: 300 }, (_, at) => at + 1));
});
