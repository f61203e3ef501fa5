// The texts of the reader's language, which the document brings along, and how numbers and times are written.
import { boot, type TextKey, type Texts } from "./boot";

export type { TextKey };

/** Takes in the texts of a part that came later. */
export function addTexts(texts: Partial<Texts>): void {
  Object.assign(boot.texts, texts);
}

const language = document.documentElement.lang;
const plurals = new Intl.PluralRules(language);
const exact = new Intl.NumberFormat(language);
const compact = new Intl.NumberFormat(language, { notation: "compact" });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });

/** `value` fills {n}, and chooses the plural where it is a number. */
export function text(key: TextKey, value: number | string = ""): string {
  const found = boot.texts[key];
  const template = typeof found === "string" ? found : (found[plurals.select(Number(value))] ?? "");
  return template.replace("{n}", () => (typeof value === "number" ? exact.format(value) : value));
}

/** 1,280 as 1.3K. */
export function roundNumber(value: number): string {
  return compact.format(value);
}

const SECONDS = { year: 31_557_600, month: 2_629_800, week: 604_800, day: 86_400, hour: 3600, minute: 60 };

/** Both in milliseconds. */
export function timeAgo(then: number, now: number): string {
  for (const [unit, seconds] of Object.entries(SECONDS)) {
    const passed = Math.trunc((now - then) / 1000 / seconds);
    if (passed > 0) return relative.format(-passed, unit as keyof typeof SECONDS);
  }
  return relative.format(0, "second");
}
