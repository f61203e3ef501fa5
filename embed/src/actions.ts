// What a reader can do to one post: reply, edit, delete, vote, link, fold.
import type { Api, Page } from "./api";
import type { Post } from "./frames";
import { text } from "./messages";
import type { Storage } from "./storage";
import { addOne, type State } from "./store";
import { type Composer, createComposer, explain } from "./view/composer";
import { h, setText } from "./view/dom";
import type { ThreadView } from "./view/thread";
import type { Settings } from "./wire";

export interface ActionContext {
  api: Api;
  storage: Storage;
  settings: Settings;
  page: Page;
  thread: ThreadView;
  state(): State;
  /** Draws the branch with this root soon. */
  changed(root: number | undefined): void;
  say(sentence: string): void;
  typing(): void;
  /** A post of one's own was accepted. */
  posted(post: Post): void;
  posting(isPosting: boolean): void;
}

export interface Actions {
  /** Where new posts are written; `parent` null is the thread itself. */
  composer(parent: number | null, label: string, onCancel?: () => void): Composer;
  reply(id: number): void;
  edit(id: number): Promise<void>;
  /** The first click asks, in the button's own place; leaving it takes the question back. */
  delete(id: number, asked: HTMLElement): Promise<void>;
  /** A second click takes the vote back. */
  vote(id: number, wish: 1 | -1): Promise<void>;
  link(id: number): Promise<void>;
  /** Takes in an answer that holds a post of this reader's own. */
  accept(post: Post): void;
  /** A failure, said beside the post and aloud. */
  fail(id: number, error: unknown): void;
}

export function createActions(context: ActionContext): Actions {
  const { api, changed, page, posted, posting, say, settings, state, storage, thread, typing } = context;
  /** The source of own posts, as far as this page has seen it. */
  const sources = new Map<number, string>();

  const nodeOf = (id: number) => thread.view(id)?.node;

  function close(id: number, returnsFocus: boolean): void {
    const node = nodeOf(id);
    node?.querySelector("form")?.remove();
    node?.classList.remove("editing");
    if (returnsFocus) node?.focus();
  }

  function open(id: number, form: Composer): void {
    close(id, false);
    nodeOf(id)?.append(form.node);
    form.focus();
  }

  function change(id: number, changes: Partial<Post>): void {
    const entry = state().entries.get(id);
    if (!entry) return;
    entry.post = { ...entry.post, ...changes };
    changed(entry.root);
  }

  function accept(post: Post): void {
    if (post.body !== undefined) sources.set(post.id, post.body);
    storage.addOwn(post.id);
    addOne(state(), post);
    changed(state().entries.get(post.id)?.root);
  }

  async function create(parent: number | null, body: string, name: string, key: string): Promise<void> {
    posting(true);
    try {
      const post = await api.create({ body, name, page, parent }, key);
      storage.name = name;
      posted(post);
      if (parent === null) return;
      close(parent, false);
      nodeOf(post.id)?.focus({ preventScroll: true });
    } finally {
      posting(false);
    }
  }

  function composer(parent: number | null, label: string, onCancel?: () => void): Composer {
    const place = parent ?? 0;
    return createComposer({
      label,
      submit: parent === null ? "post" : "reply",
      body: storage.draft(place),
      maxChars: settings.body_max_chars,
      name: storage.name,
      onSubmit: (body, name, key) => create(parent, body, name, key),
      onDraft: (body) => storage.setDraft(place, body),
      onTyping: typing,
      onCancel,
    });
  }

  return {
    accept,
    composer,
    reply: (id) =>
      open(
        id,
        composer(id, text("reply"), () => close(id, true)),
      ),
    async edit(id) {
      const body = sources.get(id) ?? (await api.post(id)).body ?? "";
      const form = createComposer({
        label: text("body"),
        submit: "save",
        body,
        maxChars: settings.body_max_chars,
        name: null,
        onCancel: () => close(id, true),
        async onSubmit(edited) {
          accept(await api.edit(id, edited));
          close(id, true);
        },
      });
      open(id, form);
      nodeOf(id)?.classList.add("editing");
    },
    async delete(id, asked) {
      if (asked.classList.toggle("danger")) {
        setText(asked, text("confirmDelete"));
        asked.onblur = () => {
          asked.classList.remove("danger");
          setText(asked, text("delete"));
        };
        return;
      }
      await api.remove(id);
      nodeOf(id)?.focus();
      change(id, { status: "deleted", html: "" });
    },
    async vote(id, wish) {
      const value = storage.votes.get(id) === wish ? 0 : wish;
      const { score, up, down } = await api.vote(id, value);
      storage.setVote(id, value);
      change(id, { score, up, down });
    },
    async link(id) {
      const link = nodeOf(id)?.querySelector<HTMLAnchorElement>("a.act");
      if (!link) return;
      await navigator.clipboard.writeText(link.href);
      say(text("copied"));
      setText(link, text("copied"));
      setTimeout(() => setText(link, text("link")), 2000);
    },
    fail(id, error) {
      const message = h("p", "error", { role: "alert" });
      thread.view(id)?.acts.after(message);
      setText(message, explain(error));
      setTimeout(() => message.remove(), 8000);
    },
  };
}
