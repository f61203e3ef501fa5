// What the host page's loader and the app in the frame say to each other, by direction; it carries no secret.
export type Theme = "light" | "dark";

/** Loader -> frame. */
export type ToFrame =
  | { kibitz: "theme"; theme: Theme }
  /** The host page's address asks for this post. */
  | { kibitz: "goto"; id: number };

/** Frame -> loader. */
export type ToHost =
  | { kibitz: "ready" }
  /** CSS pixels of the whole document. */
  | { kibitz: "height"; height: number }
  | { kibitz: "count"; count: number }
  | { kibitz: "post"; id: number }
  /** Bring this place of the frame, in CSS pixels from its top, into view. */
  | { kibitz: "scroll"; top: number };

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
