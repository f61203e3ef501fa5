// Which queue is looked at, and what is looked for in it, as the page's address has it.

/** @typedef {import("./shapes.js").Asked} Asked */

/**
 * @param {string} search
 * @param {import("./shapes.js").QueueName[]} queues the first one is shown where none is named
 * @returns {Asked}
 */
export function parsed(search, queues) {
  const params = new URLSearchParams(search);
  const named = params.get("queue");
  return {
    queue: queues.find((queue) => queue === named) ?? queues[0] ?? "pending",
    site: params.get("site") ?? "",
    q: params.get("q") ?? "",
    author: number(params.get("author")),
    thread: number(params.get("thread")),
    order: params.get("order") === "oldest" ? "oldest" : "newest",
  };
}

/**
 * @param {Asked} asked
 * @returns {string} "?queue=spam", or "" where all is as by itself
 */
export function formatted(asked) {
  const params = new URLSearchParams();
  if (asked.queue !== "pending") params.set("queue", asked.queue);
  if (asked.site) params.set("site", asked.site);
  if (asked.q) params.set("q", asked.q);
  if (asked.author !== null) params.set("author", String(asked.author));
  if (asked.thread !== null) params.set("thread", String(asked.thread));
  if (asked.order !== "newest") params.set("order", asked.order);
  const query = params.toString();
  return query && `?${query}`;
}

/** @param {string | null} text */
function number(text) {
  return text && /^[1-9]\d{0,15}$/.test(text) ? Number(text) : null;
}
