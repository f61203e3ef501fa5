// Builds static/embed/ from src/, the same bytes for the same source; `--check` fails when the committed files differ.
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { minify } from "terser";

const root = fileURLToPath(new URL(".", import.meta.url));
const target = `${root}static/embed/`;
const common = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  write: false,
  charset: "utf8",
  legalComments: "none",
  external: ["/embed/*"], // what the app loads later
  target: ["es2022"],
};
/** Class fields as they stand, which are shorter than assignments in a block. */
const FIELDS = { compilerOptions: { useDefineForClassFields: true } };
/** The same as in comments/pages/assets.py: what the app loads later has its content's hash in its address. */
const address = (name, text) => {
  const version = createHash("sha256").update(text).digest("hex").slice(0, 10);
  return JSON.stringify(`/embed/${name}.${version}.js`);
};

// terser after esbuild saves about 300 bytes of gzip: it inlines what is used once
async function bundled(options) {
  const result = await build({ ...common, ...options });
  const { text } = result.outputFiles[0];
  if (options.format === undefined) return text;
  const squeezed = await minify(text, {
    compress: {
      ecma: 2020,
      passes: 4,
      pure_getters: true,
      sequences: false, // semicolons compress better than commas
      unsafe_arrows: true,
      unsafe_methods: true,
      unsafe_math: false,
    },
    ecma: 2020,
    module: options.format === "esm",
    toplevel: true,
  });
  return squeezed.code;
}

/** Every file's text, by its name. */
async function outputs() {
  const style = async (name) => JSON.stringify(await bundled({ entryPoints: [`src/${name}.css`] }));
  const script = (entry, define) => bundled({ entryPoints: [entry], format: "esm", define });
  const report = await script("src/write/report.ts", { DIALOG_CSS: await style("dialog") });
  const proof = await script("src/write/proof.ts");
  const signin = await script("src/signin/panel.ts", { SIGNIN_CSS: await style("signin/signin") });
  const ways = await script("src/signin/ways.ts", { WAYS_CSS: await style("signin/ways") });
  const account = await script("src/signin/account.ts", {
    ACCOUNT_CSS: await style("signin/account"),
    DIALOG_CSS: await style("dialog"),
    WAYS_URL: address("ways", ways),
  });
  const who = await script("src/write/who.ts", {
    ACCOUNT_URL: address("account", account),
    SIGNIN_URL: address("signin", signin),
    WHO_CSS: await style("write/who"),
  });
  const write = await script("src/write/index.ts", {
    PROOF_URL: address("proof", proof),
    REPORT_URL: address("report", report),
    WHO_URL: address("who", who),
    WRITE_CSS: await style("write/write"),
  });
  const linked = await script("src/linked.ts");
  const keys = await script("src/keys.ts", { DIALOG_CSS: await style("dialog") });
  const mute = await script("src/mute.ts", { MUTE_CSS: await style("mute") });
  const sso = await script("src/sso.ts");
  const live = await script("src/live.ts");
  return {
    "loader.js": await bundled({ entryPoints: ["src/loader.ts"], format: "iife", tsconfigRaw: FIELDS }),
    "counts.js": await script("src/counts.ts"),
    "host_sso.js": await script("src/host_sso.ts"),
    "app.js": await script("src/app.ts", {
      KEYS_URL: address("keys", keys),
      LINKED_URL: address("linked", linked),
      LIVE_URL: address("live", live),
      MUTE_URL: address("mute", mute),
      SSO_URL: address("sso", sso),
      WRITE_URL: address("write", write),
    }),
    "account.js": account,
    "app.css": await bundled({ entryPoints: ["src/app.css"] }),
    "keys.js": keys,
    "linked.js": linked,
    "live.js": live,
    "mute.js": mute,
    "sso.js": sso,
    "write.js": write,
    "report.js": report,
    "proof.js": proof,
    "signin.js": signin,
    "ways.js": ways,
    "who.js": who,
  };
}

async function committed(name) {
  try {
    return await readFile(target + name, "utf8");
  } catch {
    return null;
  }
}

const stale = [];
await mkdir(target, { recursive: true });
for (const [name, text] of Object.entries(await outputs())) {
  if (process.argv.includes("--check")) {
    if (text !== (await committed(name))) stale.push(name);
  } else {
    await writeFile(target + name, text);
  }
}
if (stale.length > 0) {
  console.error(`stale: static/embed/${stale.join(", static/embed/")}; run "npm run build" in embed/ and commit`);
  process.exit(1);
}
