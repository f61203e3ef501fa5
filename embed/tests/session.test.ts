import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createApi } from "../src/api";
import { askSession, CHANGED, signIn, signOut } from "../src/signin/session";
import { Storage } from "../src/storage";

const ways = { guests: true, guest_email: "off", codes: true, passkeys: true, providers: [], sso: null };
const ANN = { key: "ann", name: "Ann", avatar: "", badge: "", email: "", provider: "" };
const page = { site: "blog", page_id: "first", url: "https://blog.example.org/first/", title: "First" };

/** A server of few words: the answers to come, and what was asked. */
function serving(...answers: [number, object?, Record<string, string>?][]) {
  const asked: string[] = [];
  const fetch = vi.fn(async (path: string, request: RequestInit) => {
    const headers = request.headers as Record<string, string>;
    asked.push([request.method, path, headers.Authorization].filter(Boolean).join(" "));
    const [status, body, more] = answers.shift() ?? [500];
    return new Response(body && JSON.stringify(body), { status, headers: more ?? {} });
  });
  const storage = new Storage(crypto.randomUUID(), "thread");
  const api = createApi({ api: "/", key: "thread", page }, storage, fetch as unknown as typeof window.fetch);
  return { kit: { api, storage, page }, storage, asked };
}

const told: (string | undefined)[] = [];
beforeEach(() => {
  const document = Object.assign(new EventTarget(), { querySelectorAll: () => [] });
  document.addEventListener(CHANGED, (event) => told.push((event as CustomEvent).detail.author?.name));
  vi.stubGlobal("document", document);
});
afterEach(() => {
  told.length = 0;
  vi.unstubAllGlobals();
});

const session = (author: object | null, ticket = "") => ({ author, ways, ticket });

test("a cookie that comes back is all", async () => {
  const { kit, storage, asked } = serving([200, session(ANN, "t")], [200, session(ANN)]);
  storage.token = "a guest's";

  await signIn(kit, "sites/blog/sso/", {});

  expect(asked).toEqual(["POST /sites/blog/sso/ Bearer a guest's", "GET /sites/blog/session/"]);
  expect([storage.author, storage.token, told]).toEqual(["ann", "", ["Ann"]]);
});

test("where it does not come back the ticket becomes a token", async () => {
  const { kit, storage, asked } = serving(
    [200, session(ANN, "t")],
    [200, session(null)],
    [200, session(ANN), { "X-Kibitz-Token": "s.1" }],
    [200, session(ANN)],
  );

  await signIn(kit, "sites/blog/sso/", {});
  await askSession(kit);

  expect([storage.author, storage.token]).toEqual(["ann", "s.1"]);
  expect(asked.slice(2)).toEqual(["POST /sites/blog/session/bearer/", "GET /sites/blog/session/ Bearer s.1"]);
});

test("a session that ended elsewhere does not keep anybody out", async () => {
  const over = [401, { code: "signed_out" }] as [number, object];
  const { kit, storage, asked } = serving(over, [200, session(ANN, "t")], [200, session(ANN)]);
  storage.author = "bob";
  storage.token = "s.old";

  await signIn(kit, "sites/blog/sso/", {});

  expect(asked[1]).toBe("POST /sites/blog/sso/");
  expect(storage.author).toBe("ann");
});

test("an ended session is forgotten, a guest stays", async () => {
  const over = [401, { code: "signed_out" }] as [number, object];
  const { kit, storage } = serving(over, [200, session(null)], [200, session(null)]);
  storage.author = "ann";
  storage.token = "s.old";

  await askSession(kit);
  expect([storage.author, storage.token]).toEqual(["", ""]);

  storage.token = "a guest's";
  await askSession(kit);
  expect(storage.token).toBe("a guest's");
});

test("who signs out is out, also where the server knew it already", async () => {
  const { kit, storage } = serving([401, { code: "signed_out" }], [200, session(null)]);
  storage.author = "ann";
  storage.token = "s.1";

  await signOut(kit);

  expect([storage.author, storage.token, told]).toEqual(["", "", [undefined]]);
});

test("a failure of another kind is the caller's to hear", async () => {
  const { kit, storage } = serving([503, { code: "unavailable" }]);
  storage.author = "ann";

  await expect(signOut(kit)).rejects.toThrow();
  expect(storage.author).toBe("ann");
});
