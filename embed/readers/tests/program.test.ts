// Readers with the embed's own engine on real sockets, against a small Kibitz in this process.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { post } from "../../tests/fakes";
import type { Command } from "../commands";
import { type Answer, createProgram, type Program } from "../program";
import { type Collected, monotonicSeconds } from "../record";
import { FakeKibitz, LiveServer } from "./fake_kibitz";
import { eventually } from "./waiting";

let kibitz: FakeKibitz;
let program: Program;
let said: string[];
let seen: Collected;

beforeEach(async () => {
  said = [];
  const requests: Collected["requests"] = {
    events: [0, 0, 0],
    head: [0, 0, 0],
    snapshot: [0, 0, 0],
    bootstrap: [0, 0, 0],
  };
  seen = { arrivals: {}, repeated: 0, out_of_order: 0, requests };
  kibitz = new FakeKibitz();
  await kibitz.start();
  program = createProgram(kibitz.base, { say: (text) => said.push(text), openSeconds: 2 });
});

afterEach(async () => {
  program.stop();
  await kibitz.stop();
});

type Done<D> = Extract<Answer, { done: D }>;

async function ask<D extends Command["do"]>(command: Extract<Command, { do: D }>): Promise<Done<D>> {
  const answer = await program.answer(JSON.stringify(command));
  expect(answer).toMatchObject({ done: command.do });
  return answer as Done<D>;
}

function open(...vias: string[]): Promise<Done<"open">> {
  const order = (via: string, at: number) => ({
    site: "chaos",
    page_id: `p${at + 1}`,
    url: `${kibitz.base}/p${at + 1}`,
    via,
  });
  return ask({ do: "open", readers: vias.map(order) });
}

/** Collects, and adds what came to what this test has seen before. */
async function collect(): Promise<Done<"collect">> {
  const part = await ask({ do: "collect" });
  for (const [key, thread] of Object.entries(part.arrivals)) {
    seen.arrivals[key] ??= {};
    const known = seen.arrivals[key];
    for (const [seq, times] of Object.entries(thread)) known[Number(seq)] = [...(known[Number(seq)] ?? []), ...times];
  }
  for (const kind of ["events", "head", "snapshot", "bootstrap"] as const)
    for (const at of [0, 1, 2] as const) seen.requests[kind][at] += part.requests[kind][at];
  seen.repeated += part.repeated;
  seen.out_of_order += part.out_of_order;
  return part;
}

/** Waits until every reader stands at the thread's number. */
async function caughtUp(): Promise<void> {
  await eventually(async () => {
    const { at } = await collect();
    expect(at.map(([, , seq]) => seq)).toEqual(at.map(() => kibitz.seq));
  });
}

describe("opening", () => {
  test("takes the bootstrap, a snapshot and a socket, and what came in between", async () => {
    kibitz.seq = 2;

    expect(await open("push")).toEqual({ done: "open", open: 1 });

    expect(await collect()).toMatchObject({ at: [["p1", "e1", 2]], states: { live: 1, reconnecting: 0, offline: 0 } });
    await eventually(() => expect(kibitz.requests.at(-1)).toBe("/api/v1/threads/p1/events/"));
    expect(kibitz.requests.slice(0, -1)).toEqual(["/api/v1/sites/chaos/thread/", "/api/v1/threads/p1/"]);
    expect(kibitz.push.visits).toEqual([{ path: "/live/p1?s=1", origin: kibitz.base, deflates: true }]);
  });

  test("takes Channels' socket behind the front, or one where something sits in between", async () => {
    const between = new LiveServer();
    await between.start();

    expect(await open("push", "front", between.host)).toEqual({ done: "open", open: 3 });

    expect(kibitz.push.visits.map(({ path }) => path)).toEqual(["/live/p1?s=1"]);
    expect(kibitz.front.visits.map(({ path }) => path)).toEqual(["/live/p2"]);
    expect(between.visits.map(({ path }) => path)).toEqual(["/live/p3?s=3"]);
    await between.stop();
  });

  test("goes the same way to a renewed address", async () => {
    const between = new LiveServer();
    await between.start();
    between.refusals = 1;

    expect(await open(between.host)).toEqual({ done: "open", open: 1 });

    expect(between.visits.map(({ path }) => path)).toEqual(["/live/p1?s=1", "/live/p1?s=2"]);
    expect(kibitz.push.visits).toEqual([]);
    await between.stop();
  });

  test("loads a page again that did not load", async () => {
    kibitz.failure = 503;
    const opening = open("push");
    await eventually(() => expect(said[0]).toBe("p1 does not load (503); again"));
    kibitz.failure = 0;

    expect(await opening).toEqual({ done: "open", open: 1 });
  });

  test("gives up a page that is refused, and says why", async () => {
    kibitz.failure = 404;

    expect(await open("push", "front")).toEqual({ done: "open", open: 0 });

    expect(said).toEqual(Array(2).fill("a page is refused: 404 unwell The API is unwell."));
    expect(await collect()).toMatchObject({ states: { live: 0, reconnecting: 2, offline: 0 } });
  });

  test("says after its time how many are open", async () => {
    kibitz.push.isDeaf = true;

    expect(await open("push", "front")).toEqual({ done: "open", open: 1 });
  });

  test("opens any number", async () => {
    expect(await open(...Array<string>(50).fill("push"))).toEqual({ done: "open", open: 50 });

    expect((await collect()).at).toHaveLength(50);
  });

  test("is of twenty readers at a time", async () => {
    kibitz.push.isDeaf = true;

    expect(await open(...Array<string>(50).fill("push"))).toEqual({ done: "open", open: 0 });

    expect(kibitz.push.visits).toHaveLength(20);
  });
});

describe("events", () => {
  test("arrive when they are applied, by the clock that all processes share", async () => {
    await open("push", "front");
    const before = monotonicSeconds();

    kibitz.post();
    kibitz.post();
    await caughtUp();

    const after = monotonicSeconds();
    expect(seen).toMatchObject({ repeated: 0, out_of_order: 0 });
    for (const key of ["p1", "p2"]) {
      const [[first], [second]] = [seen.arrivals[key]?.[1], seen.arrivals[key]?.[2]] as [[number], [number]];
      expect([before, first, second, after]).toEqual([before, first, second, after].sort((a, b) => a - b));
      expect(Object.keys(seen.arrivals[key] ?? {})).toEqual(["1", "2"]);
    }
    expect((await collect()).arrivals).toEqual({});
  });

  test("that no frame brought are asked for", async () => {
    await open("push");

    kibitz.post(false);
    kibitz.post();
    await caughtUp();

    expect(seen).toMatchObject({ repeated: 0, out_of_order: 0 });
    expect(Object.keys(seen.arrivals.p1 ?? {})).toEqual(["1", "2"]);
  });

  test("that were posted while the sockets were away come with the next ones", async () => {
    await open("push", "front");

    for (const server of [kibitz.push, kibitz.front]) server.cut();
    kibitz.post();
    await caughtUp();
    kibitz.post();
    await caughtUp();

    expect(seen).toMatchObject({ repeated: 0, out_of_order: 0 });
    for (const key of ["p1", "p2"]) expect(Object.keys(seen.arrivals[key] ?? {})).toEqual(["1", "2"]);
    expect([kibitz.push.visits.length, kibitz.front.visits.length]).toEqual([2, 2]);
  });

  test("that a new snapshot brings arrive with it", async () => {
    await open("push");

    for (let count = 0; count < 3; count++) kibitz.post(false);
    kibitz.forgotten = 2;
    kibitz.post();
    await caughtUp();

    expect(seen).toMatchObject({ repeated: 0, out_of_order: 0 });
    const times = Object.values(seen.arrivals.p1 ?? {});
    expect(times).toHaveLength(4);
    expect(new Set(times.flat()).size).toBe(1);
  });

  test("of another epoch are not those of the one before", async () => {
    await open("push");
    kibitz.post();
    await caughtUp();

    kibitz.epoch = "e2";
    kibitz.seq = 7;
    kibitz.push.send({ head: 7, epoch: "e2" });
    await caughtUp();

    expect(await collect()).toMatchObject({ at: [["p1", "e2", 7]] });
    expect(Object.keys(seen.arrivals.p1 ?? {})).toEqual(["1"]);
  });
});

describe("requests", () => {
  test("are counted by kind, those that a cache answered apart", async () => {
    kibitz.cache = "HIT";
    await open("push");
    await eventually(() => expect(kibitz.requests).toHaveLength(3));
    kibitz.cache = "MISS";
    kibitz.post(false);
    kibitz.push.send({ head: 1, epoch: "e1" });
    await eventually(() => expect(kibitz.requests).toHaveLength(4));
    kibitz.cache = "EXPIRED";
    kibitz.push.cut();
    await eventually(() => expect(kibitz.requests).toHaveLength(5));

    await eventually(async () => {
      await collect();
      expect(seen.requests).toEqual({
        events: [3, 2, 0],
        head: [0, 0, 0],
        snapshot: [1, 0, 0],
        bootstrap: [1, 0, 0],
      });
    });
  });

  test("without an answer are counted apart", async () => {
    const { base } = kibitz;
    await kibitz.stop();
    const alone = createProgram(base, { openSeconds: 0.5 });
    const page = { site: "chaos", page_id: "p1", url: `${base}/p1`, via: "push" };

    const answer = await alone.answer(JSON.stringify({ do: "open", readers: [page] }));

    expect(answer).toEqual({ done: "open", open: 0 });
    expect(await alone.answer('{"do":"collect"}')).toMatchObject({
      requests: { bootstrap: [1, 0, 1] },
      at: [["", "", 0]],
    });
    alone.stop();
    await kibitz.start();
  });
});

describe("what readers hold", () => {
  const held = (id: number) => [id, "published", post(id).html];

  test("is told from a post on, and forgotten below one", async () => {
    kibitz.seq = 3;
    await open("push");
    kibitz.post();
    await caughtUp();

    const place = { key: "p1", epoch: "e1", seq: 4 };
    expect(await ask({ do: "posts", from: 3 })).toEqual({
      done: "posts",
      readers: [{ ...place, posts: { 3: held(3), 4: held(4) } }],
    });
    expect(await ask({ do: "forget", below: 4 })).toEqual({ done: "forget" });
    kibitz.post();
    await caughtUp();

    expect(await ask({ do: "posts", from: 0 })).toEqual({
      done: "posts",
      readers: [{ ...place, seq: 5, posts: { 4: held(4), 5: held(5) } }],
    });
  });
});

test.each([
  ["hello", /^not JSON: /],
  ["", /^not JSON: /],
  ["[]", /^the command is not an object$/],
  ['{"do":"sing"}', /^do is "sing": not open, collect, posts or forget$/],
  ['{"do":"open"}', /^readers is not a list$/],
  ['{"do":"open","readers":[7]}', /^readers\[0\] is not an object$/],
  [
    '{"do":"open","readers":[{"site":"s","page_id":"","url":"u","via":"push"}]}',
    /^readers\[0\]\.page_id is not a text$/,
  ],
  [
    '{"do":"open","readers":[{"site":"s","page_id":"p","url":"u","via":"the moon"}]}',
    /^readers\[0\]\.via is the moon: not push, front or host:port$/,
  ],
  ['{"do":"posts","from":"3"}', /^from is not a post's id$/],
  ['{"do":"forget"}', /^below is not a post's id$/],
])("the bad line %s is answered with an error, and the next one obeyed", async (line, message) => {
  expect(await program.answer(line)).toEqual({ error: expect.stringMatching(message) });
  expect(await collect()).toMatchObject({ done: "collect", at: [] });
});
