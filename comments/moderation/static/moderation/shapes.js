// What the moderators' calls answer with; comments/moderation/queries.py says it.

/**
 * @typedef {"pending" | "reported" | "spam" | "shadowed" | "all"} QueueName
 * @typedef {"approve" | "reject" | "spam" | "delete"} Decision
 *
 * @typedef {object} Author
 * @property {number | null} id
 * @property {string} name
 * @property {string} [email]
 * @property {string} [since]
 * @property {string} [trust]
 * @property {boolean} [shadow_banned]
 * @property {boolean} [banned]
 * @property {string | null} [banned_until]
 * @property {Record<string, number>} [posts]
 * @property {number} [notes]
 *
 * @typedef {{ by: string, until: string, mine: boolean }} Claim
 *
 * @typedef {object} Post
 * @property {number} id
 * @property {{ key: string, name: string }} site
 * @property {{ id: number, key: string, title: string, url: string, locked: boolean }} thread
 * @property {{ id: number, name: string, status: string, excerpt: string } | null} parent
 * @property {Author} author
 * @property {string | null} address
 * @property {string} body
 * @property {string} html sanitised by the server
 * @property {string} created
 * @property {string | null} edited
 * @property {string} status
 * @property {boolean} featured
 * @property {boolean} pinned
 * @property {number} replies
 * @property {number} up
 * @property {number} down
 * @property {{ reason: string, by: string, created: string }[]} flags
 * @property {{ phase: string, outcome: string, reason: string }[]} reasons
 * @property {Claim | null} claim
 * @property {{ kind: string, by: string, reason: string, created: string }[]} history newest first
 *
 * @typedef {Record<string, number>} Counts
 * @typedef {{ posts: Post[], next: string | null, counts: Counts }} QueueAnswer
 * @typedef {{ posts: { id: number, status: string, created: string }[], next: string | null, counts: Counts }} BriefAnswer
 * @typedef {{ id: number, result: "done" | "unchanged" | "conflict" | "claimed" | "gone", status: string, by: string }} Outcome
 * @typedef {{ batch: string, undo_seconds: number, results: Outcome[], counts: Counts }} Decided
 *
 * @typedef {object} Asked what the address says
 * @property {QueueName} queue
 * @property {string} site
 * @property {string} q
 * @property {number | null} author
 * @property {number | null} thread
 * @property {"newest" | "oldest"} order
 *
 * @typedef {object} Boot
 * @property {string} name
 * @property {QueueName[]} queues
 * @property {Counts} counts
 * @property {{ key: string, name: string }[]} sites
 * @property {string} api
 * @property {string} live
 * @property {string} login
 * @property {number} undo_seconds
 * @property {number} claim_seconds
 */
export {};
