// sso.js: signs in whom the host page's token names, and out where nobody is signed in there, without a click.
import type { ApiError } from "./api";
import type { ToHost } from "./host_messages";
import { askSession, type Signing, signIn, signOut } from "./signin/session";

interface Kit extends Signing {
  /** Draws the list anew: a member's own posts are others than a guest's. */
  changed(): void;
  /** Shows who is signed in. */
  prepare(): void;
  tellHost(message: ToHost): void;
}

const PROVIDER = "sso";
const OPTION = "sso";
/** Enough of a token's signature to know it again, and of no use without what it signs. */
const TAIL_CHARS = 24;

let last: Promise<void> = Promise.resolve();

/** Each waits for the one before: what the page said last holds. */
export function take(kit: Kit, token: unknown): Promise<void> {
  const follows = last.then(() => follow(kit, typeof token === "string" ? token : ""));
  const shown = follows.then(() => {
    kit.changed();
    if (kit.storage.author) kit.prepare();
  });
  last = shown.catch(() => undefined); // at the next load
  return last;
}

async function follow(kit: Kit, token: string): Promise<void> {
  if (token) await enter(kit, token);
  else await leave(kit);
}

async function enter(kit: Kit, token: string): Promise<void> {
  const { api, page, storage, tellHost } = kit;
  const mark = token.slice(-TAIL_CHARS);
  const [known, subject] = split(storage.option(OPTION));
  if (storage.author && mark === known) return;
  try {
    await signIn({ api, page, storage }, `sites/${page.site}/sso/`, { token });
    storage.setOption(OPTION, `${mark} ${subjectOf(token)}`);
  } catch (error) {
    const { code, message, status } = error as ApiError; // the app's class, which this file has no part of
    if (!status) throw error;
    // a page that was kept for long has an old token; its reader is who they were
    const session = await askSession(kit);
    if (session.author && session.author.provider !== PROVIDER) return;
    if (session.author && subject && subject === subjectOf(token)) return;
    tellHost({ kibitz: "refused", code, detail: message });
    if (status === 401) await leave(kit); // whoever it is, it is not the one before
  }
}

/** Those whom the site signed in; who came in by another way stays. */
async function leave(kit: Kit): Promise<void> {
  kit.storage.setOption(OPTION, "");
  if (!kit.storage.author) return;
  const { author } = await askSession(kit);
  if (author?.provider === PROVIDER) await signOut(kit);
}

function split(option: string): [string, string] {
  const [mark = "", ...rest] = option.split(" ");
  return [mark, rest.join(" ")];
}

/** Whom a token names. It is not checked here: nothing is given for it. */
function subjectOf(token: string): string {
  try {
    const claims = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    return encodeURIComponent(JSON.parse(atob(claims)).sub);
  } catch {
    return "";
  }
}
