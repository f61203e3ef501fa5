// The form for a new post or a reply as it first shows: a field to write in, and room for what write/ puts around it.
import type { Storage } from "../storage";

/**
 * Brings a form of the document's to life: keeps what is typed from the first letter on, also what was typed before.
 * Its place is the parent's id, 0 for the thread itself.
 */
export function startForm(node: HTMLFormElement, storage: Storage, onIntent: () => void): void {
  const body = node.querySelector("textarea") as HTMLTextAreaElement;
  const place = Number(node.dataset.place);
  const begin = () => {
    node.classList.add("open");
    onIntent();
  };
  body.value ||= storage.draft(place);
  if (body.value) node.classList.add("open");
  if (body.matches(":focus")) begin();
  node.onpointerenter = onIntent;
  body.onfocus = begin; // and no other part: a member's own button is there before the form opens
  node.oninput = () => {
    begin(); // not every way of writing moves the focus first
    storage.setDraft(place, body.value);
  };
}
