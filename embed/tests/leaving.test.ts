import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { clear, LEFT, lose, setAuthor } from "../src/signin/leaving";
import { Storage } from "../src/storage";

/** A form of the frame, as far as leaving knows it. */
function form(place: number, value: string) {
  const made = {
    dataset: { place: String(place) },
    value,
    isGone: false,
    closest: () => null,
    querySelector: () => made,
    remove: () => Object.assign(made, { isGone: true }),
    reset: () => Object.assign(made, { value: "" }),
  };
  return made;
}

class Kept {
  [key: string]: unknown;
}
const api = {
  getItem(this: Kept, key: string) {
    return Object.hasOwn(this, key) ? this[key] : null;
  },
  setItem(this: Kept, key: string, value: string) {
    this[key] = value;
  },
  removeItem(this: Kept, key: string) {
    delete this[key];
  },
};

let kept: Record<string, string>;
let forms: ReturnType<typeof form>[];
const left = vi.fn();

beforeEach(() => {
  kept = Object.create(api);
  forms = [];
  const document = Object.assign(new EventTarget(), {
    querySelectorAll: (what: string) => (what.startsWith("form") ? forms : []),
  });
  document.addEventListener(LEFT, left);
  vi.stubGlobal("document", document);
  vi.stubGlobal("localStorage", kept);
});
afterEach(() => {
  left.mockClear();
  vi.unstubAllGlobals();
});

/** What a reader leaves behind who writes, votes and begins something on two pages. */
function used(site: string): Storage {
  const [storage] = ["here", "there"].map((thread) => {
    const storage = new Storage(site, thread);
    for (const mark of ["own", "votes", "held", "unsent", "draft:0", "draft:7", "draft:-7"])
      storage.setMark(mark, "[]");
    storage.own.add(7);
    storage.votes.set(8, 1);
    return storage;
  });
  for (const option of ["name", "email", "muted", "sso", "keys"]) storage?.setOption(option, option);
  return storage as Storage;
}

test("of a member who leaves nothing stays, on any page of the site", () => {
  const storage = used("blog");
  used("shop");
  setAuthor(storage, "ann");
  const others = () => Object.keys(kept).filter((key) => key.startsWith("kibitz:shop:")).length;
  const before = others();

  setAuthor(storage);

  expect(Object.keys(kept).filter((key) => !key.startsWith("kibitz:shop:"))).toEqual(["kibitz:blog:keys"]);
  expect([storage.own.size, storage.votes.size, left.mock.calls.length]).toEqual([0, 0, 1]);
  expect(others()).toBe(before);
});

test("nor for the next member", () => {
  const storage = used("blog");
  setAuthor(storage, "ann");

  setAuthor(storage, "bob");

  expect(Object.keys(kept).sort()).toEqual(["kibitz:blog:author", "kibitz:blog:keys"]);
});

test("a guest keeps what they have, and as a member too", () => {
  const storage = used("blog");
  const before = Object.keys(kept).length;

  setAuthor(storage);
  setAuthor(storage, "ann");
  setAuthor(storage, "ann");

  expect(Object.keys(kept).length).toBe(before + 1);
  expect([storage.own.size, left.mock.calls.length]).toEqual([1, 0]);
});

test("forms are emptied, and those of single posts go", () => {
  const storage = used("blog");
  forms = [form(0, "Begun."), form(7, "A reply."), form(-7, "An edit.")];

  clear(storage);

  expect(forms.map(({ value, isGone }) => [value, isGone])).toEqual([
    ["", false],
    ["A reply.", true],
    ["An edit.", true],
  ]);
});

test("whose session ended while they wrote keeps the words, and nothing else", () => {
  const storage = used("blog");
  setAuthor(storage, "ann");
  forms = [form(0, "Long thought about.")];

  lose(storage);
  setAuthor(storage);

  expect(forms[0]?.value).toBe("Long thought about.");
  expect(storage.draft(0)).toBe("Long thought about.");
  expect(Object.keys(kept).sort()).toEqual(["kibitz:blog:here:draft:0", "kibitz:blog:keys"]);
});

test("where storage is refused memory forgets", () => {
  vi.stubGlobal("localStorage", undefined);
  const storage = used("blog");
  setAuthor(storage, "ann");
  expect(storage.option("name")).toBe("name");

  setAuthor(storage);

  expect([storage.option("name"), storage.mark("unsent"), storage.author]).toEqual(["", "", ""]);
});

test("what another tab has taken away is not remembered here", () => {
  const [here, there] = [new Storage("blog", "here"), new Storage("blog", "here")];
  here.setOption("email", "ann@example.org");

  there.setOption("email", "");

  expect(here.option("email")).toBe("");
});
