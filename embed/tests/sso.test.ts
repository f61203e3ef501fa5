import { beforeEach, expect, test, vi } from "vitest";
import type { ApiError } from "../src/api";
import type { ToHost } from "../src/host_messages";
import { take } from "../src/sso";
import { Storage } from "../src/storage";

type Author = { key: string; provider: string } | null;

const TOKEN = tokenOf("7", 1);

function tokenOf(sub: string, number: number): string {
  return `e30.${btoa(JSON.stringify({ sub }))}.${"signature-of-token-".repeat(2)}${number}`;
}

/** A server on which `refusal` waits for the next token. */
function world(author: Author = null, refusal?: ApiError) {
  const asked: string[] = [];
  const told: ToHost[] = [];
  const server = { author, refusal };
  const send = async (method: string, path: string) => {
    asked.push(`${method} ${path}`);
    if (path.endsWith("/sso/")) {
      if (server.refusal) throw server.refusal;
      server.author = { key: "ann", provider: "sso" };
    }
    if (method === "DELETE") server.author = null;
    return { author: server.author, ticket: "" };
  };
  const storage = new Storage(crypto.randomUUID(), "thread");
  storage.author = author?.key ?? "";
  const seen: string[] = [];
  const kit = {
    api: { send },
    changed: () => undefined,
    page: { site: "blog" },
    prepare: () => seen.push(storage.author),
    storage,
    tellHost: (message: ToHost) => told.push(message),
  };
  return { kit: kit as unknown as Parameters<typeof take>[0], storage, asked, told, seen, server };
}

beforeEach(() => {
  vi.stubGlobal("document", Object.assign(new EventTarget(), { querySelectorAll: () => [] }));
});

/** Of no class that sso.js knows: the app's own is another one there. */
const refused = (code: string, status = 401) => Object.assign(new Error("Why."), { status, code }) as ApiError;

test("a token signs in, once", async () => {
  const { kit, storage, asked } = world();

  await take(kit, TOKEN);
  await take(kit, TOKEN);

  expect(storage.author).toBe("ann");
  expect(asked).toEqual(["POST sites/blog/sso/", "GET sites/blog/session/"]);
  expect(TOKEN).not.toBe(storage.option("sso").split(" ")[0]);
});

test("who is signed in is shown, nobody is not", async () => {
  const { kit, seen } = world();

  await take(kit, "");
  await take(kit, TOKEN);
  await take(kit, "");

  expect(seen).toEqual(["ann"]);
});

test("nobody signed in at the site is nobody here", async () => {
  const { kit, storage, server } = world();
  await take(kit, TOKEN);

  await take(kit, "");

  expect([server.author, storage.author, storage.option("sso")]).toEqual([null, "", ""]);
});

test("who came in by another way stays", async () => {
  const { kit, storage } = world({ key: "bob", provider: "google" });

  await take(kit, "");
  await take(kit, undefined);

  expect(storage.author).toBe("bob");
});

test("where nobody is signed in nothing is asked", async () => {
  const { kit, asked } = world();

  await take(kit, "");

  expect(asked).toEqual([]);
});

test("a used token of who is signed in is no error", async () => {
  const { kit, storage, told, server } = world();
  await take(kit, TOKEN);
  server.refusal = refused("sso_token_used");

  await take(kit, tokenOf("7", 2));

  expect([storage.author, told]).toEqual(["ann", []]);
});

test("a refused token of another reader signs out the one before", async () => {
  const { kit, storage, told, server } = world();
  await take(kit, TOKEN);
  server.refusal = refused("invalid_sso_token");

  await take(kit, tokenOf("8", 2));

  expect(storage.author).toBe("");
  expect(told).toEqual([{ kibitz: "refused", code: "invalid_sso_token", detail: "Why." }]);
});

test("a server that is away signs nobody out", async () => {
  const { kit, storage, server } = world();
  await take(kit, TOKEN);
  server.refusal = refused("", 0);

  await take(kit, tokenOf("7", 2));

  expect(storage.author).toBe("ann");
});

test("what comes while a token is exchanged waits for it", async () => {
  const { kit, storage } = world();

  const both = [take(kit, TOKEN), take(kit, "")];
  await Promise.all(both);

  expect(storage.author).toBe("");
});
