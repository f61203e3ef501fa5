// What the app loads later, a file each, and where it is.
import { later } from "./later";
import { addTexts } from "./messages";
import type { Mute } from "./mute";
import type { Writing } from "./write";
import type { Kit } from "./write/kit";

/** The address of what only writers need; the build puts it in. */
declare const WRITE_URL: string;
/** And of what a link to a comment needs. */
declare const LINKED_URL: string;
/** And of what steps through the list by keys. */
declare const KEYS_URL: string;
/** And of what hides the posts of authors whom this reader has muted. */
declare const MUTE_URL: string;
/** And of what keeps the thread current once it is seen. */
declare const LIVE_URL: string;
/** And of what signs readers in whom the site knows. */
declare const SSO_URL: string;

export const WRITE = WRITE_URL;
export const LIVE = LIVE_URL;
export const LOAD_MILLISECONDS = 10_000; // before what could not be loaded is asked for again

export type Files = ReturnType<typeof createFiles>;

export function createFiles(kit: Kit) {
  /** A file with what needs texts of its own. */
  const part = <Part>(url: string) =>
    later(url, (address) =>
      Promise.all([import(address), kit.api.writingTexts(document.documentElement.lang).then(addTexts)]).then(
        ([{ create }]): Part => create(kit),
      ),
    );
  return {
    writing: part<Writing>(WRITE_URL),
    mute: part<Mute>(MUTE_URL),
    live: later(LIVE_URL, (address): Promise<typeof import("./live")> => import(address)),
    linked: later(LINKED_URL, (address): Promise<typeof import("./linked")> => import(address)),
    sso: later(SSO_URL, (address): Promise<typeof import("./sso")> => import(address)),
    keys: later(KEYS_URL, (address): Promise<typeof import("./keys")> => import(address)),
  };
}
