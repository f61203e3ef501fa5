// Writes the readers' program as one file: `npm run readers -- /tmp/readers.cjs`, then `node /tmp/readers.cjs BASE_URL`.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const [out] = process.argv.slice(2);
if (!out) {
  console.error("usage: npm run readers -- FILE.cjs");
  process.exit(2);
}
await build({
  entryPoints: [fileURLToPath(new URL("readers.ts", import.meta.url))],
  outfile: resolve(process.env.INIT_CWD ?? ".", out), // npm runs this in embed/
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs", // ws requires node's own modules, which a bundled ESM file cannot
  logLevel: "warning",
});
