// Work for a post that looks suspicious: the right counter is found, with the browser's own PBKDF2 or without it.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Post } from "../src/frames";
import type { ChallengeParameters } from "../src/wire";
import { pbkdf2 } from "../src/write/pbkdf2";
import { createProof, solve } from "../src/write/proof";

const SLICE_MAX_MILLISECONDS = 1000; // a busy machine is no fault

const random = () => crypto.getRandomValues(new Uint8Array(16));
const hex = (bytes: Iterable<number>) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** As the standard has it. */
async function derived(password: Uint8Array<ArrayBuffer>, salt: Uint8Array<ArrayBuffer>, iterations: number) {
  const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  const algorithm = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return hex(new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, 256)));
}

/** What the server signs for this counter, which is below 256. */
async function challengeFor(counter: number, cost = 10): Promise<ChallengeParameters> {
  const [nonce, salt] = [random(), random()];
  return {
    algorithm: "PBKDF2/SHA-256",
    nonce: hex(nonce),
    salt: hex(salt),
    cost,
    keyLength: 32,
    keyPrefix: (await derived(Uint8Array.of(...nonce, 0, 0, 0, counter), salt, cost)).slice(0, 32),
    keySignature: "signed",
    expiresAt: 0,
    data: { site: "blog" },
  };
}

test.each([
  ["the browser's own", crypto.subtle],
  ["ours", undefined],
])("the counter is found with %s PBKDF2, and the key with it", async (_, subtle) => {
  for (const counter of [0, 3, 4, 57]) {
    const parameters = await challengeFor(counter);

    const found = await solve(parameters, subtle);

    expect(found.counter).toBe(counter);
    expect(found.derivedKey.startsWith(parameters.keyPrefix)).toBe(true);
    expect(found.derivedKey).toHaveLength(64);
  }
});

test("our PBKDF2 is the one of the standard", async () => {
  const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((found) => Uint8Array.from(found));
  await fc.assert(
    fc.asyncProperty(bytes(64), bytes(51), fc.integer({ min: 1, max: 20 }), async (password, salt, iterations) => {
      const found = hex(new Uint8Array(pbkdf2(password, salt, iterations)));

      expect(found).toBe(await derived(password, salt, iterations));
    }),
    { numRuns: 300 },
  );
});

test("without the browser's own the page is free in between", async () => {
  const parameters = await challengeFor(20, 200);
  let ticks = 0;
  const clock = setInterval(() => ticks++, 0);
  let longest = 0;
  let last = performance.now();
  const watch = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 0);

  await solve(parameters, undefined);

  clearInterval(clock);
  clearInterval(watch);
  expect(ticks).toBeGreaterThan(1);
  expect(longest).toBeLessThan(SLICE_MAX_MILLISECONDS);
});

test("the post is sent again with the challenge and its solution, and the reader is told meanwhile", async () => {
  const challenge = { parameters: await challengeFor(5), signature: "s" };
  const [asked, said, shown, proofs]: string[][] = [[], [], [], []];
  const prove = createProof({
    api: {
      send: async (method: string, path: string) => {
        asked?.push(`${method} ${path}`);
        return challenge;
      },
    },
    page: { site: "blog" },
    say: (sentence: string) => said?.push(sentence),
    text: (key: string) => `<${key}>`,
  } as unknown as Parameters<typeof createProof>[0]);

  const post = await prove(
    async (proof) => {
      proofs?.push(proof);
      return { id: 7 } as Post;
    },
    (sentence) => shown?.push(sentence),
  );

  expect(post.id).toBe(7);
  expect(asked).toEqual(["GET sites/blog/challenge/"]);
  expect([said, shown]).toEqual([["<checking>"], ["<checking>"]]);
  const sent = JSON.parse(atob(proofs?.[0] ?? ""));
  expect(sent.challenge).toEqual(challenge);
  expect(sent.solution.counter).toBe(5);
});
