// Works for a post that looks suspicious: solves the server's challenge, and sends the post again with it. A file of its
// own, for hardly anybody ever needs it.
import type { Post } from "../frames";
import type { Challenge, ChallengeParameters } from "../wire";
import type { Kit } from "./kit";
import { pbkdf2 } from "./pbkdf2";

const AT_ONCE = 4; // counters, so that the browser's threads need not wait for this one

type Derive = (counter: number) => Promise<ArrayBuffer>;
export type Prove = (create: (proof: string) => Promise<Post>, show: (sentence: string) => void) => Promise<Post>;

export function createProof({ api, page, say, text }: Pick<Kit, "api" | "page" | "say" | "text">): Prove {
  return async (create, show) => {
    show(text("checking"));
    say(text("checking"));
    const challenge = await api.send<Challenge>("GET", `sites/${page.site}/challenge/`);
    const solution = await solve(challenge.parameters);
    return create(btoa(JSON.stringify({ challenge, solution })));
  };
}

/** Never blocks the page for long: what takes time is the browser's to compute, or comes in slices. */
export async function solve(
  parameters: ChallengeParameters,
  subtle: SubtleCrypto | undefined = crypto.subtle,
): Promise<{ counter: number; derivedKey: string }> {
  const derive = deriving(parameters, subtle);
  for (let first = 0; ; first += AT_ONCE) {
    const counters = Array.from({ length: AT_ONCE }, (_, index) => first + index);
    const keys = (await Promise.all(counters.map(derive))).map(hex);
    const found = keys.findIndex((key) => key.startsWith(parameters.keyPrefix));
    if (found >= 0) return { counter: first + found, derivedKey: keys[found] as string };
  }
}

function deriving({ cost, keyLength, nonce, salt }: ChallengeParameters, subtle: SubtleCrypto | undefined): Derive {
  const saltBytes = bytes(salt);
  const password = (counter: number) => {
    const found = new Uint8Array(nonce.length / 2 + 4);
    found.set(bytes(nonce));
    new DataView(found.buffer).setUint32(nonce.length / 2, counter);
    return found;
  };
  // browsers have it on secure origins only; a Kibitz on a plain LAN address must work too
  if (!subtle) {
    return async (counter) => {
      await new Promise((resolve) => setTimeout(resolve));
      return pbkdf2(password(counter), saltBytes, cost).slice(0, keyLength);
    };
  }
  const algorithm = { name: "PBKDF2", hash: "SHA-256", salt: saltBytes, iterations: cost };
  return async (counter) => {
    const key = await subtle.importKey("raw", password(counter), "PBKDF2", false, ["deriveBits"]);
    return subtle.deriveBits(algorithm, key, keyLength * 8);
  };
}

function bytes(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function hex(buffer: ArrayBuffer): string {
  return Array.from(new Uint8Array(buffer), (byte) => (byte + 256).toString(16).slice(1)).join("");
}
