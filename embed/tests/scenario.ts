// Plays a scenario: one reader, one thread, and what happens between them. tests/vectors/README.md names the steps.
import type { Post } from "../src/frames";
import { createLive, type Live, type LivePorts, type LiveSource } from "../src/live";
import { apply, applyTotals, fromSnapshot, type State } from "../src/store";
import { EPOCH, FakeClock, FakeSocket, SETTINGS, settle } from "./fakes";
import { type Change, ThreadOnServer } from "./thread_on_server";

/** One key says what happens; `told` is all that the reader does because of it, in order. */
export type Step = { told?: string[] } & (
  | { create: number }
  | { happens: Change[] }
  | { restore: number }
  | { forget: number }
  | { server: Partial<Manners> }
  | { answer: number; fails?: number }
  | { frame: [first: number, last: number, epoch?: string] }
  | { head: [seq: number, epoch: string] | [] }
  | { receive: object }
  | { advance: number }
  | { dice: number }
  | { break: number }
  | { do: "show" | "online" | "stop" | "reload" }
  | { rewind: number }
  | { knows: string[] }
);

export interface Scenario {
  name: string;
  steps: Step[];
}

interface Manners {
  /** The status that every request fails with; 0 where no answer comes, null where none fails. */
  fails: number | null;
  /** Answers are made at once but wait for a step that sends them. */
  isLate: boolean;
  /** For how long a proxy repeats an answer. */
  proxySeconds: number;
  /** Events in one answer. */
  page: number;
  sockets: "open" | "refused" | "silent";
}

type Outcome = { value: unknown } | { status: number };

interface Pending {
  outcome: Outcome;
  isLate: boolean;
  send(outcome: Outcome): void;
}

const CLOSED_BEFORE_OPEN = 1006;

export class Player {
  readonly thread = new ThreadOnServer();
  readonly told: string[] = [];
  /** When each request was made, in seconds. */
  readonly askedAt: number[] = [];
  readonly clock: FakeClock;
  state: State;
  readonly manners: Manners = { fails: null, isLate: false, proxySeconds: 0, page: 200, sockets: "open" };
  readonly #live: Live;
  readonly #pending: Pending[] = [];
  readonly #proxy = new Map<string, { at: number; outcome: Outcome }>();
  #socket: FakeSocket | null = null;

  constructor() {
    this.clock = new FakeClock(() => this.#settle());
    this.state = fromSnapshot(this.thread.snapshot(), "newest", new Set());
    this.#live = this.#createLive();
  }

  async play(step: Step): Promise<string[]> {
    this.told.length = 0;
    await this.#take(step);
    await this.#settle();
    return inRuns(this.told);
  }

  /** What the reader knows, a post in a line. */
  knows(): string[] {
    return lines(this.#posts);
  }

  /** What the reader knows and what there is to know, without votes, which are not numbered. */
  compared(): [known: string[], truth: string[]] {
    return [lines(withoutVotes(this.#posts)), lines(withoutVotes(this.thread.snapshot().posts))];
  }

  get #posts(): Post[] {
    return [...this.state.entries.values()].map(({ post }) => post);
  }

  get isConnected(): boolean {
    return this.#socket?.readyState === 1 && !this.#socket.isClosed;
  }

  get waiting(): number {
    return this.#pending.length;
  }

  async #take(step: Step): Promise<void> {
    const { thread, clock } = this;
    if ("create" in step) for (let made = 0; made < step.create; made++) thread.change(["create", 0]);
    else if ("happens" in step) for (const change of step.happens) thread.change(change);
    else if ("restore" in step) thread.restore(step.restore);
    else if ("forget" in step) thread.forget(step.forget);
    else if ("server" in step) Object.assign(this.manners, step.server);
    else if ("answer" in step) this.#answer(step.answer, step.fails);
    else if ("frame" in step) this.#receiveEvents(...step.frame);
    else if ("head" in step) this.#receive({ head: step.head[0] ?? thread.seq, epoch: step.head[1] ?? thread.epoch });
    else if ("receive" in step) this.#receive(step.receive);
    else if ("advance" in step) await clock.advance(step.advance);
    else if ("dice" in step) clock.dice = step.dice;
    else if ("break" in step) this.#socket?.break(step.break);
    else if ("rewind" in step) this.#live.rewind({ epoch: thread.epoch, seq: step.rewind });
    else if ("do" in step) await this.#act(step.do);
  }

  async #act(act: "show" | "online" | "stop" | "reload"): Promise<void> {
    if (act !== "reload") this.#live[act]();
    else void this.#snapshot().then(this.#live.rewind, () => undefined);
  }

  #receiveEvents(first: number, last: number, epoch?: string): void {
    const frame = this.thread.frame(first, last, epoch);
    if (frame.events.length) this.#receive(frame);
  }

  #receive(frame: object): void {
    if (this.isConnected) this.#socket?.receive(frame);
  }

  /** One thing at a time, oldest first, so that no order hangs on how promises are chained. */
  async #settle(): Promise<void> {
    for (;;) {
      await settle();
      const socket = this.#socket;
      const prompt = this.#pending.findIndex(({ isLate }) => !isLate);
      if (prompt >= 0) this.#answer(prompt);
      else if (socket && !socket.isClosed && socket.readyState === 0 && this.manners.sockets !== "silent") {
        if (this.manners.sockets === "open") socket.open();
        else socket.break(CLOSED_BEFORE_OPEN);
      } else return;
    }
  }

  #answer(index: number, fails?: number): void {
    const [pending] = this.#pending.splice(index, 1);
    pending?.send(fails === undefined ? pending.outcome : { status: fails });
  }

  #ask<T>(request: string, make: () => T): Promise<T> {
    this.told.push(`asks ${request}`);
    this.askedAt.push(this.clock.time / 1000);
    const outcome = this.#outcome(request, make);
    return new Promise((resolve, reject) => {
      const send = (sent: Outcome) => ("status" in sent ? reject(sent) : resolve(structuredClone(sent.value) as T));
      this.#pending.push({ outcome, isLate: this.manners.isLate, send });
    });
  }

  #outcome(request: string, make: () => unknown): Outcome {
    const kept = this.#proxy.get(request);
    if (kept && this.clock.time - kept.at < this.manners.proxySeconds * 1000) return kept.outcome;
    if (this.manners.fails !== null) return { status: this.manners.fails };
    const outcome = attempt(make);
    this.#proxy.set(request, { at: this.clock.time, outcome });
    return outcome;
  }

  async #snapshot() {
    const snapshot = await this.#ask("snapshot", () => this.thread.snapshot());
    this.told.push(`takes snapshot ${snapshot.epoch} ${snapshot.seq}`);
    this.state = fromSnapshot(snapshot, "newest", new Set());
    return snapshot;
  }

  #createLive(): Live {
    const { thread, told, clock } = this;
    const source: LiveSource = {
      addresses: () => this.#ask("addresses", () => ({ ws: "ws://host/live/k", sse: "" })),
      events: (after) =>
        this.#ask(`events after ${after}`, () => {
          thread.page = this.manners.page;
          return thread.after(after);
        }),
      head: () => this.#ask("head", () => thread.head()),
      snapshot: () => this.#snapshot(),
    };
    const player = this;
    const ports = {
      setTimeout: clock.setTimeout,
      clearTimeout: clock.clearTimeout,
      Date: clock.Date,
      Math: clock.Math,
      navigator: { onLine: true },
      WebSocket: class extends FakeSocket {
        constructor(url: string) {
          super(url);
          told.push("connects");
          player.#socket = this;
        }
        override close(): void {
          told.push("closes");
          super.close();
        }
      },
    } as unknown as LivePorts;
    return createLive({
      live: { ws: "ws://host/live/k", sse: "" },
      settings: SETTINGS,
      cursor: { epoch: EPOCH, seq: 0 },
      source,
      listener: {
        event: (event) => {
          told.push(`event ${event.seq}`);
          apply(this.state, event);
        },
        totals: (totals) => {
          const ids = Object.keys(totals);
          if (ids.length) told.push(`totals ${ids.join(" ")}`);
          applyTotals(this.state, totals);
        },
        readers: (count) => told.push(`readers ${count}`),
        typing: (count) => told.push(`typing ${count}`),
        state: (state) => told.push(`is ${state}`),
      },
      ports,
    });
  }
}

type Play = (step: Step) => Promise<unknown>;

/** Everything works again, and the reader is connected. */
export async function heal(player: Player, play: Play = (step) => player.play(step)): Promise<void> {
  await play({ server: { fails: null, isLate: false, proxySeconds: 0, sockets: "open" } });
  while (player.waiting) await play({ answer: 0 });
  while (!player.isConnected) await play({ advance: 1 });
}

/** The thread's head is announced as after any quiet: at 3 s and at 30 s. */
export const ANNOUNCED: Step[] = [{ advance: 3 }, { head: [] }, { advance: 27 }, { head: [] }, { advance: 1 }];
/** The connection is made anew, and nobody says anything. */
export const RETURNED: Step[] = [{ do: "online" }, { advance: 31 }];

function attempt(make: () => unknown): Outcome {
  try {
    return { value: structuredClone(make()) };
  } catch (error) {
    return { status: (error as { status: number }).status };
  }
}

function lineOf({ id, parent, status, seq, replies, up, html }: Post): string {
  const under = parent === null ? "" : ` under ${parent}`;
  return `${id}${under}: ${status} at ${seq}, ${replies} replies, ${up} up, "${html}"`;
}

function lines(posts: Iterable<Post>): string[] {
  return [...posts].sort((a, b) => a.id - b.id).map(lineOf);
}

/** Events that were handed on one after the other become one line. */
function inRuns(told: string[]): string[] {
  const done: string[] = [];
  for (const line of told) {
    const seq = Number(/^event (\d+)$/.exec(line)?.[1]);
    const [, first, last] = /^events? (\d+)-?(\d*)$/.exec(done.at(-1) ?? "") ?? [];
    if (seq === Number(last || first) + 1) done.splice(-1, 1, `events ${first}-${seq}`);
    else done.push(line);
  }
  return done;
}

const withoutVotes = (posts: Post[]) => posts.map((post) => ({ ...post, up: 0 }));
