// A window whose time, chance and network a test drives.
import type { EventsFrame, Post, Thread, ThreadEvent } from "../src/frames";
import {
  createLive,
  type LiveAddresses,
  type LiveOptions,
  type LivePorts,
  type LiveSource,
  type LiveState,
} from "../src/live";

export const EPOCH = "e1";

export const SETTINGS: LiveOptions["settings"] = { realtime: "on", reconnect_spread_seconds: 10, silence_seconds: 45 };

export const thread: Thread = {
  key: "k",
  url: "https://a.example/",
  title: "",
  locked: false,
  pinned: null,
  slow_mode_seconds: 0,
  posts: 0,
};

export function post(id: number, changes: Partial<Post> = {}): Post {
  return {
    id,
    seq: id,
    parent: null,
    author: { name: "alice", avatar: null },
    html: `<p>${id}</p>`,
    created: "2026-01-01T00:00:00Z",
    edited: null,
    status: "published",
    score: 0,
    up: 0,
    down: 0,
    replies: 0,
    ...changes,
  };
}

export function event(seq: number, changes: Partial<ThreadEvent> = {}): ThreadEvent {
  return { seq, type: "post.created", posts: seq, parent_replies: null, post: post(seq), ...changes };
}

export function frame(first: number, last: number, epoch = EPOCH): EventsFrame {
  const events = Array.from({ length: last - first + 1 }, (_, at) => event(first + at));
  return { epoch, first, last, events };
}

interface Timer {
  at: number;
  run(): void;
}

/** Timers run when `advance` reaches them; promises settle in between. */
export class FakeClock {
  time = 1_000_000;
  dice = 0.5;
  readonly timers = new Map<number, Timer>();
  readonly #settle: () => Promise<void>;
  #handle = 0;

  constructor(settled = settle) {
    this.#settle = settled;
  }

  setTimeout = (run: () => void, milliseconds: number): number => {
    this.timers.set(++this.#handle, { at: this.time + milliseconds, run });
    return this.#handle;
  };

  clearTimeout = (handle: number | undefined): void => {
    this.timers.delete(handle ?? 0);
  };

  Date = { now: () => this.time };
  Math = { random: () => this.dice };

  async advance(seconds: number): Promise<void> {
    const until = this.time + seconds * 1000;
    await this.#settle();
    for (let next = this.#next(until); next; next = this.#next(until)) {
      const [handle, timer] = next;
      this.time = timer.at;
      this.timers.delete(handle);
      timer.run();
      await this.#settle();
    }
    this.time = until;
  }

  #next(until: number): [number, Timer] | undefined {
    const due = [...this.timers].filter(([, timer]) => timer.at <= until);
    return due.sort(([, a], [, b]) => a.at - b.at)[0];
  }
}

/** As the bootstrap call gives them: Channels' are plain, a push node's signed. */
export function addresses(host: string, signature = ""): LiveAddresses {
  return { ws: `ws://${host}/live/k${signature}`, sse: `http://${host}/live/k${signature}` };
}

export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

export class FakeSocket {
  readyState = 0;
  isClosed = false;
  readonly sent: string[] = [];
  readonly url: string;
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(url: string) {
    this.url = url;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  receive(data: object): void {
    this.onmessage?.({ data: JSON.stringify(data) });
  }

  /** What a WebSocket reports when it breaks, or an EventSource on any error. */
  break(code = 1006): void {
    this.onclose?.({ code });
    this.onerror?.();
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.isClosed = true;
  }
}

/** A thread on a server, a reader's live line to it, and everything that the reader was told. */
export function connectedReader(changes: Partial<LiveOptions> = {}, without: object = {}) {
  const clock = new FakeClock();
  const sockets: FakeSocket[] = [];
  const streams: FakeSocket[] = [];
  const server = { epoch: EPOCH, head: 0, oldest: 1, isUp: true, status: 0, node: "host", page: 200, more: {} };
  const asked: string[] = [];
  const told = { seqs: [] as number[], states: [] as LiveState[], readers: 0, typing: 0, totals: [] as object[] };
  const navigator = { onLine: true };

  function answer<T>(request: string, make: () => T): Promise<T> {
    asked.push(request);
    return server.isUp ? Promise.resolve(make()) : Promise.reject({ status: server.status });
  }

  const source: LiveSource = {
    addresses: () => answer("addresses", () => addresses(server.node)),
    events(after) {
      if (server.isUp && (after + 1 < server.oldest || after > server.head)) {
        asked.push(`events after ${after}`);
        return Promise.reject({ status: 410 });
      }
      const last = Math.min(server.head, after + server.page);
      return answer(`events after ${after}`, () => ({
        ...frame(after + 1, last, server.epoch),
        head: server.head,
        ...server.more,
      }));
    },
    head: () => answer("head", () => ({ epoch: server.epoch, seq: server.head })),
    snapshot: () => answer("snapshot", () => ({ epoch: server.epoch, seq: server.head })),
  };
  const ports = {
    ...{
      setTimeout: clock.setTimeout,
      clearTimeout: clock.clearTimeout,
      Date: clock.Date,
      Math: clock.Math,
      navigator,
    },
    WebSocket: class extends FakeSocket {
      constructor(url: string) {
        super(url);
        sockets.push(this);
      }
    },
    EventSource: class extends FakeSocket {
      constructor(url: string) {
        super(url);
        streams.push(this);
      }
    },
    ...without,
  } as unknown as LivePorts;
  const live = createLive({
    live: addresses("host"),
    settings: SETTINGS,
    cursor: { epoch: EPOCH, seq: 0 },
    source,
    listener: {
      event: ({ seq }) => told.seqs.push(seq),
      totals: (totals) => told.totals.push(totals),
      readers: (count) => {
        told.readers = count;
      },
      typing: (count) => {
        told.typing = count;
      },
      state: (state) => told.states.push(state),
    },
    ports,
    ...changes,
  });

  /** Brings the line up on its first carrier, with nothing missing and nothing asked yet. */
  async function open(): Promise<FakeSocket> {
    live.show();
    const socket = sockets.at(-1) as FakeSocket;
    socket.open();
    await settle();
    asked.length = 0;
    return socket;
  }

  return { asked, clock, live, navigator, open, server, sockets, streams, told };
}
