// Posts on their way: kept until the server answers, through failures, reloads and hours without a network.
import type { ApiError } from "../api";
import type { Post } from "../frames";

const RETRY_SECONDS = 3; // doubles with each try that fails
const RETRY_MAX_SECONDS = 60;

export interface Letter {
  /** The Idempotency-Key: the same on each try, so that a lost answer makes no second post. */
  key: string;
  /** 0: a post of its own. */
  parent: number;
  body: string;
  name: string;
  email: string;
  /** What was filled into the field that people do not see. */
  website: string;
  seconds_open: number;
}

export interface OutboxPorts {
  /** Asked anew each time: another tab has the same store. */
  read(): Letter[];
  write(letters: Letter[]): void;
  /** Rejects with an ApiError. */
  send(letter: Letter): Promise<Post>;
  isOnline(): boolean;
  setTimeout(run: () => void, milliseconds: number): number;
  clearTimeout(handle: number): void;
}

export interface OutboxListener {
  sending(letter: Letter): void;
  /** Not sent, and tried again by itself. */
  waiting(letter: Letter): void;
  sent(letter: Letter, post: Post): void;
  /** The server has read it and does not want it like this; the outbox has let go of it. */
  refused(letter: Letter, error: ApiError): void;
}

export interface Outbox {
  post(letter: Letter): void;
  /** Tries all that is there, now, in the order of writing. */
  run(): Promise<void>;
  drop(key: string): void;
}

export function createOutbox(ports: OutboxPorts, listener: OutboxListener): Outbox {
  let timer = 0;
  let failures = 0;
  let isRunning = false;
  let isWanted = false;

  const has = (key: string) => ports.read().some((letter) => letter.key === key);
  const drop = (key: string) => ports.write(ports.read().filter((letter) => letter.key !== key));

  /** Seconds that the server wants to be left alone, 0 where the letter is settled, or null where it waits. */
  async function attempt(letter: Letter): Promise<number | null> {
    listener.sending(letter);
    try {
      const post = await ports.send(letter);
      drop(letter.key);
      listener.sent(letter, post);
    } catch (cause) {
      const error = cause as ApiError;
      if (error.status < 400 || error.status >= 500) {
        listener.waiting(letter);
        return error.retryAfter || 0;
      }
      drop(letter.key);
      listener.refused(letter, error);
    }
    return null;
  }

  async function run(): Promise<void> {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    let pause = 0;
    let isWaiting = false;
    ports.clearTimeout(timer);
    while (isWanted) {
      isWanted = isWaiting = false;
      for (const letter of ports.read()) {
        if (!has(letter.key)) continue; // dropped meanwhile
        const asked = await attempt(letter);
        isWaiting ||= asked !== null;
        pause = Math.max(pause, asked ?? 0);
      }
    }
    isRunning = false;
    failures = isWaiting ? failures + 1 : 0;
    if (!isWaiting || !ports.isOnline()) return; // who is offline is told by the browser when that ends
    const seconds = Math.max(pause, Math.min(RETRY_MAX_SECONDS, RETRY_SECONDS * 2 ** (failures - 1)));
    timer = ports.setTimeout(() => void run(), seconds * 1000);
  }

  return {
    drop,
    run,
    post(letter) {
      ports.write([...ports.read(), letter]);
      void run();
    },
  };
}
