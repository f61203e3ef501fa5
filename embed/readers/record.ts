// What all readers saw since somebody last asked: when each event arrived, whether in order, and what they requested.
import type { Cursor } from "../src/frames";

/** [all, those that the API answered rather than a cache, those without an answer]. */
type Count = [number, number, number];
type Requests = Record<"events" | "head" | "snapshot" | "bootstrap", Count>;

export interface Collected {
  /** Thread key -> seq -> when each reader had applied it, in seconds of CLOCK_MONOTONIC. */
  arrivals: Record<string, Record<number, number[]>>;
  repeated: number;
  out_of_order: number;
  requests: Requests;
}

const FROM_CACHE = new Set(["HIT", "STALE", "UPDATING"]); // X-Cache, where the API was not asked

/** Python's time.monotonic() on the same machine, in whole microseconds. */
export function monotonicSeconds(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1e6;
}

export class RunRecord {
  #arrivals = new Map<string, Map<number, number[]>>();
  #requests = noRequests();
  repeated = 0;
  outOfOrder = 0;

  arrived(key: string, seq: number, at: number): void {
    const thread = this.#arrivals.get(key) ?? new Map<number, number[]>();
    this.#arrivals.set(key, thread);
    const times = thread.get(seq);
    if (times) times.push(at);
    else thread.set(seq, [at]);
  }

  /** `fetch`, counted. */
  readonly fetch: typeof fetch = async (input, init) => {
    const kind = kindOf(new URL(String(input)).pathname);
    this.#requests[kind][0]++;
    try {
      const answer = await fetch(input, init);
      // not in what #requests was before: that may have been handed out since
      this.#requests[kind][1] += Number(!FROM_CACHE.has(answer.headers.get("X-Cache") ?? ""));
      return answer;
    } catch (error) {
      this.#requests[kind][2]++;
      throw error;
    }
  };

  /** Hands everything out and begins anew. */
  collect(): Collected {
    const arrivals: Collected["arrivals"] = {};
    for (const [key, thread] of this.#arrivals) arrivals[key] = Object.fromEntries(thread);
    const collected = {
      arrivals,
      repeated: this.repeated,
      out_of_order: this.outOfOrder,
      requests: this.#requests,
    };
    this.#arrivals = new Map();
    this.#requests = noRequests();
    this.repeated = this.outOfOrder = 0;
    return collected;
  }
}

/** One reader's place in its thread, found without the engine's help, so that it can be checked. */
export class Track {
  readonly #record: RunRecord;
  readonly key: string;
  epoch = "";
  seq = 0;
  #arrivedTo = 0; // an older snapshot's events are applied once more, but arrive once

  constructor(record: RunRecord, key: string) {
    this.#record = record;
    this.key = key;
  }

  /** What it brings instead of frames arrives with it; the first one brings nothing that was waited for. */
  takeSnapshot({ epoch, seq }: Cursor): void {
    if (epoch !== this.epoch) this.#arrivedTo = seq;
    const at = monotonicSeconds();
    while (this.#arrivedTo < seq) this.#record.arrived(this.key, ++this.#arrivedTo, at);
    this.epoch = epoch;
    this.seq = seq;
  }

  takeEvent(seq: number): void {
    if (seq <= this.seq) this.#record.repeated++;
    else if (seq > this.seq + 1) this.#record.outOfOrder++;
    this.seq = Math.max(this.seq, seq);
    if (seq <= this.#arrivedTo) return;
    this.#arrivedTo = seq;
    this.#record.arrived(this.key, seq, monotonicSeconds());
  }
}

function kindOf(path: string): keyof Requests {
  if (path.endsWith("/events/")) return "events";
  if (path.endsWith("/head/")) return "head";
  return path.endsWith("/thread/") ? "bootstrap" : "snapshot";
}

function noRequests(): Requests {
  return { events: [0, 0, 0], head: [0, 0, 0], snapshot: [0, 0, 0], bootstrap: [0, 0, 0] };
}
