// The texts that only a writer sees.
import type { Plural } from "../messages";

export const WRITING_TEXTS = {
  cancel: "Cancel",
  confirmDelete: "Really delete?",
  copied: "Link copied",
  name: "Name",
  post: "Post",
  posted: "Comment posted",
  save: "Save",
} satisfies Record<string, string | Plural>;
