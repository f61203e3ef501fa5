// The texts that only a writer sees.
import type { Plural } from "../messages";

export const WRITING_TEXTS = {
  bold: "Bold",
  cancel: "Cancel",
  code: "Code",
  confirmDelete: "Really delete?",
  copied: "Link copied",
  discard: "Discard",
  formatting: "Formatting",
  guest: "Guest",
  italic: "Italic",
  left: { one: "{n} min. left to edit", other: "{n} min. left to edit" },
  list: "List",
  name: "Name",
  nothing: "Nothing to preview yet.",
  post: "Post",
  posted: "Comment posted",
  preview: "Preview",
  quote: "Quote",
  save: "Save",
  sending: "Sending…",
  unsent: "Not sent.",
  unsentOffline: "You are offline. This is posted as soon as you are back.",
  write: "Write",
  writeFirst: "Write something first.",
} satisfies Record<string, string | Plural>;

/** And those of the dialog in which a post is reported. */
export const REPORT_TEXTS = {
  abuse: "Abusive or hateful",
  note: "Anything that helps the moderators (optional)",
  offTopic: "Off topic",
  other: "Something else",
  reported: "Reported",
  reportThanks: "Thank you. A moderator will look at it.",
  reportTitle: "What is wrong with this comment?",
  spam: "Spam or advertising",
} satisfies Record<string, string | Plural>;
