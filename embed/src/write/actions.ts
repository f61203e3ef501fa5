// What a reader can do to one post beyond reading it: edit, delete, vote, copy its link.
import type { Post } from "../frames";
import type { Calls } from "./calls";
import { adopt } from "./composer";
import type { Held } from "./held";
import { addOne, type Kit, setText, text } from "./kit";

const COPIED_MILLISECONDS = 2000;

export interface Actions {
  acts: Record<string, (id: number, clicked: HTMLElement) => void | Promise<void>>;
  /** Takes in an answer that holds a post of this reader's own. */
  accept(post: Post): void;
  /** Takes away the form under a post. */
  close(id: number, returnsFocus: boolean): void;
}

export function createActions(kit: Kit, calls: Calls, held: Held): Actions {
  const { api, changed, newForm, say, settings, state, storage, thread } = kit;
  /** The source of own posts, as far as this page has seen it. */
  const sources = new Map<number, string>();

  const nodeOf = (id: number) => thread.view(id)?.node;

  function close(id: number, returnsFocus: boolean): void {
    const node = nodeOf(id);
    for (const form of node?.querySelectorAll("form") ?? []) form.remove();
    node?.classList.remove("editing");
    if (returnsFocus) node?.focus();
  }

  function change(id: number, changes: Partial<Post>): void {
    const entry = state().entries.get(id);
    if (!entry) return;
    entry.post = { ...entry.post, ...changes };
    changed(entry.root);
  }

  function accept(post: Post): void {
    if (post.body !== undefined) sources.set(post.id, post.body);
    storage.own.add(post.id);
    storage.setMark("own", JSON.stringify([...storage.own]));
    addOne(state(), post);
    changed(state().entries.get(post.id)?.root);
  }

  async function edit(id: number): Promise<void> {
    const source = sources.get(id) ?? (await api.post(id)).body ?? "";
    const form = newForm(-id); // with what was begun before a reload
    const forget = () => storage.setDraft(-id, "");
    close(id, false);
    nodeOf(id)?.append(form);
    nodeOf(id)?.classList.add("editing");
    const { body } = adopt(form, {
      submit: "save",
      name: null,
      preview: calls.preview,
      maxChars: settings.body_max_chars,
      onCancel() {
        forget();
        close(id, true);
      },
      onInput: (written) => storage.setDraft(-id, written === source ? "" : written),
      async onSubmit({ body: edited }) {
        const post = await calls.edit(id, edited);
        if (post.status === "pending") held.add(id);
        accept(post);
        forget();
        close(id, true);
      },
    });
    body.value ||= source;
    body.focus();
  }

  async function remove(id: number, asked: HTMLElement): Promise<void> {
    if (asked.classList.toggle("danger")) {
      setText(asked, text("confirmDelete"));
      asked.onblur = () => {
        asked.classList.remove("danger");
        setText(asked, text("delete"));
      };
      return;
    }
    await calls.remove(id);
    storage.setDraft(-id, "");
    nodeOf(id)?.focus();
    change(id, { status: "deleted", html: "" });
  }

  /** A second click takes the vote back. */
  async function vote(id: number, wish: 1 | -1): Promise<void> {
    const value = storage.votes.get(id) === wish ? 0 : wish;
    const { score, up, down } = await calls.vote(id, value);
    if (value) storage.votes.set(id, value);
    else storage.votes.delete(id);
    storage.setMark("votes", JSON.stringify([...storage.votes]));
    change(id, { score, up, down });
  }

  async function link(_: number, clicked: HTMLElement): Promise<void> {
    await navigator.clipboard.writeText((clicked as HTMLAnchorElement).href);
    say(text("copied"));
    setText(clicked, text("copied"));
    setTimeout(() => setText(clicked, text("link")), COPIED_MILLISECONDS);
  }

  return {
    accept,
    close,
    acts: {
      /** The first click asks, in the button's own place; leaving it takes the question back. */
      delete: remove,
      down: (id) => vote(id, -1),
      edit,
      link,
      up: (id) => vote(id, 1),
    },
  };
}
