// What the host page's loader and the app in the frame say to each other, by direction. The only secret
// among it is the site's own token for its reader, from the host page to the frame.
export type Theme = "light" | "dark";

/** The host page's --kibitz-* properties that reach the frame; the first five are colours. */
export const TOKENS = ["fg", "muted", "line", "accent", "danger", "font", "radius", "size"] as const;

/** Loader -> frame. */
export type ToFrame =
  /** The tokens' values in the order of TOKENS, empty where the host has none. */
  | { kibitz: "theme"; theme: Theme; tokens: string[] }
  /** The host page's address asks for this post. */
  | { kibitz: "goto"; id: number }
  /** Whom the site says its reader is; empty: nobody is signed in there. From host_sso.ts. */
  | { kibitz: "sso"; token: string };

/** Frame -> loader. */
export type ToHost =
  | { kibitz: "ready" }
  /** CSS pixels of the whole document; by `shift` of them what is being read moved down in it, and is to be scrolled. */
  | { kibitz: "height"; height: number; shift: number }
  | { kibitz: "count"; count: number }
  | { kibitz: "post"; id: number }
  /** Bring this place of the frame, in CSS pixels from its top, into view. */
  | { kibitz: "scroll"; top: number }
  /** Who is signed in at the site? Asked where the site has a sign-in of its own. */
  | { kibitz: "sso" }
  /** The reader wants to sign in there: `url` is the site's page for that, or empty. */
  | { kibitz: "login"; url: string }
  /** The site's token was refused. */
  | { kibitz: "refused"; code: string; detail: string };

/**
 * The frame's side; returns the function that sends. What is sent before the loader's first message waits for it: only
 * then is the host's origin known. `take` gets the host's values unchecked, and must trust none of them.
 */
export function connectHost(origins: string[], take: (message: ToFrame) => void): (message: ToHost) => void {
  const waiting: ToHost[] = [];
  let host: string | null = null;
  const send = (message: ToHost) => {
    if (host === null) waiting.push(message);
    else parent.postMessage(message, host);
  };
  addEventListener("message", ({ data, origin, source }) => {
    if (parent === window || source !== parent || !origins.includes(origin)) return;
    host = origin;
    waiting.splice(0).forEach(send);
    if (data?.kibitz) take(data);
  });
  return send;
}

const OTHER_PROPERTIES = ["font-family", "border-radius", "font-size"]; // of the tokens that are no colours
// Escapes, and every function but those of colours and lengths: var() and its like would hide what comes in.
const UNSAFE = /(?<!\b((rgb|hsl)a?|hwb|(ok)?l(ab|ch)|color(-mix)?|calc|min|max|clamp))\(|\\/i;
const VALUE_MAX_CHARS = 200;

/** Each token with its value, or with nothing where the value is none that its property could have. */
export function safeTokens(values: unknown): [string, string][] {
  return TOKENS.map((name, index) => {
    const value: unknown = Array.isArray(values) && values[index];
    const property = OTHER_PROPERTIES[index - 5] ?? "color";
    const isText = typeof value === "string" && value.length <= VALUE_MAX_CHARS;
    return [name, isText && !UNSAFE.test(value) && CSS.supports(property, value) ? value : ""];
  });
}
