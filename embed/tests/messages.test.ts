// The catalogues are whole in every language, and the app reads them as their languages count.
import { afterEach, expect, test, vi } from "vitest";
import ar from "../messages/ar.json";
import de from "../messages/de.json";
import en from "../messages/en.json";
import es from "../messages/es.json";
import fr from "../messages/fr.json";
import ja from "../messages/ja.json";

type Text = string | Record<string, string>;
type Part = Record<string, Text>;
type Catalogue = { frame: Part; app: Part; write: Part; document: Part };

const catalogues: Record<string, Catalogue> = { ar, de, en, es, fr, ja };
const english: Catalogue = en;
const languages = Object.keys(catalogues);

const forms = (text: Text): string[] => (typeof text === "string" ? [text] : Object.values(text));
const placeholders = (text: Text): Set<string> => new Set(forms(text).flatMap((form) => form.match(/\{.*?\}/g) ?? []));

test.each(languages)("%s has every text, in the kind and with the placeholders of the English one", (language) => {
  for (const part of ["frame", "app", "write", "document"] as const) {
    const texts = catalogues[language]?.[part] as Part;
    expect(Object.keys(texts)).toEqual(Object.keys(english[part]));
    for (const [key, text] of Object.entries(texts)) {
      const model = english[part][key] as Text;
      expect(typeof text, key).toBe(typeof model);
      expect(placeholders(text), key).toEqual(placeholders(model));
      expect(
        forms(text).every((form) => form.trim() === form && form),
        key,
      ).toBe(true);
    }
  }
});

test.each(languages)("%s has exactly the plural forms that its language counts with", (language) => {
  const wanted = new Intl.PluralRules(language).resolvedOptions().pluralCategories.toSorted();
  for (const text of Object.values({ ...catalogues[language]?.app, ...catalogues[language]?.write })) {
    if (typeof text !== "string") expect(Object.keys(text).toSorted()).toEqual(wanted);
  }
});

async function speaking(lang: string, catalogue: string) {
  const boot = { textContent: JSON.stringify({ texts: catalogues[catalogue]?.app }) };
  vi.resetModules();
  vi.stubGlobal("document", { documentElement: { lang }, getElementById: () => boot });
  return import("../src/messages");
}

afterEach(() => vi.unstubAllGlobals());

test.each([
  ["en", "en", 1, "1 comment"],
  ["en", "en", 1280, "1,280 comments"],
  ["de-DE", "de", 12_800, "12.800 Kommentare"],
  ["fr", "fr", 0, "0 commentaire"],
  ["fr", "fr", 1_000_000, "1\u202f000\u202f000 de commentaires"],
  ["es", "es", 2, "2 comentarios"],
  ["ja", "ja", 5, "コメント 5 件"],
  ["ar", "ar", 0, "لا تعليقات"],
  ["ar", "ar", 2, "تعليقان"],
  ["ar-EG", "ar", 3, "٣ تعليقات"],
  ["ar", "ar", 11, "11 تعليقًا"],
  ["ar", "ar", 100, "100 تعليق"],
])("in %s, %s counts %i as %s", async (lang, catalogue, count, shown) => {
  const { text } = await speaking(lang, catalogue);

  expect(text("comments", count)).toBe(shown);
});

test("what fills a text is taken as it is", async () => {
  const { text } = await speaking("en", "en");

  expect(text("replyTo", "$& {n}")).toBe("in reply to $& {n}");
});
