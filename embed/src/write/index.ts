// What only writers need, as a file of its own that comes when somebody is about to write.
import type { Post } from "../frames";
import { type Actions, createActions } from "./actions";
import { createCalls } from "./calls";
import { adopt } from "./composer";
import { type Kit, takeKit, text } from "./kit";
import { WRITING_TEXTS } from "./texts";

export interface Writing {
  acts: Actions["acts"];
  /** Takes over the forms that nobody has taken over yet. */
  adopt(): void;
  /** The state was replaced by a new snapshot. */
  loaded(): Promise<void>;
}

export function createWriting(kit: Kit): Writing {
  takeKit(kit);
  kit.addTexts(WRITING_TEXTS);
  const { api, draw, page, posting, say, settings, state, storage, tellHost, thread, typing } = kit;
  const calls = createCalls(api);
  const { accept, acts, close } = createActions(kit, calls);

  function posted(post: Post): void {
    if (!state().entries.has(post.id) && post.status === "published") state().thread.posts++;
    accept(post);
    draw();
    say(text(post.status === "pending" ? "awaiting" : "posted"));
    tellHost({ kibitz: "post", id: post.id });
  }

  async function create(parent: number, body: string, name: string, key: string): Promise<void> {
    posting(true);
    try {
      const post = await calls.create({ body, name, page, parent: parent || null }, key);
      storage.name = name;
      posted(post);
      if (!parent) return;
      close(parent, false);
      thread.view(post.id)?.node.focus({ preventScroll: true });
    } finally {
      posting(false);
    }
  }

  function adoptForm(node: HTMLFormElement): void {
    const place = Number(node.dataset.place);
    let key = "";
    const { body } = adopt(node, {
      submit: place ? "reply" : "post",
      name: storage.name,
      maxChars: settings.body_max_chars,
      onCancel: place ? () => close(place, true) : undefined,
      onInput(text) {
        key = "";
        storage.setDraft(place, text);
        typing();
      },
      async onSubmit(text, name) {
        key ||= uuid();
        await create(place, text, name, key);
        storage.setDraft(place, "");
        body.value = key = "";
      },
    });
  }

  return {
    acts,
    adopt() {
      for (const node of document.querySelectorAll<HTMLFormElement>("form.composer:not(.ready)")) adoptForm(node);
    },
    async loaded() {},
  };
}

/** crypto.randomUUID exists on secure origins only; a Kibitz on a plain LAN address must work too. */
function uuid(): string {
  const bytes = Array.from(crypto.getRandomValues(new Uint8Array(16)));
  const hex = bytes.map((byte) => (byte + 256).toString(16).slice(1)).join("");
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})/, "$1-$2-4$3-a$4-");
}
