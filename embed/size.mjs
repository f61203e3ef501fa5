// Fails when a built file, compressed with gzip -9, outgrows its budget. What a reader loads first in all, with the real
// document, is tests/integration/test_first_posts.py's to weigh.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGETS_BYTES = {
  "loader.js": 2048,
  "app.css": 2560,
  "app.js": 9728,
  // what comes later: once the comments are seen, or somebody is about to use it
  "live.js": 3072,
  "write.js": 7104, // 440 of it are for asking who writes, after the fact
  "who.js": 2048, // 400 of it are for taking what a member leaves behind
  "signin.js": 5120,
  "account.js": 3584,
  "ways.js": 3072,
  "report.js": 1536,
  "proof.js": 1536,
  "linked.js": 768,
  "mute.js": 1024,
  "keys.js": 1536,
  "counts.js": 1024,
  "sso.js": 1344,
  "host_sso.js": 1024,
};

let isOver = false;
for (const [name, budget] of Object.entries(BUDGETS_BYTES)) {
  const bytes = gzipSync(readFileSync(new URL(`static/embed/${name}`, import.meta.url)), { level: 9 }).length;
  console.log(name.padEnd(12), String(bytes).padStart(6), `of ${budget}`);
  isOver ||= bytes > budget;
}
if (isOver) {
  console.error("over the size budget (bytes, gzip -9)");
  process.exit(1);
}
