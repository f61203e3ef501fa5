// A Kibitz as small as a reader can tell: a front with the API and Channels' sockets, and push nodes of its own.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { Bootstrap, Snapshot } from "../../src/wire";
import { EPOCH, event, post, SETTINGS, thread } from "../../tests/fakes";

/** One address that takes live connections. */
export class LiveServer {
  readonly sockets: WebSocket[] = [];
  readonly streams: ServerResponse[] = [];
  /** Of each connection, refused ones too: its path and what it said of itself. */
  readonly visits: { path: string; origin: string; deflates: boolean }[] = [];
  /** So many of the next ones are refused. */
  refusals = 0;
  /** Connections are taken and never answered. */
  isDeaf = false;
  host = "";
  readonly #unanswered: Duplex[] = [];
  readonly #server: Server;

  constructor(
    answer: (request: IncomingMessage, response: ServerResponse) => void = (_, to) => to.writeHead(404).end(),
  ) {
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: { threshold: 0 } });
    this.#server = createServer((request, response) => {
      if (!request.url?.startsWith("/live/")) return answer(request, response);
      this.#note(request);
      response.writeHead(200, { "Content-Type": "text/event-stream" }).write(": hello\n\n");
      this.streams.push(response);
    });
    this.#server.on("upgrade", (request, socket, head) => {
      this.#note(request);
      if (this.isDeaf) return void this.#unanswered.push(socket);
      if (this.refusals-- > 0) return socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
      sockets.handleUpgrade(request, socket, head, (open) => {
        this.visits.push({ ...(this.visits.pop() as LiveServer["visits"][0]), deflates: open.extensions !== "" });
        this.sockets.push(open);
      });
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  send(frame: object): void {
    for (const socket of this.sockets) socket.send(JSON.stringify(frame));
    for (const stream of this.streams) stream.write(`data: ${JSON.stringify(frame)}\n\n`);
  }

  /** Ends every connection as a crash would. */
  cut(): void {
    for (const socket of this.sockets.splice(0)) socket.terminate();
    for (const stream of [...this.streams.splice(0), ...this.#unanswered.splice(0)]) stream.destroy();
  }

  #note({ url = "", headers }: IncomingMessage): void {
    this.visits.push({ path: url, origin: headers.origin ?? "", deflates: false });
  }
}

/** One thread, whatever the page: its key is the page's id. Post number n comes with seq n. */
export class FakeKibitz {
  readonly front = new LiveServer((request, response) => this.#answer(request.url ?? "", response));
  readonly push = new LiveServer();
  epoch = EPOCH;
  seq = 0;
  /** Events up to this seq are gone. */
  forgotten = 0;
  /** What the front's cache says of itself. */
  cache = "MISS";
  /** The API answers this status alone; 0: it is well. */
  failure = 0;
  signed = 0;
  readonly requests: string[] = [];

  get base(): string {
    return `http://${this.front.host}`;
  }

  async start(): Promise<void> {
    await Promise.all([this.front.start(), this.push.start()]);
  }

  async stop(): Promise<void> {
    await Promise.all([this.front.stop(), this.push.stop()]);
  }

  /** A post; `heard` says whether a frame tells of it. */
  post(heard = true): void {
    this.seq++;
    const frame = { epoch: this.epoch, first: this.seq, last: this.seq, events: [event(this.seq)] };
    if (heard) for (const server of [this.front, this.push]) server.send(frame);
  }

  #answer(url: string, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(url, this.base);
    this.requests.push(pathname);
    const [, , kind = "", name = "", what = ""] = pathname.slice(1).split("/");
    const say = (status: number, body: object) =>
      response
        .writeHead(status, { "Content-Type": "application/json", "X-Cache": this.cache })
        .end(JSON.stringify(body));
    if (this.failure) say(this.failure, { code: "unwell", detail: "The API is unwell.", fields: {} });
    else if (kind === "sites") say(200, this.#bootstrap(searchParams.get("page_id") ?? ""));
    else if (what === "head") say(200, { epoch: this.epoch, seq: this.seq });
    else if (what === "events") this.#events(Number(searchParams.get("after")), say);
    else say(200, this.#snapshot(name));
  }

  #events(after: number, say: (status: number, body: object) => void): void {
    const isGone = after < this.forgotten || after > this.seq;
    const events = Array.from({ length: isGone ? 0 : this.seq - after }, (_, at) => event(after + 1 + at));
    if (isGone) say(410, { code: "resync", detail: "Take a snapshot.", fields: {} });
    else say(200, { epoch: this.epoch, first: after + 1, last: this.seq, head: this.seq, events, totals: {} });
  }

  #snapshot(key: string): Snapshot {
    const posts = Array.from({ length: this.seq }, (_, at) => post(this.seq - at));
    return { epoch: this.epoch, seq: this.seq, thread: { ...thread, key }, posts, next: null };
  }

  #bootstrap(key: string): Bootstrap {
    const live = `${this.push.host}/live/${key}?s=${++this.signed}`;
    return {
      key,
      epoch: this.epoch,
      seq: this.seq,
      thread: { ...thread, key },
      live: { ws: `ws://${live}`, sse: `http://${live}`, poll: `${this.base}/api/v1/threads/${key}/events/` },
      settings: {
        ...SETTINGS,
        guests_may_post: true,
        moderation: "post",
        votes: true,
        presence: true,
        edit_window_seconds: 300,
        body_max_chars: 10_000,
      },
    };
  }
}
