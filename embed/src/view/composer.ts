// The form for a new post or a reply as it first shows: a field to write in, and room for what write/ puts around it.
import { text } from "../messages";
import type { Storage } from "../storage";
import { h } from "./dom";

/** `place` is the parent's id, 0 for the thread itself. What is typed is kept from the first letter on. */
export function createForm(place: number, storage: Storage, onIntent: () => void): HTMLFormElement {
  const label = text(place ? "reply" : "body");
  const body = h("textarea", "", { "aria-label": label, placeholder: text("placeholder"), dir: "auto" });
  const error = h("p", "error", { role: "alert" });
  const node = h("form", "composer", { "data-place": place }, h("div", "bar"), body, error, h("div", "foot"));
  const open = () => node.classList.add("open");
  body.value = storage.draft(place);
  if (body.value) open();
  node.onpointerenter = onIntent;
  node.addEventListener("focusin", () => {
    open();
    onIntent();
  });
  node.oninput = () => storage.setDraft(place, body.value);
  return node;
}
