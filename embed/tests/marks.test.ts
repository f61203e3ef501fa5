// Markdown by button: | is the caret, [ and ] around it a selection.
import { expect, test } from "vitest";
import { type Mark, marked } from "../src/write/marks";

/** The text after the mark, with its selection drawn in. */
function after(mark: Mark, drawn: string): string {
  const start = drawn.search(/[|«]/);
  const text = drawn.replace(/[|«»]/g, "");
  const end = drawn.includes("»") ? drawn.indexOf("»") - 1 : start;
  const change = marked(mark, text, start, end);
  const result = text.slice(0, change.from) + change.insert + text.slice(change.to);
  const [from, to] = [change.start, change.end];
  if (from === to) return `${result.slice(0, from)}|${result.slice(from)}`;
  return `${result.slice(0, from)}«${result.slice(from, to)}»${result.slice(to)}`;
}

test.each<[Mark, string, string]>([
  ["bold", "a «word» here", "a **«word»** here"],
  ["bold", "a **«word»** here", "a «word» here"],
  ["bold", "|", "**|**"],
  ["italic", "«a»", "*«a»*"],
  ["italic", "*«a»*", "«a»"],
  ["italic", "**«a»**", "***«a»***"],
  ["italic", "***«a»***", "**«a»**"],
  ["code", "«a»", "`«a»`"],
  ["code", "«a\nb»", "```\n«a\nb»\n```"],
  ["link", "see «this»", "see [this](«https://»)"],
  ["link", "«https://example.org»", "[|](https://example.org)"],
  ["link", "|", "[|](https://)"],
  ["quote", "one\ntw|o\nthree", "one\n> two|\nthree"],
  ["quote", "«one\ntwo»", "«> one\n> two»"],
  ["quote", "«> one\n> two»", "«one\ntwo»"],
  ["list", "«one\ntwo»\nthree", "«- one\n- two»\nthree"],
  ["list", "|", "- |"],
])("%s of %j is %j", (mark, drawn, expected) => {
  expect(after(mark, drawn)).toBe(expected);
});
