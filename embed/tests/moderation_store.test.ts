// The moderators' queue: what it knows, whatever comes in which order.
import { describe, expect, it } from "vitest";
import { formatted, parsed } from "../../comments/moderation/static/moderation/address.js";
import type { Asked, Post } from "../../comments/moderation/static/moderation/shapes.js";
import { belongs, Store } from "../../comments/moderation/static/moderation/store.js";
import { conflict, fate } from "../../comments/moderation/static/moderation/words.js";

const QUEUES: Asked["queue"][] = ["pending", "reported", "spam", "shadowed", "all"];
const PENDING = parsed("", QUEUES);

function post(id: number, but: Partial<Post> = {}): Post {
  return {
    id,
    site: { key: "blog", name: "The blog" },
    thread: { id: 1, key: "k", title: "First", url: "https://blog.example.org/", locked: false },
    parent: null,
    author: { id: 7, name: "alice", email: "alice@example.org" },
    address: "192.0.2.1",
    body: "Hello.",
    html: "<p>Hello.</p>",
    created: new Date(Date.UTC(2026, 0, 1, 0, id)).toISOString(),
    edited: null,
    status: "pending",
    featured: false,
    pinned: false,
    replies: 0,
    up: 0,
    down: 0,
    flags: [],
    reasons: [],
    claim: null,
    history: [],
    ...but,
  };
}

function opened(posts: Post[], next: string | null = null, asked = PENDING): Store {
  const store = new Store(asked, "morgan");
  store.append({ posts, next, counts: { pending: posts.length } });
  return store;
}

const ids = (store: Store) => store.cards.map((card) => card.post.id);
const decided = (kind: string, by: string) => [{ kind, by, reason: "", created: "2026-01-01T00:00:00Z" }];

describe("what comes in", () => {
  it("stands in its place by time", () => {
    const store = opened([post(9), post(4)]);

    store.apply([post(6), post(10), post(1)]);

    expect(ids(store)).toEqual([10, 9, 6, 4, 1]);
  });

  it("stands in its place with the oldest first", () => {
    const store = opened([post(4), post(9)], null, { ...PENDING, order: "oldest" });

    store.apply([post(6)]);

    expect(ids(store)).toEqual([4, 6, 9]);
  });

  it("waits above where it would push down what is read", () => {
    const store = opened([post(9), post(4)]);

    expect(store.apply([post(10), post(6)], [], (place) => place > 0)).toEqual([10, 6]);
    expect(ids(store)).toEqual([9, 6, 4]);
    expect(store.reveal()).toEqual([10]);
    expect(ids(store)).toEqual([10, 9, 6, 4]);
  });

  it("is left out where its part of the queue is not loaded", () => {
    const store = opened([post(9), post(4)], "cursor");

    expect(store.apply([post(2)])).toEqual([]);
    expect(ids(store)).toEqual([9, 4]);
  });

  it("comes once, however often it is told", () => {
    const store = opened([post(4)]);

    store.apply([post(9)], [], () => false);
    store.apply([post(9)], [], () => false);
    store.apply([post(9)]);

    expect(store.arrived).toEqual([]);
    expect(ids(store)).toEqual([9, 4]);
  });
});

describe("what leaves", () => {
  it("says who decided, and comes back with an undo", () => {
    const store = opened([post(4)]);

    store.apply([post(4, { status: "published", history: decided("approve", "maxine") })]);
    expect(store.card(4)).toMatchObject({ isLeaving: true, note: { kind: "left", text: "Approved by maxine" } });

    store.apply([post(4, { history: decided("undo", "maxine") })]);
    expect(store.card(4)).toMatchObject({ isLeaving: false, note: null });
  });

  it("goes without a word where it was decided here", () => {
    const store = opened([post(4)]);

    store.decided(4, "published");

    expect(store.card(4)).toMatchObject({ isLeaving: true, note: null });
    expect(store.waiting).toEqual([]);
  });

  it("stays where all posts are looked at", () => {
    const store = opened([post(4)], null, { ...PENDING, queue: "all" });

    store.decided(4, "hidden");
    expect(store.card(4)).toMatchObject({ isLeaving: false, post: { status: "hidden" } });

    store.decided(4, "erased");
    expect(store.card(4)?.isLeaving).toBe(true);
  });

  it("stays while it says something that was not read", () => {
    const store = opened([post(4)]);
    store.note(4, { kind: "problem", text: "maxine approved this a moment ago.", offer: "dismiss" });

    store.apply([post(4, { status: "published", history: decided("approve", "maxine") })]);

    expect(store.card(4)).toMatchObject({ isLeaving: false, post: { status: "published" } });
  });

  it("is gone where it is out of reach, also from what waits above", () => {
    const store = opened([post(4)]);
    store.apply([post(9)], [], () => false);

    store.apply([], [4, 9]);

    expect(store.card(4)?.note?.text).toBe("Gone");
    expect(store.arrived).toEqual([]);
  });
});

it("knows whose claims may have ended unheard", () => {
  const store = opened([post(9), post(4), post(2)]);
  store.claim(9, "maxine", "2026-01-01T00:00:10Z");
  store.claim(4, "morgan", "2026-01-01T00:00:10Z");

  expect(store.card(4)?.post.claim?.mine).toBe(true);
  expect(store.overdue(Date.parse("2026-01-01T00:00:20Z"))).toEqual([9]);
  expect(store.overdue(Date.parse("2026-01-01T00:00:05Z"))).toEqual([]);
  store.claim(9, "", "");
  expect(store.card(9)?.post.claim).toBeNull();
});

it("knows what is looked for", () => {
  const flagged = post(1, { status: "published", flags: [{ reason: "Rude.", by: "bob", created: "" }] });

  expect(belongs(flagged, { ...PENDING, queue: "reported" })).toBe(true);
  expect(belongs({ ...flagged, flags: [] }, { ...PENDING, queue: "reported" })).toBe(false);
  expect(belongs(post(1), { ...PENDING, site: "other" })).toBe(false);
  expect(belongs(post(1), { ...PENDING, author: 8 })).toBe(false);
  expect(belongs(post(1), { ...PENDING, thread: 1 })).toBe(true);
  for (const q of ["hell", "ALICE", "alice@example.org", "192.0.2.1"])
    expect(belongs(post(1), { ...PENDING, q })).toBe(true);
  expect(belongs(post(1), { ...PENDING, q: "192.0.2" })).toBe(false);
});

it("keeps what is looked for in the address", () => {
  const asked: Asked = { queue: "spam", site: "blog", q: "a & b", author: 3, thread: 5, order: "oldest" };

  expect(parsed(formatted(asked), QUEUES)).toEqual(asked);
  expect(formatted(PENDING)).toBe("");
  expect(parsed("?queue=nonsense&author=-1&thread=1e9&order=up", QUEUES)).toEqual(PENDING);
});

it("says who was faster", () => {
  expect(conflict({ status: "published", by: "maxine" })).toBe("maxine approved this a moment ago.");
  expect(conflict({ status: "spam", by: "" })).toBe("Somebody marked this as spam a moment ago.");
  expect(fate(post(1, { status: "deleted" }))).toBe("Deleted by its author");
});
