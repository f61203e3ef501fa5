// What the document carries in #kibitz-boot for the app to start with.
import type { Place } from "./api";
import type { Sort } from "./store";
import type { Bootstrap, Snapshot } from "./wire";

/** A text, or its forms by CLDR's plural categories; {n} is where the value goes. */
type Text = string | Partial<Record<Intl.LDMLPluralRule, string>>;

type Catalogue = typeof import("../messages/en.json");

/** A key of the catalogues in embed/messages: of what everybody reads, or of what writers do. */
export type TextKey = keyof Catalogue["app"] | keyof Catalogue["write"];

export type Texts = Record<TextKey, Text>;

/** `texts` has what everybody reads at first, and the rest once somebody is about to write. */
export type Boot = Bootstrap &
  Place &
  Snapshot & { site: string; origins: string[]; sort: Sort; read_only: boolean; texts: Texts; sso?: true };

export const boot: Boot = JSON.parse((document.getElementById("kibitz-boot") as HTMLElement).textContent);
export const { page, settings } = boot;
