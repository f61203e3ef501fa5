// The state of a thread: events applied to pages give what a fresh page would give.
import { describe, expect, test } from "vitest";
import type { Post, ThreadEvent } from "../src/frames";
import {
  addBranchPage,
  addOne,
  addPage,
  apply,
  applyTotals,
  branch,
  fromSnapshot,
  reveal,
  type Sort,
  waitingCount,
} from "../src/store";
import { event, post, thread } from "./fakes";

function opened(posts: Post[], next: string | null = null, sort: Sort = "newest", own: number[] = []) {
  return fromSnapshot({ thread, posts, next }, sort, new Set(own));
}

const page = (posts: Post[], next: string | null = null) => ({ epoch: "e1", seq: 99, thread, posts, next });
const shown = (state: ReturnType<typeof opened>, root: number) =>
  branch(state, root).entries.map(({ post }) => post.id);
const born = (id: number, changes: Partial<Post> = {}, more: Partial<ThreadEvent> = {}) =>
  event(id, { post: post(id, changes), ...more });

describe("a new root", () => {
  test("waits until the reader asks, then leads the list", () => {
    const state = opened([post(2), post(1)]);

    apply(state, born(3));
    expect(state.roots).toEqual([2, 1]);
    expect(waitingCount(state)).toBe(1);
    reveal(state);

    expect(state.roots).toEqual([3, 2, 1]);
    expect(waitingCount(state)).toBe(0);
  });

  test("of one's own has its place at once, whichever of answer and event comes first", () => {
    for (const order of ["answer", "event"]) {
      const state = opened([post(1)]);
      if (order === "event") apply(state, born(2));
      state.own.add(2);
      addOne(state, post(2));
      if (order === "answer") apply(state, born(2));

      expect(state.roots).toEqual([2, 1]);
      expect(state.held).toEqual([]);
    }
  });

  test("stays under a pinned one", () => {
    const state = fromSnapshot(
      { thread: { ...thread, pinned: 1 }, posts: [post(1), post(2)], next: null },
      "newest",
      new Set(),
    );

    apply(state, born(3));
    reveal(state);

    expect(state.roots).toEqual([1, 3, 2]);
  });

  test("comes last in the oldest-first order, after the pages that are loaded later", () => {
    const state = opened([post(1), post(2)], "more", "oldest");

    apply(state, born(9));
    reveal(state);
    addPage(state, page([post(3), post(4)]));

    expect(state.roots).toEqual([1, 2, 3, 4, 9]);
  });

  test("that is deleted while it waits is no news", () => {
    const state = opened([]);

    apply(state, born(1));
    apply(state, event(2, { type: "post.deleted", post: post(1, { seq: 2, status: "deleted" }) }));

    expect(waitingCount(state)).toBe(0);
  });
});

describe("a reply", () => {
  test("goes to the end of its parent's replies and counts there", () => {
    const state = opened([post(1, { replies: 1 }), post(2, { parent: 1 })]);

    apply(state, born(3, { parent: 1 }, { parent_replies: 2 }));

    expect(shown(state, 1)).toEqual([1, 2, 3]);
    expect(state.entries.get(1)?.post.replies).toBe(2);
  });

  test("to a post that is not loaded waits for the page that brings both", () => {
    const state = opened([post(1, { replies: 2 }), post(2, { parent: 1 })]);

    apply(state, born(9, { parent: 5 }, { parent_replies: 1 }));
    expect(branch(state, 1).hasMore).toBe(true);
    addBranchPage(state, 1, page([post(5, { parent: 1, replies: 1 }), post(9, { parent: 5 })]));

    expect(shown(state, 1)).toEqual([1, 2, 5, 9]);
    expect(branch(state, 1).hasMore).toBe(false);
  });

  test("in a chain of ten thousand costs no stack", () => {
    const chain = Array.from({ length: 10_000 }, (_, at) => post(at + 1, { parent: at || null, replies: 1 }));

    const state = opened(chain);

    expect(shown(state, 1)).toHaveLength(10_000);
    expect(state.entries.get(10_000)?.depth).toBe(9999);
  });
});

describe("a change", () => {
  test("replaces the post but leaves the votes to the totals", () => {
    const state = opened([post(1, { score: 5, up: 5 })]);

    apply(state, event(7, { type: "post.edited", post: post(1, { seq: 7, html: "<p>new</p>", score: 0 }) }));

    expect(state.entries.get(1)?.post).toMatchObject({ html: "<p>new</p>", score: 5, up: 5 });
  });

  test("that makes a stub of a post takes its votes along, and brings them back with it", () => {
    const state = opened([post(1, { score: 5, up: 5 })]);

    apply(state, event(7, { type: "post.hidden", post: post(1, { seq: 7, status: "hidden", html: "" }) }));
    expect(state.entries.get(1)?.post).toMatchObject({ score: 0, up: 0 });
    apply(state, event(8, { type: "post.approved", post: post(1, { seq: 8, score: 5, up: 5 }) }));

    expect(state.entries.get(1)?.post).toMatchObject({ score: 5, up: 5, status: "published" });
  });

  test("older than what is known changes nothing", () => {
    const state = opened([post(1, { seq: 9, html: "<p>newest</p>" })]);

    apply(state, event(5, { type: "post.edited", post: post(1, { seq: 5, html: "<p>old</p>" }) }));

    expect(state.entries.get(1)?.post.html).toBe("<p>newest</p>");
  });

  test("of a root on a page not loaded yet is no new comment", () => {
    const state = opened([post(9), post(8)], "more");

    apply(state, event(10, { type: "post.edited", post: post(2, { seq: 10 }) }));
    apply(state, event(11, { type: "post.approved", post: post(3, { seq: 11 }) }));

    expect(state.held).toEqual([]);
  });

  test("that makes a pending post public replaces the author's own copy", () => {
    const state = opened([], null, "newest", [1]);
    addOne(state, post(1, { seq: 0, status: "pending" }));

    apply(state, event(4, { type: "post.approved", post: post(1, { seq: 4 }) }));

    expect(state.roots).toEqual([1]);
    expect(state.entries.get(1)?.post.status).toBe("published");
  });

  test("of the thread arrives with its count", () => {
    const state = opened([]);

    apply(state, { seq: 1, type: "thread.locked", posts: 12, thread: { ...thread, locked: true } });

    expect(state.thread).toMatchObject({ locked: true, posts: 12 });
  });

  test("applied twice is applied once", () => {
    const events = [born(2), born(3, { parent: 1 }, { parent_replies: 1 })];
    const once = opened([post(1)]);
    const twice = opened([post(1)]);

    for (const each of events) apply(once, each);
    for (const each of [...events, ...events]) apply(twice, each);

    expect(twice).toEqual(once);
  });
});

test("an own edit that is held stays in its author's sight, whichever of answer and event comes first", () => {
  const answer = post(1, { seq: 2, status: "pending", html: "<p>mine</p>" });
  const stub = event(2, { type: "post.hidden", posts: 0, post: post(1, { seq: 2, status: "hidden", html: "" }) });
  const approved = event(3, { type: "post.approved", posts: 1, post: post(1, { seq: 3, html: "<p>mine</p>" }) });
  for (const order of ["answer", "event"]) {
    const state = opened([post(1)]);
    if (order === "event") apply(state, stub);
    addOne(state, answer);
    if (order === "answer") apply(state, stub);

    expect(state.entries.get(1)?.post).toMatchObject({ status: "pending", html: "<p>mine</p>" });
    expect(state.thread.posts).toBe(0);
    apply(state, approved);
    expect(state.entries.get(1)?.post.status).toBe("published");
  }
});

test("totals: the newest win, and unknown posts are left alone", () => {
  const state = opened([post(1), post(2, { parent: 1 })]);

  const changed = applyTotals(state, { "2": { score: 3, up: 4, down: 1 }, "77": { score: 1, up: 1, down: 0 } });

  expect(changed).toEqual([1]);
  expect(state.entries.get(2)?.post).toMatchObject({ score: 3, up: 4, down: 1 });
});

describe("a deleted post", () => {
  test("is not shown when nothing hangs on it", () => {
    const state = opened([post(1, { replies: 1 }), post(2, { parent: 1, status: "deleted" })]);

    expect(shown(state, 1)).toEqual([1]);
  });

  test("is shown above a visible reply, and above replies not loaded yet", () => {
    const gone = { parent: 1, status: "deleted" } as const;
    const state = opened([post(1, { replies: 1 }), post(2, { ...gone, replies: 1 }), post(3, { parent: 2 })]);
    const partial = opened([post(1, { replies: 1 }), post(2, { ...gone, replies: 1 })]);

    expect(shown(state, 1)).toEqual([1, 2, 3]);
    expect(shown(partial, 1)).toEqual([1, 2]);
  });

  test("vanishes with the last reply under it", () => {
    const state = opened([post(1, { status: "deleted", replies: 1 }), post(2, { parent: 1 })]);

    apply(state, event(5, { type: "post.deleted", post: post(2, { parent: 1, seq: 5, status: "deleted" }) }));

    expect(shown(state, 1)).toEqual([]);
  });
});
