// The window in which a reader signs in: who may say that it is done, and what happens where it says nothing.
import { expect, test } from "vitest";
import { codeIn, createSecret, openPopup, type PopupPorts } from "../src/signin/popup";
import { FakeClock } from "./fakes";

const OWN = "https://comments.example";

class Opened {
  closed = false;
  close(): void {
    this.closed = true;
  }
}

function browser({ isBlocked = false } = {}) {
  const clock = new FakeClock();
  const popup = new Opened();
  const ears = new Set<(event: MessageEvent) => void>();
  const opened: unknown[][] = [];
  const told: string[] = [];
  const ports = {
    location: { origin: OWN },
    open: (...how: unknown[]) => {
      opened.push(how);
      return isBlocked ? null : popup;
    },
    addEventListener: (_: string, ear: (event: MessageEvent) => void) => ears.add(ear),
    removeEventListener: (_: string, ear: (event: MessageEvent) => void) => ears.delete(ear),
    setTimeout: clock.setTimeout,
    clearTimeout: clock.clearTimeout,
  } as unknown as PopupPorts;
  const close = openPopup(ports, "/auth/github/?site=blog", {
    code: (code) => told.push(code),
    closed: () => told.push("closed"),
  });
  const say = (changes: object = {}) => {
    const message = { data: { kibitz: "handoff", code: "c0de" }, origin: OWN, source: popup, ...changes };
    for (const ear of [...ears]) ear(message as unknown as MessageEvent);
  };
  return { clock, close, ears, opened, popup, say, told };
}

test("a secret is 256 bits, and its challenge the SHA-256 of what is sent later", async () => {
  const [one, other] = [await createSecret(), await createSecret()];

  expect(one?.verifier).toMatch(/^[\w-]{43}$/);
  expect(one?.challenge).toMatch(/^[\w-]{43}$/);
  expect(one?.verifier).not.toBe(other?.verifier);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(one?.verifier));
  const base64 = btoa(String.fromCharCode(...new Uint8Array(digest)));
  expect(base64.replace(/[+/=]/g, (sign) => ({ "+": "-", "/": "_" })[sign] ?? "")).toBe(one?.challenge);
});

test("without SHA-256, on plain http, there is none", async () => {
  const poor = { getRandomValues: crypto.getRandomValues.bind(crypto) } as unknown as Crypto;

  expect(await createSecret(poor)).toBeNull();
});

test("the window's code is heard once", async () => {
  const { clock, ears, opened, say, told } = browser();

  say();
  say();
  await clock.advance(700);

  expect(opened[0]?.slice(0, 2)).toEqual(["/auth/github/?site=blog", "_blank"]);
  expect(told).toEqual(["c0de"]);
  expect(ears.size).toBe(0);
  expect(clock.timers.size).toBe(0);
});

test.each([
  ["another window", { source: new Opened() }],
  ["no window at all", { source: null }],
  ["another origin", { origin: "https://evil.example" }],
  ["an origin that begins as ours", { origin: `${OWN}.evil.example` }],
  ["no origin", { origin: "null" }],
  ["another message", { data: { kibitz: "height", code: "c0de" } }],
  ["no message", { data: null }],
  ["a code that is no text", { data: { kibitz: "handoff", code: ["c0de"] } }],
])("nobody else is believed: %s", (_, changes) => {
  const { say, told } = browser();

  say(changes);

  expect(told).toEqual([]);
});

test("a window that closes without a word says so once, and nothing asks any more", async () => {
  const { clock, popup, told } = browser();

  await clock.advance(5);
  expect(told).toEqual([]);
  popup.close();
  await clock.advance(60);

  expect(told).toEqual(["closed"]);
  expect(clock.timers.size).toBe(0);
});

test("what it said as it closed may come after", async () => {
  const { clock, popup, say, told } = browser();
  popup.close();
  await clock.advance(1);

  say();

  expect(told).toEqual(["closed", "c0de"]);
});

test("one that stays open is not asked about for ever", async () => {
  const { clock, told } = browser();

  await clock.advance(3600);

  expect(told).toEqual(["closed"]);
  expect(clock.timers.size).toBe(0);
});

test("who gives up closes it and hears it no more", async () => {
  const { clock, close, popup, say, told } = browser();

  close?.();
  say();
  await clock.advance(60);

  expect(popup.closed).toBe(true);
  expect(told).toEqual([]);
});

test("one that the browser blocks is none", () => {
  const { close, ears } = browser({ isBlocked: true });

  expect(close).toBeNull();
  expect(ears.size).toBe(0);
});

test("a code needs our own origin even where the source is the window", () => {
  const source = new Opened() as unknown as Window;
  const event = { data: { kibitz: "handoff", code: "c" }, source } as unknown as MessageEvent;

  expect(codeIn({ ...event, origin: OWN } as MessageEvent, source, OWN)).toBe("c");
  expect(codeIn({ ...event, origin: "" } as MessageEvent, source, OWN)).toBe("");
});
