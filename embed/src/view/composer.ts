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
  const begin = () => {
    node.classList.add("open");
    onIntent();
  };
  body.value = storage.draft(place);
  if (body.value) node.classList.add("open");
  node.onpointerenter = onIntent;
  node.addEventListener("focusin", begin);
  node.oninput = () => {
    begin(); // not every way of writing moves the focus first
    storage.setDraft(place, body.value);
  };
  return node;
}
