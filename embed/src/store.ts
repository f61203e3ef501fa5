// A thread as one reader holds it: no page, no network, no clock. Events in, changed branches out.
import type { Post, Thread, ThreadEvent, Totals } from "./frames";
import type { Snapshot } from "./wire";

export type Sort = "newest" | "oldest" | "best" | "controversial" | "replies";

export interface Entry {
  post: Post;
  root: number;
  depth: number;
  /** Loaded replies, oldest first. */
  replies: number[];
}

export interface State {
  thread: Thread;
  sort: Sort;
  next: Snapshot["next"];
  entries: Map<number, Entry>;
  /** In the order in which they are shown. */
  roots: number[];
  /** New roots that wait until the reader asks for them. */
  held: number[];
  /** This reader's own posts, which never wait. */
  own: Set<number>;
  /** The last post of each branch that a page brought; Infinity once the branch is whole. */
  loadedTo: Map<number, number>;
}

export interface Branch {
  /** Depth first, without stubs that nothing hangs on. */
  entries: Entry[];
  /** How many of them hang below each. */
  below: Map<number, number>;
  hasMore: boolean;
}

/** A first page: everything known before is replaced. */
export function fromSnapshot(page: Pick<Snapshot, "thread" | "posts" | "next">, sort: Sort, own: Set<number>): State {
  const state: State = {
    thread: page.thread,
    sort,
    next: null,
    entries: new Map(),
    roots: [],
    held: [],
    own,
    loadedTo: new Map(),
  };
  addPage(state, page);
  return state;
}

/** One more page of roots; returns the posts that are new. */
export function addPage(state: State, page: Pick<Snapshot, "posts" | "next">): number[] {
  state.next = page.next;
  return addPosts(state, page);
}

/** One more page of a branch; returns the posts that are new. */
export function addBranchPage(state: State, root: number, page: Snapshot): number[] {
  const fresh = addPosts(state, page);
  if (!page.next) state.loadedTo.set(root, Infinity);
  return fresh;
}

/** A post of this reader's own, or one that they followed a link to: it has its place at once. */
export function addOne(state: State, post: Post): void {
  insert(state, post);
  if (post.parent === null) placeRoot(state, post.id, false);
}

/** Gives the waiting roots their place; returns them. */
export function reveal(state: State): number[] {
  const ids = [...state.held];
  for (const id of ids) placeRoot(state, id, false);
  return ids;
}

/** Applies one event; applying it again changes nothing. Returns the root of the branch that it changed. */
export function apply(state: State, event: ThreadEvent): number | undefined {
  state.thread = { ...(event.thread ?? state.thread), posts: event.posts };
  const { post } = event;
  if (!post) return undefined;
  const { id, parent } = post;
  const above = state.entries.get(parent ?? 0);
  if (above && event.parent_replies != null) above.post = { ...above.post, replies: event.parent_replies };
  const known = state.entries.get(id);
  if (known?.post.status === "pending" && known.post.seq === post.seq) {
    // An own edit that is held: readers got a stub, its author has the answer to the edit.
  } else if (known) {
    // Totals own the votes, and an event's are as old as itself; but a stub has none, and one that returns has.
    const { status, score, up, down } = known.post;
    insert(state, status === post.status ? { ...post, score, up, down } : post);
  } else if (above || (parent === null && isNewRoot(state, event.type, id))) {
    insert(state, post);
    if (parent === null && state.own.has(id)) placeRoot(state, id, false);
    else if (parent === null) state.held.push(id);
  }
  return state.entries.get(id)?.root;
}

/** Vote totals: the newest win. Returns the roots of the branches that they changed. */
export function applyTotals(state: State, totals: Totals): number[] {
  const changed: number[] = [];
  for (const [id, tally] of Object.entries(totals)) {
    const entry = state.entries.get(Number(id));
    if (!entry) continue;
    entry.post = { ...entry.post, ...tally };
    changed.push(entry.root);
  }
  return changed;
}

/** How many of the waiting roots there is still something to read of. */
export function waitingCount(state: State): number {
  return state.held.filter((id) => state.entries.get(id)?.post.status === "published").length;
}

/** A branch as a list, so that a chain of any length costs neither stack nor nesting. */
export function branch(state: State, root: number): Branch {
  const entries = subtree(state, root);
  const below = new Map<number, number>();
  let hasMore = false;
  for (const { post, replies } of entries.toReversed()) {
    const { id, parent, status } = post;
    const isPartial = state.loadedTo.get(root) !== Infinity && post.replies > publicCount(state, replies);
    hasMore ||= isPartial;
    if (status === "deleted" && !isPartial && !below.has(id)) continue;
    const count = below.get(id) ?? 0;
    below.set(id, count);
    if (parent !== null) below.set(parent, (below.get(parent) ?? 0) + count + 1);
  }
  return { entries: entries.filter(({ post }) => below.has(post.id)), below, hasMore };
}

/** A post and everything loaded under it, depth first. */
function subtree(state: State, id: number): Entry[] {
  const found: Entry[] = [];
  const ahead = [id];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    const entry = state.entries.get(next);
    if (!entry) continue;
    found.push(entry);
    ahead.push(...entry.replies.toReversed());
  }
  return found;
}

function publicCount(state: State, ids: number[]): number {
  return ids.filter((id) => state.entries.get(id)?.post.status !== "pending").length;
}

function addPosts(state: State, page: Pick<Snapshot, "posts">): number[] {
  const fresh: number[] = [];
  for (const post of page.posts) {
    if (!state.entries.has(post.id)) fresh.push(post.id);
    const root = insert(state, post);
    if (post.parent === null) placeRoot(state, post.id, true);
    if (root) state.loadedTo.set(root, Math.max(state.loadedTo.get(root) ?? 0, post.id));
  }
  return fresh;
}

/** Puts a post in its parent's replies, or in the place of an older version. Returns its root, if it has a place. */
function insert(state: State, post: Post): number | undefined {
  const { id, parent, seq } = post;
  const known = state.entries.get(id);
  const above = state.entries.get(parent ?? 0);
  if (known) {
    if (seq >= known.post.seq) known.post = post;
    return known.root;
  }
  if (parent !== null && !above) return undefined;
  const root = above?.root ?? id;
  state.entries.set(id, { post, root, depth: above ? above.depth + 1 : 0, replies: [] });
  if (above) insertAscending(above.replies, id);
  return root;
}

/** Is it one to announce, or one that merely changed on a page not loaded yet? */
function isNewRoot(state: State, type: string, id: number): boolean {
  return type === "post.created" || (type === "post.approved" && (!state.next || id > (state.roots.at(-1) ?? 0)));
}

/** New ones go to the top, under a pinned one; those of a page and the oldest-first order follow the order. */
function placeRoot(state: State, id: number, isFromPage: boolean): void {
  const { held, roots, sort, thread } = state;
  if (held.includes(id)) held.splice(held.indexOf(id), 1);
  if (roots.includes(id)) return;
  if (sort === "oldest") insertAscending(roots, id);
  else roots.splice(isFromPage ? roots.length : Number(roots[0] === thread.pinned), 0, id);
}

function insertAscending(ids: number[], id: number): void {
  let at = ids.length;
  while (at > 0 && (ids[at - 1] as number) > id) at--;
  ids.splice(at, 0, id);
}
