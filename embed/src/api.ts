// The HTTP API as calls; every failure is an ApiError.
import type { Texts } from "./boot";
import type { Cursor, EventsFrame, Post } from "./frames";
import type { Sort } from "./store";
import type { Bootstrap, PageRequest, Problem, Snapshot } from "./wire";

const TIMEOUT_MILLISECONDS = 15_000;

/** `status` 0: no answer came, so the request may or may not have been carried out. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly problem: Partial<Problem>;
  /** Seconds to wait before trying again, where the server asks for it. */
  readonly retryAfter: number;

  constructor(status = 0, problem: Partial<Problem> = {}, retryAfter = 0) {
    super(problem.detail);
    this.status = status;
    this.code = problem.code ?? "";
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/** With the page id that the document found out. */
export type Page = PageRequest & { page_id: string };

/** Where a thread is found. */
export interface Place {
  /** Base address of the API, with a slash at its end. */
  api: string;
  key: string;
  page: Page;
}

/** By what the server knows this reader again. */
export interface TokenStore {
  /** A guest's, handed out with a first post or vote, or of a member's session whose cookie does not come back. Empty: none. */
  token: string;
  /** The public key of the member who is signed in here; empty: nobody. */
  author: string;
}

type Headers = Record<string, string>;

export interface Api {
  snapshot(sort: Sort, cursor?: string | null): Promise<Snapshot>;
  branch(root: number, after: number): Promise<Snapshot>;
  /** The thread's live addresses of now. */
  addresses(): Promise<Bootstrap["live"]>;
  events(after: number): Promise<EventsFrame>;
  head(): Promise<Cursor>;
  /** What only a writer reads, in this language. */
  writingTexts(lang: string): Promise<Partial<Texts>>;
  post(id: number): Promise<Post>;
  /** Any call, by its path under the API's base; a file goes as it is. Those of writers are in write/calls.ts. */
  send<T>(method: string, path: string, body?: object, more?: Headers): Promise<T>;
  /** The thread's own path there. */
  thread: string;
}

export function createApi({ api, key, page }: Place, tokens: TokenStore, fetch: typeof window.fetch): Api {
  const thread = `threads/${key}/`;

  /** Reads of the thread carry no identity: they are the same bytes for everybody, and a proxy may keep them. */
  async function send<T>(method: string, path: string, body?: object, more?: Headers): Promise<T> {
    const headers: Headers = { ...more };
    if (method !== "GET") headers["X-Kibitz"] = "1";
    if (body) headers["Content-Type"] ??= "application/json";
    const token = method === "GET" && !path.startsWith("posts/") ? "" : tokens.token;
    if (token) headers.Authorization = `Bearer ${token}`;
    // who is signed out meanwhile must not become a guest unawares
    if (tokens.author && method !== "GET") headers["X-Kibitz-Author"] = tokens.author;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MILLISECONDS);
      // who asks wants something newer than what this browser was told a second ago
      const request: RequestInit = {
        method,
        headers,
        body: body instanceof Blob ? body : JSON.stringify(body),
        signal,
        cache: "no-store",
      };
      const response = await fetch(api + path, request);
      return await read<T>(response, tokens);
    } catch (error) {
      if (!(error instanceof ApiError)) throw new ApiError();
      if (!token || error.code !== "invalid_token") throw error;
      tokens.token = "";
      return send(method, path, body, more);
    }
  }

  return {
    snapshot: (sort, cursor) =>
      send("GET", `${thread}?sort=${sort}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`),
    branch: (root, after) => send("GET", `${thread}?root=${root}&after=${after}`),
    addresses: () =>
      send<Bootstrap>("GET", `sites/${page.site}/thread/?page_id=${encodeURIComponent(page.page_id)}`).then(
        ({ live }) => live,
      ),
    events: (after) => send("GET", `${thread}events/?after=${after}`),
    head: () => send("GET", `${thread}head/`),
    writingTexts: (lang) => send("GET", `sites/${page.site}/texts/?lang=${lang}`),
    post: (id) => send("GET", `posts/${id}/`),
    send,
    thread,
  };
}

async function read<T>(response: Response, tokens: TokenStore): Promise<T> {
  const token = response.headers.get("X-Kibitz-Token");
  if (token) tokens.token = token;
  if (response.ok) return response.status === 204 ? (undefined as T) : response.json();
  const problem = await response.json().catch(() => ({}));
  const retryAfter = Number(response.headers.get("Retry-After")) || 0;
  throw new ApiError(response.status, problem, retryAfter);
}
