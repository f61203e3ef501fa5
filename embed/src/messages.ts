// Every text that a reader sees, and how numbers and times are written. One language so far.
import type { REPORT_TEXTS, WRITING_TEXTS } from "./write/texts";

export type Plural = { one: string; other: string };

const TEXTS = {
  awaiting: "Awaiting moderation",
  best: "Best",
  body: "Your comment",
  collapse: "Collapse",
  comments: { one: "{n} comment", other: "{n} comments" },
  controversial: "Controversial",
  delete: "Delete",
  deleted: "[deleted]",
  downvote: "Vote down",
  edit: "Edit",
  edited: "edited",
  empty: "No comments yet. Be the first.",
  expand: { one: "{n} reply", other: "{n} replies" },
  failed: "That did not work.",
  guestsClosed: "Only members can comment.",
  link: "Link",
  live: "Live",
  loadMore: "Show more comments",
  locked: "Comments are closed.",
  moderated: "Comments appear after a moderator's approval.",
  newComments: { one: "{n} new comment", other: "{n} new comments" },
  newest: "Newest",
  offline: "Offline",
  oldest: "Oldest",
  pinned: "Pinned",
  placeholder: "Join the discussion…",
  notReady: "This could not be loaded.",
  readers: "about {n} reading",
  reconnecting: "Reconnecting…",
  removed: "Removed by a moderator",
  reply: "Reply",
  report: "Report",
  replyTo: "in reply to {n}",
  retry: "Retry",
  showReplies: "Show more replies",
  sort: "Sort by",
  throttled: { one: "Please wait {n} second.", other: "Please wait {n} seconds." },
  typing: "{n} typing",
  unreachable: "The server cannot be reached.",
  upvote: "Vote up",
} satisfies Record<string, string | Plural>;

export type TextKey = keyof typeof TEXTS | keyof typeof WRITING_TEXTS | keyof typeof REPORT_TEXTS;

/** Takes in the texts of a part that came later. */
export function addTexts(texts: Record<string, string | Plural>): void {
  Object.assign(TEXTS, texts);
}

const language = document.documentElement.lang || "en";
const plurals = new Intl.PluralRules("en"); // the language of TEXTS, which has the two forms of Plural
const exact = new Intl.NumberFormat(language);
const compact = new Intl.NumberFormat(language, { notation: "compact" });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });

/** `value` fills {n}, and chooses the plural where it is a number. */
export function text(key: TextKey, value: number | string = ""): string {
  const found = (TEXTS as Record<string, string | Plural>)[key] ?? key;
  const template = typeof found === "string" ? found : found[plurals.select(Number(value)) as keyof Plural];
  return template.replace("{n}", () => (typeof value === "number" ? exact.format(value) : value));
}

/** 1,280 as 1.3K. */
export function roundNumber(value: number): string {
  return compact.format(value);
}

const SECONDS = { year: 31_557_600, month: 2_629_800, week: 604_800, day: 86_400, hour: 3600, minute: 60 };

/** Both in milliseconds. */
export function timeAgo(then: number, now: number): string {
  for (const [unit, seconds] of Object.entries(SECONDS)) {
    const passed = Math.trunc((now - then) / 1000 / seconds);
    if (passed > 0) return relative.format(-passed, unit as keyof typeof SECONDS);
  }
  return relative.format(0, "second");
}
