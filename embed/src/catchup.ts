// Brings every event exactly once and in order, whatever the carrier lost: gaps, restarts, other epochs.
import type { Cursor, EventsFrame, ThreadEvent, Totals } from "./frames";
import { Sequence } from "./sequence";
import type { Timers } from "./timers";

/** The requests that bring what frames did not; they reject with an error that has `status`. */
export interface CatchupSource {
  events(after: number): Promise<EventsFrame>;
  head(): Promise<Cursor>;
  /** Takes a new snapshot into the store and returns where it stands. */
  snapshot(): Promise<Cursor>;
}

export interface CatchupListener {
  event(event: ThreadEvent): void;
  totals(totals: Totals): void;
}

const HTTP_GONE = 410;

export interface Catchup {
  /**
   * The store took in an answer that stands at `cursor`, perhaps from a proxy and so older than what was known:
   * go back there, and apply what came since once more.
   */
  rewind(cursor: Cursor): void;
  takeFrame(frame: EventsFrame): void;
  /** True when the head shows that something was missed; it is then on its way. */
  takeHead(head: Cursor): boolean;
  /** Asks for what came after the last known event, until it has it. False when this try reached no server. */
  fill(): Promise<boolean>;
}

export function createCatchup(
  cursor: Cursor,
  source: CatchupSource,
  listener: CatchupListener,
  timers: Timers,
): Catchup {
  let at = new Sequence(cursor);
  let attempt = 0;
  let isFilling = false;
  let isFillWanted = false;
  /** Frames that came while a new snapshot is on its way; null when none is. */
  let duringSnapshot: EventsFrame[] | null = null;

  function takeFrame(frame: EventsFrame): void {
    if (duringSnapshot) duringSnapshot.push(frame);
    else if (frame.epoch !== at.epoch) resync();
    else hand(frame);
  }

  function hand(frame: EventsFrame): void {
    for (const event of at.take(frame)) listener.event(event);
    if (!at.hasGap || timers.has("gap")) return;
    timers.after("gap", timers.between(0.3, 0.8), () => at.hasGap && fill());
  }

  async function fill(): Promise<boolean> {
    let isReached = true;
    isFillWanted = true;
    if (isFilling) return true;
    isFilling = true;
    while (isFillWanted && isReached && !duringSnapshot) {
      const asked = at;
      const before = at.seq;
      isFillWanted = false;
      timers.clear("gap");
      try {
        const frame = await source.events(before);
        if (asked === at) {
          takeFrame(frame); // first, or the totals of a post that it brings would find no post
          if (frame.totals) listener.totals(frame.totals);
        }
      } catch (error) {
        if ((error as { status?: number }).status === HTTP_GONE) resync();
        else isReached = false;
      }
      if (isReached && (at.seq > before || !at.hasGap)) {
        attempt = 0;
        isFillWanted ||= at.hasGap;
      } else timers.after("gap", timers.backoff(attempt++), fill); // a proxy's old answer is one that failed, too
    }
    isFilling = false;
    return isReached;
  }

  /** Starts over from a new snapshot; the wait spreads a crowd that learned of it from one frame. */
  function resync(): void {
    if (duringSnapshot) return;
    duringSnapshot = [];
    const take = () =>
      source.snapshot().then(
        (cursor) => {
          const frames = duringSnapshot ?? [];
          at = new Sequence(cursor);
          duringSnapshot = null;
          for (const frame of frames) if (frame.epoch === at.epoch) hand(frame);
          void fill(); // a proxy's snapshot is old, and what a connection missed meanwhile was not asked for
        },
        () => timers.after("resync", timers.backoff(attempt++), take),
      );
    timers.after("resync", timers.between(0.3, 0.8), take);
  }

  return {
    takeFrame,
    fill,
    rewind({ epoch, seq }) {
      if (epoch !== at.epoch) resync();
      else if (seq < at.seq) {
        at.seq = seq;
        void fill();
      }
    },
    takeHead({ epoch, seq }) {
      const isCurrent = epoch === at.epoch && seq <= at.seq;
      takeFrame({ epoch, head: seq, events: [] });
      if (!isCurrent) void fill();
      return !isCurrent;
    },
  };
}
