// How the page says things.

/** @typedef {import("./shapes.js").Post} Post */

/** @type {Record<string, string>} */
export const QUEUE_NAMES = { pending: "Pending", reported: "Reported", spam: "Spam", shadowed: "Shadowed", all: "All" };

/** @type {Record<string, string>} */
export const EMPTY = {
  pending: "Nothing waits. Good.",
  reported: "No reader complains about anything.",
  spam: "No spam here.",
  shadowed: "Nobody talks to themselves.",
  all: "No comments yet.",
};

/** @type {Record<string, string>} */
export const STATUS_NAMES = {
  published: "Published",
  pending: "Pending",
  spam: "Spam",
  shadowed: "Shadowed",
  hidden: "Rejected",
  erased: "Deleted",
  deleted: "Deleted by its author",
};

/** @type {Record<string, string>} by a decision */
const DONE = { approve: "approved", reject: "rejected", spam: "marked as spam", delete: "deleted", undo: "put back" };

/** @type {Record<string, string>} by the status that a decision leads to */
const BECAME = { published: "approved", hidden: "rejected", spam: "marked as spam", erased: "deleted" };

/** @type {Record<string, string>} */
const HISTORY = {
  ...DONE,
  spam: "marked it as spam",
  undo: "took the decision back",
  ban: "banned the author",
  unban: "lifted the ban",
  shadow: "shadow-banned the author",
  pin: "pinned",
  unpin: "unpinned",
  feature: "featured",
  unfeature: "unfeatured",
  reply: "replied",
  edit: "edited",
};

/** @param {number} n @param {string} [noun] */
export function many(n, noun = "comment") {
  return `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
}

/** @param {string} text */
export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** @param {string} decision @param {number} n */
export function didIt(decision, n) {
  return decision === "spam" ? `Marked ${many(n)} as spam.` : `${capital(DONE[decision] ?? decision)} ${many(n)}.`;
}

/** @param {string} decision */
export function doing(decision) {
  /** @type {Record<string, string>} */
  const words = { approve: "Approving…", reject: "Rejecting…", spam: "Marking as spam…", delete: "Deleting…" };
  return words[decision] ?? "Sending…";
}

/** @param {string} decision */
export function notDone(decision) {
  return `Not ${DONE[decision] ?? "done"}.`;
}

/**
 * Why a post is in this queue no more.
 * @param {Post} post
 */
export function fate(post) {
  if (post.status === "deleted") return "Deleted by its author";
  const latest = post.history.find((row) => row.kind in DONE);
  if (!latest) return `Now ${(STATUS_NAMES[post.status] ?? post.status).toLowerCase()}`;
  return `${capital(DONE[latest.kind] ?? latest.kind)} by ${latest.by}`;
}

/**
 * What the faster one of two did.
 * @param {{ status: string, by: string }} outcome
 */
export function conflict({ status, by }) {
  if (status === "deleted") return "Its author deleted this a moment ago.";
  if (status === "pending" || status === "shadowed") return `${by || "Somebody"} put this back a moment ago.`;
  if (status === "spam") return `${by || "Somebody"} marked this as spam a moment ago.`;
  return `${by || "Somebody"} ${BECAME[status] ?? "changed"} this a moment ago.`;
}

/** @param {{ kind: string, by: string }} row */
export function history({ kind, by }) {
  return `${by} ${HISTORY[kind] ?? kind}`;
}

/**
 * @param {string} moment
 * @param {number} now milliseconds
 */
export function ago(moment, now) {
  const seconds = Math.max(0, (now - Date.parse(moment)) / 1000);
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  if (seconds < 30 * 86_400) return `${many(Math.round(seconds / 86_400), "day")} ago`;
  return new Date(moment).toLocaleDateString("en", { year: "numeric", month: "short", day: "numeric" });
}

/**
 * What became of an author's posts: "12 published, 1 spam".
 * @param {Record<string, number>} posts
 */
export function record(posts) {
  const named = Object.keys(STATUS_NAMES).filter((status) => posts[status]);
  if (named.length === 0) return "no comments yet";
  return named.map((status) => `${posts[status]} ${(STATUS_NAMES[status] ?? status).toLowerCase()}`).join(", ");
}

/**
 * @param {import("./shapes.js").Author} author
 * @param {number} now
 */
export function banned(author, now) {
  if (author.banned && (!author.banned_until || Date.parse(author.banned_until) > now))
    return author.banned_until ? `Banned until ${new Date(author.banned_until).toLocaleDateString("en")}` : "Banned";
  return author.shadow_banned ? "Shadow-banned" : "";
}
