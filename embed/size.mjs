// Fails when the built files, each compressed with gzip -9, outgrow the budget of a reader's first load.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LOADER_BUDGET_BYTES = 2048;
// What comes later, when somebody is about to use it.
const LAZY_BUDGETS_BYTES = { "write.js": 6400, "report.js": 1536, "linked.js": 768 };
const FIRST_LOAD_BUDGET_BYTES = 13824; // loader + document shell + style + app

// The embed document as it is served, with the style and the texts in it; the thread's own data is left out, like the
// API's answers.
const shell = (style, texts) => `<!doctype html>
<html lang="en" dir="ltr" data-theme="light">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Comments on Example</title>
<style>${style}</style>
<main id="kibitz"><noscript><p>Comments need JavaScript.</p></noscript></main>
<script type="application/json" id="kibitz-boot">${JSON.stringify({ texts })}</script>
<script type="module" src="/embed/app.0123456789.js"></script>
`;

const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length;
const built = (name) => readFileSync(new URL(`static/embed/${name}`, import.meta.url), "utf8");

const { app: texts } = JSON.parse(readFileSync(new URL("messages/en.json", import.meta.url), "utf8"));
const sizes = {
  "loader.js": gzipped(built("loader.js")),
  "document with app.css": gzipped(shell(built("app.css"), texts)),
  "app.js": gzipped(built("app.js")),
};
const total = Object.values(sizes).reduce((sum, bytes) => sum + bytes, 0);

const row = (name, bytes, budget) =>
  console.log(name.padEnd(24), String(bytes).padStart(7), budget ? `of ${budget}` : "");
for (const [name, bytes] of Object.entries(sizes)) row(name, bytes, name === "loader.js" && LOADER_BUDGET_BYTES);
row("first load", total, FIRST_LOAD_BUDGET_BYTES);

let isOver = sizes["loader.js"] > LOADER_BUDGET_BYTES || total > FIRST_LOAD_BUDGET_BYTES;
for (const [name, budget] of Object.entries(LAZY_BUDGETS_BYTES)) {
  const bytes = gzipped(built(name));
  row(`${name}, lazy`, bytes, budget);
  isOver ||= bytes > budget;
}

if (isOver) {
  console.error("over the size budget (bytes, gzip -9)");
  process.exit(1);
}
