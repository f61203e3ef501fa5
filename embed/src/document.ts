// The document's own elements, as comments/pages/templates/kibitz/embed_frame.html has them.
import { boot } from "./boot";
import { parts } from "./view/dom";

export const root = document.documentElement;
export const main = document.getElementById("kibitz") as HTMLElement;
export const [head, composer, notice, list, region] =
  parts<[HTMLElement, HTMLFormElement, HTMLElement, HTMLElement, HTMLElement]>(main);
/** Of which forms under comments are made. */
export const pattern = composer.cloneNode(true);
export const [total, presence, sorter] = parts<[HTMLElement, HTMLElement, HTMLSelectElement]>(head);

for (const post of boot.posts) post.html = main.querySelector(`#kibitz-${post.id} .body`)?.innerHTML ?? "";

// a picture that does not come leaves the letter
main.addEventListener(
  "error",
  ({ target }) => {
    (target as HTMLElement).hidden = true;
  },
  true,
);

if (root.dataset.theme === "auto")
  root.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
