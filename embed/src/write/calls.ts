// The writing calls of the HTTP API.
import type { Api } from "../api";
import type { Post, Tally } from "../frames";
import type { Html, NewPostRequest } from "../wire";

export interface Calls {
  /** `proof` is a solved challenge. */
  create(post: NewPostRequest, idempotencyKey: string, proof?: string): Promise<Post>;
  edit(id: number, body: string): Promise<Post>;
  remove(id: number): Promise<void>;
  vote(id: number, value: number): Promise<Tally>;
  flag(id: number, reason: string): Promise<void>;
  preview(body: string): Promise<Html>;
  /** `by` is what this page load calls itself. */
  typing(site: string, by: string): Promise<void>;
}

export function createCalls({ send, thread }: Pick<Api, "send" | "thread">): Calls {
  return {
    create: (post, key, proof) =>
      send("POST", `${thread}posts/`, post, { "Idempotency-Key": key, ...(proof && { "X-Kibitz-Proof": proof }) }),
    edit: (id, body) => send("PATCH", `posts/${id}/`, { body }),
    remove: (id) => send("DELETE", `posts/${id}/`),
    vote: (id, value) => send("PUT", `posts/${id}/vote/`, { value }),
    flag: (id, reason) => send("POST", `posts/${id}/flag/`, { reason }),
    typing: (site, by) => send("POST", `${thread}typing/?site=${site}&by=${by}`),
    preview: (body) => send("POST", "preview/", { body }),
  };
}
