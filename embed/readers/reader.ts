// One reader of one page: the embed's API, state and live line, joined as app.ts joins them, with nothing drawn.
import { setTimeout as sleep } from "node:timers/promises";
import { type Api, ApiError, createApi } from "../src/api";
import type { Cursor, ThreadEvent } from "../src/frames";
import { createLive, type Live, type LivePorts, type LiveState } from "../src/live";
import { apply, applyTotals, fromSnapshot, type State } from "../src/store";
import type { Bootstrap } from "../src/wire";
import type { Order } from "./commands";
import { type RunRecord, Track } from "./record";
import { routed } from "./route";

const TIMEOUT_MILLISECONDS = 15_000; // as in api.ts
const RELOAD_MILLISECONDS = 1000; // until somebody whose page did not load loads it again

/** What a reader holds of the posts asked for: id -> [seq, status, html]. */
export type HeldPosts = Record<number, [number, string, string]>;

export class Reader {
  readonly #order: Order;
  readonly #base: string;
  readonly #record: RunRecord;
  readonly #ports: LivePorts;
  #track: Track;
  #thread: State | null = null;
  #line: Live | null = null;
  #isStopped = false;
  #opened = () => {};
  state: LiveState = "reconnecting";

  constructor(order: Order, base: string, record: RunRecord, ports: LivePorts) {
    this.#order = order;
    this.#base = base;
    this.#record = record;
    this.#ports = ports;
    this.#track = new Track(record, "");
  }

  /** Returns when it has its snapshot and an open carrier; raises ApiError when the page is refused. */
  async open(say: (text: string) => void): Promise<void> {
    const isOpen = new Promise<void>((resolve) => {
      this.#opened = resolve;
    });
    while (!this.#isStopped) {
      try {
        await this.#start();
        return await isOpen;
      } catch (error) {
        if (!(error instanceof ApiError) || (error.status >= 400 && error.status < 500)) throw error;
        say(`${this.#order.page_id} does not load (${error.status || "no answer"}); again`);
        await sleep(RELOAD_MILLISECONDS);
      }
    }
  }

  /** Where it stands, by its own count: thread key, epoch, seq; empty before its page is there. */
  get at(): [string, string, number] {
    const { key, epoch, seq } = this.#track;
    return [key, epoch, seq];
  }

  postsFrom(id: number): HeldPosts {
    const held: HeldPosts = {};
    for (const { post } of this.#thread?.entries.values() ?? [])
      if (post.id >= id) held[post.id] = [post.seq, post.status, post.html];
    return held;
  }

  /** Lets older posts go, as if no page had brought them: a run is longer than anybody's visit. */
  forget(below: number): void {
    const thread = this.#thread;
    if (!thread) return;
    const isKept = (id: number) => id >= below;
    for (const known of [thread.entries, thread.loadedTo])
      for (const id of known.keys()) if (!isKept(id)) known.delete(id);
    thread.roots = thread.roots.filter(isKept);
    thread.held = thread.held.filter(isKept);
  }

  stop(): void {
    this.#isStopped = true;
    this.#line?.stop();
  }

  async #start(): Promise<void> {
    const boot = await this.#bootstrap();
    const { site, page_id, url } = this.#order;
    const page = { site, page_id, url, title: "" };
    if (!this.#track.key) this.#track = new Track(this.#record, boot.key);
    const api = createApi(
      { api: `${this.#base}/api/v1/`, key: boot.key, page },
      { token: "", author: "" },
      this.#record.fetch,
    );
    const cursor = await this.#load(api);
    if (boot.settings.realtime !== "off") this.#goLive(boot, api, cursor);
  }

  /** A browser finds it in the document that it loads. */
  async #bootstrap(): Promise<Bootstrap> {
    const { site, page_id, url } = this.#order;
    const query = new URLSearchParams({ page_id, url });
    const signal = AbortSignal.timeout(TIMEOUT_MILLISECONDS);
    const address = `${this.#base}/api/v1/sites/${encodeURIComponent(site)}/thread/?${query}`;
    let answer: Response;
    try {
      answer = await this.#record.fetch(address, { signal });
      if (answer.ok) return await answer.json();
    } catch {
      throw new ApiError();
    }
    throw new ApiError(answer.status, await answer.json().catch(() => ({})));
  }

  async #load(api: Api): Promise<Cursor> {
    const snapshot = await api.snapshot("newest");
    this.#thread = fromSnapshot(snapshot, "newest", new Set());
    this.#track.takeSnapshot(snapshot);
    return snapshot;
  }

  #goLive(boot: Bootstrap, api: Api, cursor: Cursor): void {
    const route = (live: Bootstrap["live"]) => ({
      ...live,
      ...routed(live, this.#order.via, this.#base, boot.key),
    });
    this.#line = createLive({
      ...boot,
      live: route(boot.live),
      cursor,
      source: { ...api, addresses: async () => route(await api.addresses()), snapshot: () => this.#load(api) },
      listener: {
        event: (event) => this.#takeEvent(event),
        totals: (totals) => applyTotals(this.#thread as State, totals),
        readers: () => {},
        typing: () => {},
        state: (state) => this.#takeState(state),
      },
      ports: this.#ports,
    });
    if (!this.#isStopped) this.#line.show();
  }

  #takeEvent(event: ThreadEvent): void {
    apply(this.#thread as State, event);
    this.#track.takeEvent(event.seq);
  }

  #takeState(state: LiveState): void {
    this.state = state;
    if (state === "live") this.#opened();
  }
}
