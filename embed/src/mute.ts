// mute.js: whose posts this reader does not want to see on this site, and a quiet line in place of each.
import type { Post } from "./frames";
import { LEFT } from "./signin/leaving";
import type { Kit } from "./write/kit";

/** The style that only those who mute see, minified; the build puts it in. */
declare const MUTE_CSS: string;

const OPTION = "muted";
const KEYS_MAX = 500;

/** Mutes the author of a post, or hears them again. */
export type Mute = (id: number) => void;

/** The keys that are remembered, joined by commas, with this one or, where it was among them, without. The oldest goes first. */
export function toggled(keys: string, key: string): string {
  const others = keys.split(",").filter((other) => other && other !== key);
  return (keys.includes(key) ? others : [...others, key].slice(-KEYS_MAX)).join(",");
}

export function create(kit: Kit): Mute {
  const { changed, h, say, setText, state, storage, text, thread } = kit;
  const sheet = new CSSStyleSheet();
  const shown = new Set<number>();
  let muted = storage.option(OPTION);

  function decorate({ id, author }: Post, node: HTMLElement): void {
    const isMuted = muted.includes(author.key ?? "-") && !storage.own.has(id);
    if (node.matches(".target")) shown.add(id); // a link led here
    const isHidden = isMuted && !shown.has(id);
    const line = node.querySelector(":scope > .quiet");
    setText(node.querySelector("[data-act=mute]") as Element, text(isMuted ? "unmute" : "mute"));
    node.classList.toggle("muted", isHidden);
    if (isHidden === (line !== null)) return;
    line?.remove();
    if (isHidden) node.append(createLine(id, author.name));
    node.setAttribute("aria-labelledby", isHidden ? `muted-${id}` : `labelledby-${id}`);
    if (isHidden) node.removeAttribute("aria-describedby");
    else node.setAttribute("aria-describedby", `describedby-${id}`);
  }

  function createLine(id: number, name: string): HTMLElement {
    const show = h("button", "act", { type: "button" }, text("show"));
    show.onclick = () => {
      shown.add(id);
      changed(state().entries.get(id)?.root);
      focus(id);
    };
    return h("p", "quiet", {}, h("span", "", { id: `muted-${id}`, dir: "auto" }, text("muted", name)), " · ", show);
  }

  /** The list is drawn around what has the focus, which stays where it is. */
  function focus(id: number): void {
    thread.view(id)?.node.focus({ preventScroll: true });
  }

  sheet.replaceSync(MUTE_CSS);
  document.adoptedStyleSheets.push(sheet);
  const read = () => {
    muted = storage.option(OPTION);
    changed();
  };
  addEventListener("storage", ({ key }) => key?.endsWith(`:${OPTION}`) && read()); // in another tab
  document.addEventListener(LEFT, read);
  thread.decorate = decorate;
  changed();

  return (id) => {
    const author = state().entries.get(id)?.post.author;
    if (!author?.key) return;
    muted = toggled(storage.option(OPTION), author.key);
    storage.setOption(OPTION, muted);
    for (const { post } of state().entries.values()) {
      if (post.author.key !== author.key) continue;
      shown.delete(post.id);
      thread.view(post.id)?.node.classList.remove("target");
    }
    focus(id);
    changed();
    say(text(muted.includes(author.key) ? "muted" : "unmuted", author.name));
  };
}
