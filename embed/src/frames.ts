// What a live socket carries, on every carrier; unknown frames and fields are ignored.
import type { EventShape, Head, PostShape, Replay, ThreadShape, Tally as WireTally } from "./wire";

export type Post = PostShape;
export type Thread = ThreadShape;
export type Tally = WireTally;

/** A place in a thread's history: everything up to `seq` of that `epoch` is known. */
export type Cursor = Head;

/** One numbered change. All values are absolute, so applying it again changes nothing. */
export type ThreadEvent = EventShape;

/** Votes by post id. */
export type Totals = Replay["totals"];

/** A dense run of events; the answer of `events/?after=` adds the thread's head and its votes. */
export type EventsFrame = Pick<Replay, "epoch" | "events"> & Partial<Replay>;

/** Any frame, before it is known which: every field may be absent. */
export type Frame = Partial<Replay> & { readers?: number; typing?: number };
