// The client's rule for order: drop what is known, hand out what follows, hold what comes too early.
import type { Cursor, EventsFrame, ThreadEvent } from "./frames";

const HELD_MAX = 1000; // beyond this the gap is filled by a request anyway, which brings these again

export class Sequence {
  readonly epoch: string;
  seq: number;
  readonly #held = new Map<number, ThreadEvent>();

  constructor(cursor: Cursor) {
    this.epoch = cursor.epoch;
    this.seq = cursor.seq;
  }

  /** The events that are now due, in order; each seq comes out once, ever. */
  take(frame: Pick<EventsFrame, "events">): ThreadEvent[] {
    for (const event of frame.events) {
      if (event.seq > this.seq && this.#held.size < HELD_MAX) this.#held.set(event.seq, event);
    }
    const due: ThreadEvent[] = [];
    for (let next = this.#held.get(this.seq + 1); next; next = this.#held.get(this.seq + 1)) {
      this.#held.delete(next.seq);
      this.seq = next.seq;
      due.push(next);
    }
    return due;
  }

  /** Events are held that cannot be handed out until the ones before them arrive. */
  get hasGap(): boolean {
    return this.#held.size > 0;
  }
}
