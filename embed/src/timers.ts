// Time and chance as the live part sees them: injected, so that a test can drive them.

/** The part of the window that the live part's timing rests on. */
export interface Clock {
  setTimeout(run: () => void, milliseconds: number): number;
  clearTimeout(handle: number | undefined): void;
  Date: { now(): number };
  Math: { random(): number };
}

const BACKOFF_MAX_SECONDS = 20; // a server that is back has everybody back, and up to date, within the 30 s that are promised

/** Timers by name: setting one again replaces it. */
export class Timers {
  readonly #clock: Clock;
  readonly #handles = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  after(name: string, seconds: number, run: () => unknown): void {
    this.clear(name);
    const handle = this.#clock.setTimeout(() => {
      this.#handles.delete(name);
      run();
    }, seconds * 1000);
    this.#handles.set(name, handle);
  }

  clear(...names: string[]): void {
    for (const name of names) {
      this.#clock.clearTimeout(this.#handles.get(name));
      this.#handles.delete(name);
    }
  }

  has(name: string): boolean {
    return this.#handles.has(name);
  }

  now(): number {
    return this.#clock.Date.now() / 1000;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.#clock.Math.random();
  }

  /** Seconds before try number `attempt`, from 0. Full jitter: whole crowds lose their connection in one instant. */
  backoff(attempt: number): number {
    return this.between(0, Math.min(BACKOFF_MAX_SECONDS, 0.5 * 2 ** attempt)) + 0.2;
  }
}
