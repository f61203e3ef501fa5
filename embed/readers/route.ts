// The way that a reader's live line takes.
import type { LiveAddresses } from "../src/live";

/**
 * `via` "push": the addresses as the bootstrap gives them; "front": Channels' behind the front of `base`; "host:port":
 * the same path there instead, where something sits in between and does harm.
 */
export function routed({ ws, sse }: LiveAddresses, via: string, base: string, key: string): LiveAddresses {
  if (via === "push") return { ws, sse };
  const to = (address: string): string => {
    const { protocol, pathname, search } = new URL(address);
    const front = new URL(base);
    if (via !== "front") return `${protocol}//${via}${pathname}${search}`;
    const isSecure = front.protocol === "https:";
    const scheme = protocol.startsWith("ws") ? "ws" : "http";
    return `${scheme}${isSecure ? "s" : ""}://${front.host}/live/${key}`;
  };
  return { ws: to(ws), sse: to(sse) };
}
