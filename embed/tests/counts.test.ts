// The counts of a page that a test makes up: which of two tellings holds, and when it connects, asks and gives up.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeSocket } from "./fakes";

const KEY = "a".repeat(26);
const ORIGIN = "https://kibitz.example";

class FakeElement {
  textContent = "";
  isConnected = true;
  readonly #id: string;

  constructor(id: string) {
    this.#id = id;
  }

  getAttribute(name: string): string | null {
    return name === "page-id" ? this.#id : null;
  }

  closest(): null {
    return null;
  }
}

/** A page with these counts, on which nothing has been seen yet. */
async function pageWith(...ids: string[]) {
  const asked: string[] = [];
  const sockets: FakeSocket[] = [];
  const listeners: Record<string, (() => void)[]> = {};
  const document = { hidden: false, readyState: "complete" };
  const server = { posts: 1, seq: 1, epoch: "e1", live: { ws: "wss://push/live/counts/c?e=1" } as object | null };
  let see = (_: object[]) => {};

  vi.stubGlobal("document", document);
  vi.stubGlobal("addEventListener", (name: string, run: () => void) => {
    listeners[name] = [...(listeners[name] ?? []), run];
  });
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      constructor(run: typeof see) {
        see = run;
      }
      observe() {}
    },
  );
  vi.stubGlobal(
    "WebSocket",
    class extends FakeSocket {
      constructor(url: string) {
        super(url);
        sockets.push(this);
      }
    },
  );
  vi.stubGlobal("fetch", async (url: string) => {
    asked.push(url);
    const { posts, seq, epoch, live } = server;
    const named = new URL(url).searchParams.getAll("page_id");
    const counts = Object.fromEntries(named.map((id) => [id, posts]));
    const heads = Object.fromEntries(
      named.map((id, at) => [id, { key: at ? `${at}`.padEnd(26, "b") : KEY, epoch, seq }]),
    );
    return { json: async () => ({ counts, heads, live }) };
  });
  vi.resetModules();
  const { start: count } = await import("../src/counts");
  const elements = ids.map((id) => new FakeElement(id));
  for (const element of elements) count(element as unknown as HTMLElement, ORIGIN, "blog");
  await vi.advanceTimersByTimeAsync(0);
  return {
    asked,
    count,
    document,
    elements,
    fire(name: string) {
      for (const run of listeners[name] ?? []) run();
    },
    see: () => see([{ isIntersecting: true }]),
    server,
    shown: () => elements.map(({ textContent }) => textContent),
    sockets,
    tell: (posts: number, seq: number, epoch = "e1") =>
      sockets.at(-1)?.receive({ counts: { [KEY]: posts, other: 9 }, heads: { [KEY]: { epoch, seq } } }),
  };
}

/** The same, seen and connected. */
async function livePage(...ids: string[]) {
  const page = await pageWith(...ids);
  page.see();
  page.sockets[0]?.open();
  return page;
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("all counts of a page are one request, and without being seen no socket", async () => {
  const { asked, shown, sockets } = await pageWith("one", "two", "one");

  expect(asked).toEqual([`${ORIGIN}/api/v1/sites/blog/counts/?page_id=one&page_id=two`]);
  expect(shown()).toEqual(["1", "1", "1"]);
  expect(sockets).toHaveLength(0);
});

test("more counts than an address holds are several requests", async () => {
  const { asked, shown } = await pageWith(...Array.from({ length: 120 }, (_, at) => `page-${at}`));
  await vi.advanceTimersByTimeAsync(0);

  expect(asked).toHaveLength(3);
  expect(shown().every((text) => text === "1")).toBe(true);
});

test("all that are seen share one socket, and what it tells shows", async () => {
  const { see, shown, sockets, tell } = await livePage("one", "two", "one");
  see();

  tell(2, 2);

  expect(sockets.map(({ url }) => url)).toEqual(["wss://push/live/counts/c?e=1"]);
  expect(shown()).toEqual(["2", "1", "2"]);
});

test("of two counts the one with the higher number holds, in whatever order they come", async () => {
  const { count, elements, server, shown, tell } = await livePage("one");
  tell(5, 9);
  tell(4, 8);
  expect(shown()).toEqual(["5"]);

  Object.assign(server, { posts: 3, seq: 7 }); // a cache's
  count(elements[0] as unknown as HTMLElement, ORIGIN, "blog");
  await vi.advanceTimersByTimeAsync(0);
  expect(shown()).toEqual(["5"]);

  tell(1, 1, "e2"); // another incarnation begins anew
  expect(shown()).toEqual(["1"]);
});

test("frames that tell something else change nothing", async () => {
  const { shown, sockets } = await livePage("one");

  sockets[0]?.receive({ readers: 3 });

  expect(shown()).toEqual(["1"]);
});

test("a lost connection comes back with jitter, and then what changed is asked for", async () => {
  const { asked, server, shown, sockets } = await livePage("one");
  await vi.advanceTimersByTimeAsync(60_000);
  server.posts = server.seq = 4;

  sockets[0]?.break(1001);
  expect(sockets).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sockets).toHaveLength(2);
  expect(asked).toHaveLength(1);
  sockets[1]?.open();
  await vi.advanceTimersByTimeAsync(2000);

  expect(asked).toHaveLength(2);
  expect(shown()).toEqual(["4"]);
});

test("a page that connects long after it asked, asks again", async () => {
  const { asked, see, sockets } = await pageWith("one");
  await vi.advanceTimersByTimeAsync(5000);

  see();
  sockets[0]?.open();
  await vi.advanceTimersByTimeAsync(2000);

  expect(asked).toHaveLength(2);
});

test("an address that does not open any more is asked for again", async () => {
  const { server, sockets } = await livePage("one");
  server.live = { ws: "wss://push/live/counts/c?e=2" };
  sockets[0]?.break();
  await vi.advanceTimersByTimeAsync(10_000);

  sockets[1]?.break();
  await vi.advanceTimersByTimeAsync(20_000);

  expect(sockets.map(({ url }) => url.at(-1))).toEqual(["1", "1", "2"]);
});

test("where no socket ever opens, the third failure is the last", async () => {
  const { see, shown, sockets } = await pageWith("one");
  see();

  for (let turn = 0; turn < 5; turn++) {
    sockets.at(-1)?.onclose?.({ code: 1006 });
    await vi.advanceTimersByTimeAsync(60_000);
  }

  expect(sockets).toHaveLength(3);
  expect(shown()).toEqual(["1"]);
});

test("a site that is not live opens nothing", async () => {
  const page = await pageWith("one");
  page.server.live = null;
  page.count(page.elements[0] as unknown as HTMLElement, ORIGIN, "blog");
  await vi.advanceTimersByTimeAsync(0);

  page.see();

  expect(page.sockets).toHaveLength(0);
});

test("a tab that stays hidden lets go, and comes back when it is shown", async () => {
  const { document, fire, sockets } = await livePage("one");
  document.hidden = true;
  fire("visibilitychange");
  await vi.advanceTimersByTimeAsync(44_000);
  expect(sockets[0]?.isClosed).toBe(false);
  await vi.advanceTimersByTimeAsync(46_000);
  expect(sockets[0]?.isClosed).toBe(true);
  sockets[0]?.break(1005);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sockets).toHaveLength(1);

  document.hidden = false;
  fire("visibilitychange");

  expect(sockets).toHaveLength(2);
});

test("a page that leaves closes at once, so that it can be kept for going back", async () => {
  const { fire, sockets } = await livePage("one");

  fire("pagehide");

  expect(sockets[0]?.isClosed).toBe(true);
});
