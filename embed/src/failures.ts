// What a failed call means to the reader.
import { ApiError } from "./api";
import { boot } from "./boot";
import { type TextKey, text } from "./messages";
import { h, setText } from "./view/dom";

const ERROR_MILLISECONDS = 8000;

/** In words. */
export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return text("failed");
  if (error.code in boot.texts) return text(error.code as TextKey, error.retryAfter || 1);
  return error.message || text(error.status ? "failed" : "unreachable");
}

/** Says it beside what was clicked, and aloud. */
export function fail(clicked: Element, error: unknown): void {
  const message = h("p", "error", { role: "alert" });
  clicked.after(message);
  setText(message, explain(error));
  setTimeout(() => message.remove(), ERROR_MILLISECONDS);
}
