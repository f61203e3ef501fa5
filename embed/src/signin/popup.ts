// The window in which a reader signs in with somebody who lets nobody frame them, and what it sends back.

const VERIFIER_BYTES = 32;
const LOOK_MILLISECONDS = 500;
const LOOKS_MAX = 1200; // ten minutes, as long as the server waits for who went there
const FEATURES = "popup,width=480,height=640";

/** Only who knows the verifier can redeem what the window that knows the challenge brings back. */
export interface Secret {
  verifier: string;
  challenge: string;
}

export interface PopupListener {
  /** The one-time code that the window has sent. */
  code(code: string): void;
  /** It is closed, or out of reach, and has sent nothing so far. */
  closed(): void;
}

export type PopupPorts = Pick<Window, "open" | "addEventListener" | "removeEventListener"> & {
  location: Pick<Location, "origin">;
  setTimeout(run: () => void, milliseconds: number): number;
  clearTimeout(handle: number): void;
};

/** Null where the browser has no SHA-256: on plain http, but for the machine itself. */
export async function createSecret(from: Pick<Crypto, "getRandomValues" | "subtle"> = crypto): Promise<Secret | null> {
  if (!from.subtle) return null;
  const verifier = base64url(from.getRandomValues(new Uint8Array(VERIFIER_BYTES)));
  const digest = await from.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return { verifier, challenge: base64url(new Uint8Array(digest)) };
}

/** The code, where the message is from this window and our own origin and is what our page there sends; else empty. */
export function codeIn({ data, origin, source }: MessageEvent, popup: Window, own: string): string {
  const isOurs = source === popup && origin === own && data?.kibitz === "handoff";
  return isOurs && typeof data.code === "string" ? data.code : "";
}

/** Opens it, within the click; returns what closes it and hears it no more, or null where the browser blocked it. */
export function openPopup(ports: PopupPorts, url: string, listener: PopupListener): (() => void) | null {
  const popup = ports.open(url, "_blank", FEATURES);
  if (!popup) return null;
  let looks = 0;
  let timer = 0;

  function end(): void {
    ports.clearTimeout(timer);
    ports.removeEventListener("message", hear);
  }

  function hear(event: MessageEvent): void {
    const code = codeIn(event, popup as Window, ports.location.origin);
    if (!code) return;
    end();
    listener.code(code);
  }

  function look(): void {
    // what it sent before it closed may come after; the ear stays open
    if (popup?.closed || ++looks > LOOKS_MAX) listener.closed();
    else timer = ports.setTimeout(look, LOOK_MILLISECONDS);
  }

  ports.addEventListener("message", hear);
  timer = ports.setTimeout(look, LOOK_MILLISECONDS);
  return () => {
    end();
    popup.close();
  };
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
