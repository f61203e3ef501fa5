// A thread as the server keeps it, small enough to be written twice: tests/unit/loadtest/thread_on_server.py is its twin.
import type { Cursor, EventsFrame, Post, ThreadEvent, Totals } from "../src/frames";
import type { Snapshot } from "../src/wire";
import { EPOCH, post, thread } from "./fakes";

/** What happens, and to which post; for a new one its parent, 0 for none. */
export type Change = [kind: "create" | "pend" | "edit" | "delete" | "hide" | "approve" | "vote" | "lock", to: number];

type EventType = ThreadEvent["type"];

export class Gone extends Error {
  readonly status = 410;
}

export class ThreadOnServer {
  epoch = EPOCH;
  seq = 0;
  page = 200;
  readonly posts = new Map<number, Post>();
  /** By epoch, from the first event that is still there. */
  readonly events = new Map<string, ThreadEvent[]>([[EPOCH, []]]);
  readonly #votedAt = new Map<number, number>();
  #isLocked = false;

  /** Changes that make no sense are none: a random history needs no knowledge of the thread. */
  change([kind, to]: Change): void {
    const target = this.posts.get(to);
    const { status } = target ?? {};
    if (kind === "create" || kind === "pend") this.#create(target, kind === "pend");
    else if (kind === "lock") this.#lock();
    else if (kind === "edit" && status === "published") this.#emit("post.edited", to, { html: `${to}+` });
    else if (kind === "delete" && status === "published") this.#stub("post.deleted", to, "deleted");
    else if (kind === "hide" && status === "published") this.#stub("post.hidden", to, "hidden");
    else if (kind === "approve" && status === "pending") this.#publish("post.approved", to);
    else if (kind === "approve" && status === "hidden")
      this.#emit("post.approved", to, { html: `${to}`, status: "published" });
    else if (kind === "vote" && status === "published") this.#vote(to);
  }

  /** Another incarnation, which lacks the latest post and every event until now. */
  restore(seq: number): void {
    const latest = Math.max(0, ...this.posts.keys());
    const parent = this.posts.get(this.posts.get(latest)?.parent ?? 0);
    if (parent && this.posts.get(latest)?.status !== "pending") this.#put(parent.id, { replies: parent.replies - 1 });
    this.posts.delete(latest);
    this.#votedAt.clear();
    this.epoch = `e${this.events.size + 1}`;
    this.seq = seq;
    for (const { id } of this.posts.values()) this.#put(id, { seq: Math.min(seq, this.#get(id).seq) });
    this.events.set(this.epoch, []);
  }

  forget(through: number): void {
    const kept = this.#history().filter(({ seq }) => seq > through);
    this.events.set(this.epoch, kept);
  }

  head(): Cursor {
    return { epoch: this.epoch, seq: this.seq };
  }

  after(seq: number): EventsFrame {
    const events = this.#history().filter((event) => event.seq > seq);
    if (seq > this.seq || (events[0]?.seq ?? this.seq + 1) !== seq + 1) throw new Gone();
    const voted = [...this.#votedAt].filter(([id, at]) => at >= seq && this.#get(id).status === "published");
    return {
      epoch: this.epoch,
      events: events.slice(0, this.page),
      head: this.seq,
      totals: this.totals(voted.map(([id]) => id)),
    };
  }

  totals(ids: number[]): Totals {
    const known = ids.filter((id) => this.posts.has(id));
    return Object.fromEntries(known.map((id) => [`${id}`, tallyOf(this.#get(id))]));
  }

  /** Events of this epoch or an earlier one, as far as there are any; numbers below 1 count from the head. */
  frame(first: number, last: number, epoch = this.epoch): EventsFrame {
    const [from, to] = [first, last].map((seq) => (seq > 0 ? seq : this.seq + seq)) as [number, number];
    const events = (this.events.get(epoch) ?? []).filter(({ seq }) => seq >= from && seq <= to);
    return { epoch, events };
  }

  snapshot(): Snapshot {
    const posts = [...this.posts.values()].filter(({ status }) => status !== "pending");
    posts.sort((a, b) => a.id - b.id); // parents have lower numbers
    return { ...this.head(), thread: { ...thread, posts: this.#count(), locked: this.#isLocked }, posts, next: null };
  }

  #create(parent: Post | undefined, isPending: boolean): void {
    const id = Math.max(0, ...this.posts.keys()) + 1;
    const under = parent && parent.status !== "pending" ? parent.id : null;
    this.posts.set(id, post(id, { seq: 0, parent: under, html: `${id}`, status: "pending" }));
    if (!isPending) this.#publish("post.created", id);
  }

  #publish(type: EventType, id: number): void {
    const parent = this.posts.get(this.#get(id).parent ?? 0);
    const parent_replies = parent ? parent.replies + 1 : null;
    if (parent && parent_replies) this.#put(parent.id, { replies: parent_replies });
    this.#emit(type, id, { status: "published" }, parent_replies);
  }

  #stub(type: EventType, id: number, status: Post["status"]): void {
    this.#emit(type, id, { status, html: "", score: 0, up: 0 });
  }

  #vote(id: number): void {
    const up = this.#get(id).up + 1;
    this.#put(id, { up, score: up });
    this.#votedAt.set(id, this.seq);
  }

  #lock(): void {
    this.#isLocked = !this.#isLocked;
    const type = this.#isLocked ? "thread.locked" : "thread.unlocked";
    const posts = this.#count();
    this.#history().push({ seq: ++this.seq, type, posts, thread: { ...thread, posts, locked: this.#isLocked } });
  }

  #emit(type: EventType, id: number, changes: Partial<Post>, parent_replies: number | null = null): void {
    const changed = this.#put(id, { ...changes, seq: ++this.seq });
    this.#history().push({ seq: this.seq, type, posts: this.#count(), parent_replies, post: changed });
  }

  #count(): number {
    return [...this.posts.values()].filter(({ status }) => status === "published").length;
  }

  #history(): ThreadEvent[] {
    return this.events.get(this.epoch) ?? [];
  }

  #get(id: number): Post {
    return this.posts.get(id) as Post;
  }

  #put(id: number, changes: Partial<Post>): Post {
    const changed = { ...this.#get(id), ...changes };
    this.posts.set(id, changed);
    return changed;
  }
}

function tallyOf({ score, up, down }: Post) {
  return { score, up, down };
}
