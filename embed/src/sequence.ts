// The client's rule for order: drop what is known, hand out what follows, hold what comes too early.
import type { Cursor, EventsFrame, ThreadEvent } from "./frames";

const HELD_MAX = 1000; // later ones come again with the requests that fill the gap before them

export class Sequence {
  readonly epoch: string;
  seq: number;
  #head: number; // the latest event that exists, as far as anybody said
  readonly #held = new Map<number, ThreadEvent>();

  constructor(cursor: Cursor) {
    this.epoch = cursor.epoch;
    this.seq = this.#head = cursor.seq;
  }

  /** The events that are now due, in order; each seq comes out once, ever. */
  take({ events, head = 0 }: Pick<EventsFrame, "events" | "head">): ThreadEvent[] {
    this.#head = Math.max(this.#head, head, events.at(-1)?.seq ?? 0);
    for (const event of events) {
      if (event.seq > this.seq && event.seq <= this.seq + HELD_MAX) this.#held.set(event.seq, event);
    }
    const due: ThreadEvent[] = [];
    while (this.#held.has(this.seq + 1)) {
      due.push(this.#held.get(++this.seq) as ThreadEvent);
      this.#held.delete(this.seq);
    }
    return due;
  }

  /** There are events, held or only heard of, that cannot be handed out until others arrive. */
  get hasGap(): boolean {
    return this.#head > this.seq;
  }
}
