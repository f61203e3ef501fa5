// The moderators' calls, and what can go wrong with them.

/**
 * @typedef {import("./shapes.js").Asked} Asked
 * @typedef {import("./shapes.js").Decided} Decided
 */

const PATIENCE_MILLISECONDS = 20_000;

/**
 * A call without the answer that it is for. `kind` says what can be done: "offline" and "server" may be tried
 * again, "logged_out" after logging in, "refused" not, and for "invalid" the message says why.
 */
export class Trouble extends Error {
  /**
   * @param {"offline" | "server" | "logged_out" | "refused" | "invalid"} kind
   * @param {string} message
   */
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

/**
 * @param {string} base the calls' address, with a slash in the end
 * @param {typeof fetch} ask
 */
export function createApi(base, ask) {
  /**
   * @param {string} path
   * @param {object} [told] what a POST says
   * @param {RequestInit} [more]
   * @returns {Promise<any>}
   */
  async function call(path, told, more = {}) {
    /** @type {Record<string, string>} */
    const headers = told ? { "X-Kibitz": "1", "Content-Type": "application/json" } : {};
    let answer;
    try {
      answer = await ask(base + path, {
        ...(told ? { method: "POST", body: JSON.stringify(told) } : {}),
        signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
        ...more,
        headers: { ...headers, .../** @type {Record<string, string>} */ (more.headers) },
      });
    } catch {
      throw new Trouble("offline", "The server does not answer.");
    }
    const said = await answer.json().catch(() => null);
    if (answer.ok && (said || answer.status === 204)) return said;
    throw troubleOf(answer.status, said);
  }

  return {
    /**
     * @param {Asked} asked
     * @param {{ cursor?: string, limit?: number }} [page]
     * @returns {Promise<import("./shapes.js").QueueAnswer>}
     */
    page: (asked, page = {}) => call(`posts/?${query(asked, page)}`),
    /**
     * Numbers and statuses alone, up to 2,000 at once.
     * @param {Asked} asked
     * @param {{ cursor?: string, limit?: number }} page
     * @returns {Promise<import("./shapes.js").BriefAnswer>}
     */
    brief: (asked, page) => call(`posts/?${query(asked, { ...page, brief: "true" })}`),
    /**
     * @param {number[]} ids 200 at most
     * @param {string} site
     * @returns {Promise<import("./shapes.js").QueueAnswer>}
     */
    posts: (ids, site) =>
      call(
        `posts/?${new URLSearchParams([...ids.map((id) => ["id", String(id)]), ...(site ? [["site", site]] : [])])}`,
      ),
    /**
     * @param {string} decision
     * @param {{ id: number, status: string }[]} seen
     * @param {string} [reason]
     * @returns {Promise<Decided>}
     */
    decide: (decision, seen, reason = "") =>
      call("decisions/", {
        decision,
        reason,
        ids: seen.map((post) => post.id),
        seen: Object.fromEntries(seen.map((post) => [post.id, post.status])),
      }),
    /** @param {object} told @returns {Promise<Decided>} */
    ban: (told) => call("bans/", told),
    /** @param {string} batch @returns {Promise<Decided>} */
    undo: (batch) => call("undo/", { batch }),
    /** @param {"pins" | "features"} what @param {number} id @param {boolean} isOn */
    turn: (what, id, isOn) => call(`${what}/`, { id, is_on: isOn }),
    /** @param {number} id @param {string} body @param {string} key a retry with the same one replies once */
    reply: (id, body, key) => call("replies/", { id, body }, { headers: { "Idempotency-Key": key } }),
    /** @param {number[]} ids @param {boolean} takeOver @returns {Promise<{ claims: Record<string, string> }>} */
    claim: (ids, takeOver) => call("claims/", { ids, take_over: takeOver }),
    /** @param {number[]} ids; also while the page goes away */
    release: (ids) => call("releases/", { ids }, { keepalive: true }),
  };
}

/** @typedef {ReturnType<typeof createApi>} Api */

/**
 * @param {Asked} asked
 * @param {Record<string, string | number>} page
 */
function query(asked, page) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...asked, ...page }))
    if (value !== null && value !== "") params.set(name, String(value));
  return params;
}

/**
 * @param {number} status
 * @param {{ code?: string, detail?: string, fields?: Record<string, string[]> } | null} said
 */
function troubleOf(status, said) {
  const detail = Object.values(said?.fields ?? {}).flat()[0] ?? said?.detail ?? "";
  if (said?.code === "logged_out") return new Trouble("logged_out", "You are logged out.");
  if (status === 403 && said?.code === "refused") return new Trouble("refused", detail);
  if (!said?.code || status >= 500 || status === 429)
    return new Trouble("server", detail || "The server has a problem.");
  return new Trouble("invalid", detail);
}
