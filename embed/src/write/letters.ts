// How posts on their way look: at once where they will be, paler than the others, with what to do when they fail.
import type { PostModel } from "../view/post";
import { createPost, h, type Kit, setText, text } from "./kit";
import type { Letter } from "./outbox";

export interface LetterCallbacks {
  retry(): void;
  /** Takes the text back into the form. */
  edit(letter: Letter): void;
  drop(letter: Letter): void;
}

export interface Letters {
  /** `isFailed` shows what can be done. */
  show(letter: Letter, sentence: string, isFailed: boolean): void;
  /** True where the focus was in it. */
  remove(letter: Letter): boolean;
  focus(letter: Letter): void;
}

export function createLetters({ thread, storage }: Kit, { retry, edit, drop }: LetterCallbacks): Letters {
  const box = h("div", "unsent");
  const shown = new Map<string, { node: HTMLElement; note: HTMLElement; choices: HTMLElement[] }>();
  let count = 0;
  thread.node.before(box);

  function build(letter: Letter) {
    const { node, acts, update } = createPost(--count);
    const note = h("span", "quiet");
    const choice = (label: Parameters<typeof text>[0], act: () => void) => {
      const button = h("button", "act", { type: "button" }, text(label));
      button.onclick = act;
      return button;
    };
    const choices = [choice("retry", retry), choice("edit", () => edit(letter)), choice("discard", () => drop(letter))];
    const post = {
      id: count,
      seq: 0,
      parent: letter.parent || null,
      author: {
        name: letter.name || storage.option("name") || text("guest"),
        avatar: storage.author && `/avatars/${storage.author}`,
      },
      html: "",
      created: new Date().toISOString(),
      edited: null,
      status: "published",
      score: 0,
      up: 0,
      down: 0,
      replies: 0,
    };
    update({ post, depth: 0, replies: 0, isFolded: false, isHidden: false } as unknown as PostModel, Date.now());
    node.classList.add("letter");
    acts.replaceChildren(note, ...choices);
    const body = node.querySelector(".body") as HTMLElement;
    body.className = "said"; // what was typed, not yet what the server makes of it
    setText(body, letter.body);
    const parent = letter.parent ? thread.view(letter.parent)?.node : null;
    (parent ?? box).append(node);
    const view = { node, note, choices };
    shown.set(letter.key, view);
    return view;
  }

  return {
    show(letter, sentence, isFailed) {
      const { node, note, choices } = shown.get(letter.key) ?? build(letter);
      node.classList.toggle("failed", isFailed);
      setText(note, sentence);
      for (const choice of choices) choice.hidden = !isFailed;
    },
    remove({ key }) {
      const node = shown.get(key)?.node;
      const hadFocus = node?.contains(document.activeElement) ?? false;
      node?.remove();
      shown.delete(key);
      return hadFocus;
    },
    focus: ({ key }) => shown.get(key)?.node.focus({ preventScroll: true }),
  };
}
