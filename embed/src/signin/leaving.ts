// A member goes, whichever way: what they have left in this browser goes with them.
import type { Storage } from "../storage";

/** Tells the frame's own document that whoever was signed in is so no more. */
export const LEFT = "kibitz:left";

/** What is not of the member who leaves: the token may be the next one's already, the keys are how one reads. */
const KEPT = ["token", "keys"];

/**
 * Who is signed in from now on; "" is nobody. Of another one before, nothing stays on this site: the next person at
 * this browser must not see it, and less act with it.
 */
export function setAuthor(storage: Storage, key = ""): void {
  const { author } = storage;
  if (author && author !== key) {
    forget(storage);
    clear(storage);
  }
  storage.author = key;
}

/** The server has ended the session under the hands of who writes: their text stays on the screen, and as a draft. */
export function lose(storage: Storage): void {
  storage.token = "";
  if (storage.author) {
    forget(storage);
    clearMarks(storage);
  }
  for (const form of document.querySelectorAll<HTMLFormElement>("form.composer"))
    storage.setDraft(Number(form.dataset.place), form.querySelector("textarea")?.value ?? "");
}

/**
 * Takes it from the screen, but for what is being typed this very moment: that is somebody's who is here. Storage is
 * another tab's work where one left there.
 */
export function clear(storage: Storage): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form.composer:not(:has(textarea:focus))")) {
    form.closest("article")?.classList.remove("editing");
    if (form.dataset.place === "0") form.reset();
    else form.remove();
  }
  for (const letter of document.querySelectorAll(".letter")) letter.remove();
  for (const dialog of document.querySelectorAll<HTMLDialogElement>("dialog.account")) dialog.close();
  clearMarks(storage);
}

function forget(storage: Storage): void {
  const { memory, site } = storage;
  const kept = [...memory.keys()];
  try {
    kept.push(...Object.keys(localStorage));
  } catch {
    // refused: memory has it all
  }
  for (const key of kept) {
    const name = key.slice(site.length);
    if (key.startsWith(site) && !KEPT.includes(name)) storage.setOption(name, "");
  }
}

function clearMarks({ own, votes }: Storage): void {
  own.clear();
  votes.clear();
  document.dispatchEvent(new Event(LEFT));
}
