// Markdown by button: what the toolbar does to a text and its selection.

export type Mark = "bold" | "italic" | "link" | "quote" | "code" | "list";

/** Replace `from`..`to` by `insert`, then select `start`..`end` of the result. */
export interface Change {
  from: number;
  to: number;
  insert: string;
  start: number;
  end: number;
}

const SIGNS = { bold: "**", italic: "*", code: "`" };
const PREFIXES = { quote: "> ", list: "- " };
const ADDRESS = "https://";

export function marked(mark: Mark, text: string, start: number, end: number): Change {
  if (mark === "quote" || mark === "list") return prefixed(PREFIXES[mark], text, start, end);
  const chosen = text.slice(start, end);
  if (mark === "link") return linked(chosen, start, end);
  if (mark === "code" && chosen.includes("\n")) return inserted(start, end, "```\n", chosen, "\n```");
  return wrapped(SIGNS[mark], text, start, end);
}

function inserted(from: number, to: number, before: string, chosen: string, after: string): Change {
  const start = from + before.length;
  return { from, to, insert: before + chosen + after, start, end: start + chosen.length };
}

/** Puts the sign around the selection, or takes it away where it is there already. */
function wrapped(sign: string, text: string, start: number, end: number): Change {
  const chosen = text.slice(start, end);
  const { length } = sign;
  const isAround = start >= length && text.slice(start - length, start) === sign && text.startsWith(sign, end);
  const stars = /\**$/.exec(text.slice(0, start))?.[0].length ?? 0;
  if (isAround && (sign !== "*" || stars % 2 === 1))
    // two stars are bold, and no italics to take away
    return { from: start - length, to: end + length, insert: chosen, start: start - length, end: end - length };
  return inserted(start, end, sign, chosen, sign);
}

/** Selects what is still to be written: the address, or the words for an address that was selected. */
function linked(chosen: string, from: number, to: number): Change {
  if (/^https?:\/\/\S+$/.test(chosen)) return { from, to, insert: `[](${chosen})`, start: from + 1, end: from + 1 };
  const start = from + chosen.length + (chosen ? 3 : 1);
  const end = chosen ? start + ADDRESS.length : start;
  return { from, to, insert: `[${chosen}](${ADDRESS})`, start, end };
}

/** Begins each line that the selection touches with the prefix, or takes it away where all have it. */
function prefixed(prefix: string, text: string, start: number, end: number): Change {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const next = text.indexOf("\n", end);
  const to = next < 0 ? text.length : next;
  const lines = text.slice(from, to).split("\n");
  const isMarked = lines.every((line) => line.startsWith(prefix));
  const insert = lines.map((line) => (isMarked ? line.slice(prefix.length) : prefix + line)).join("\n");
  const place = from + insert.length;
  return { from, to, insert, start: lines.length > 1 ? from : place, end: place };
}
