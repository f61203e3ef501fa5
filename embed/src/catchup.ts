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
const STALE_ANSWER_SECONDS = 1; // how long a proxy may keep an answer

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
    timers.after("gap", timers.between(0.3, 0.8), () => {
      if (at.hasGap) void fill();
    });
  }

  async function fill(): Promise<boolean> {
    isFillWanted = true;
    if (isFilling || duringSnapshot) return true;
    isFilling = true;
    timers.clear("gap");
    let isReached = true;
    while (isFillWanted && isReached && !duringSnapshot) {
      isFillWanted = false;
      isReached = await fillOnce(at);
    }
    isFilling = false;
    return isReached;
  }

  async function fillOnce(asked: Sequence): Promise<boolean> {
    const before = asked.seq;
    try {
      const frame = await source.events(before);
      attempt = 0;
      if (asked !== at) return true;
      takeFrame(frame); // first, or the totals of a post that it brings would find no post
      if (frame.totals) listener.totals(frame.totals);
      if ((frame.head ?? 0) <= at.seq) return true;
      if (at.seq > before) isFillWanted = true;
      else timers.after("gap", STALE_ANSWER_SECONDS, fill);
      return true;
    } catch (error) {
      const isGone = (error as { status?: number }).status === HTTP_GONE;
      if (isGone) resync();
      else timers.after("gap", timers.backoff(attempt++), fill);
      return isGone;
    }
  }

  /** Starts over from a new snapshot; the wait spreads a crowd that learned of it from one frame. */
  function resync(): void {
    if (duringSnapshot) return;
    duringSnapshot = [];
    let tries = 0;
    const take = async () => {
      try {
        at = new Sequence(await source.snapshot());
      } catch {
        timers.after("gap", timers.backoff(tries++), take);
        return;
      }
      const frames = duringSnapshot ?? [];
      duringSnapshot = null;
      for (const frame of frames) if (frame.epoch === at.epoch) hand(frame);
    };
    timers.after("gap", timers.between(0.3, 0.8), take);
  }

  return {
    takeFrame,
    fill,
    rewind({ epoch, seq }) {
      if (epoch === at.epoch && seq >= at.seq) return;
      at = new Sequence({ epoch, seq });
      void fill();
    },
    takeHead({ epoch, seq }) {
      const isCurrent = epoch === at.epoch && seq <= at.seq;
      if (epoch !== at.epoch) resync();
      else if (!isCurrent) void fill();
      return !isCurrent;
    },
  };
}
