// What only writers need, as a file of its own that comes when somebody is about to write.
import type { Api, ApiError } from "../api";
import type { Post } from "../frames";
import { type Actions, createActions } from "./actions";
import { createCalls } from "./calls";
import { adopt, type Composer } from "./composer";
import { createHeld, isKnown } from "./held";
import { explain, type Kit, setText, takeKit, text } from "./kit";
import { createLetters } from "./letters";
import { createOutbox, type Letter } from "./outbox";
import type { Prove } from "./proof";
import type { Report } from "./report";
import type { Who } from "./who";

/** The style that only writers need, minified; the build puts it in. */
declare const WRITE_CSS: string;
/** The address of what works for a post that looks suspicious. */
declare const PROOF_URL: string;
/** The address of the dialog in which a post is reported. */
declare const REPORT_URL: string;
/** The address of what knows who writes. */
declare const WHO_URL: string;

const MINUTE_MILLISECONDS = 60_000;
const WINDOW_SHOWN_MINUTES = 60; // a longer one is no news
const WINDOW_REFRESH_MILLISECONDS = 15_000;
/** What the API says where it wants to know first who writes. */
const UNKNOWN = ["signed_out", "guests_not_allowed"];

export interface Writing {
  acts: Actions["acts"];
  /** Takes over the forms that nobody has taken over yet. */
  adopt(): void;
  /** A post of this reader's own is out of public view: it may wait for a moderator again. */
  retracted(id: number): Promise<void>;
  /** The state was replaced by a new snapshot. */
  loaded(): Promise<void>;
}

export function create(kit: Kit): Writing {
  takeKit(kit);
  const { draw, page, posting, say, settings, state, storage, tellHost, thread } = kit;
  const sheet = new CSSStyleSheet();
  const loadWho = kit.later(WHO_URL, (address) => import(address).then(({ createWho }): Who => createWho(kit)));
  const calls = createCalls({ ...kit.api, send });
  const held = createHeld(kit);
  const { accept, acts, close } = createActions(kit, calls, held);
  const composers = new WeakMap<HTMLFormElement, Composer>();
  const outbox = createOutbox(
    {
      read: () => JSON.parse(storage.mark("unsent") || "[]"),
      write: (letters) => storage.setMark("unsent", letters.length ? JSON.stringify(letters) : ""),
      send: deliver,
      isOnline: () => navigator.onLine,
      setTimeout: (run, milliseconds) => window.setTimeout(run, milliseconds),
      clearTimeout: (handle) => clearTimeout(handle),
    },
    { sending, waiting, sent, refused },
  );
  const letters = createLetters(kit, {
    retry: () => void outbox.run(),
    edit: takeBack,
    drop(letter) {
      outbox.drop(letter.key);
      letters.remove(letter);
    },
  });

  const by = uuid();
  const loadProof = kit.later(PROOF_URL, (address) =>
    import(address).then(({ createProof }): Prove => createProof(kit)),
  );
  const loadReport = kit.later(REPORT_URL, (address) =>
    import(address).then(({ createReport }): Report => createReport(kit, calls)),
  );

  /** Where the member is signed out meanwhile, the page says so. */
  async function send<T>(...call: Parameters<Api["send"]>): Promise<T> {
    try {
      return await kit.api.send<T>(...call);
    } catch (error) {
      if ((error as ApiError).code === "signed_out")
        loadWho().then(
          ({ lost }) => lost(),
          () => undefined,
        );
      throw error;
    }
  }

  async function deliver(letter: Letter): Promise<Post> {
    const { key, parent, ...said } = letter;
    const create = (proof?: string) => calls.create({ ...said, page, parent: parent || null }, key, proof);
    try {
      return await create();
    } catch (error) {
      if ((error as ApiError).code !== "proof_required") throw error;
      const prove = await loadProof().catch(() => {
        throw error;
      });
      return prove(create, (sentence) => letters.show(letter, sentence, false));
    }
  }

  function sending(letter: Letter): void {
    posting(true);
    letters.show(letter, text("sending"), false);
  }

  function waiting(letter: Letter): void {
    posting(false);
    const sentence = text(navigator.onLine ? "unsent" : "unsentOffline");
    letters.show(letter, sentence, true);
    say(sentence);
  }

  function sent(letter: Letter, post: Post): void {
    if (!storage.author) storage.setOption("name", letter.name);
    storage.setOption("email", letter.email);
    if (!isKnown(post)) held.add(post.id);
    if (!state().entries.has(post.id) && post.status === "published") state().thread.posts++;
    accept(post);
    const hadFocus = letters.remove(letter);
    posting(false);
    draw();
    showWindows();
    if (hadFocus) thread.view(post.id)?.node.focus({ preventScroll: true });
    say(text(post.status === "pending" ? "awaiting" : "posted"));
    tellHost({ kibitz: "post", id: post.id });
  }

  function refused(letter: Letter, error: ApiError): void {
    posting(false);
    const composer = takeBack(letter);
    if (!composer) return;
    if (UNKNOWN.includes(error.code)) askWho(composer, explain(error));
    else composer.showFailure(error);
  }

  /** Asks who writes; once that is known, what was written is sent. */
  function askWho(composer: Composer, why: string): void {
    loadWho()
      .then(({ ask }) => ask(composer.body.form as HTMLFormElement, why))
      .catch(composer.showFailure);
  }

  /** The text goes back into its form, before what was begun there since; undefined where there is none. */
  function takeBack(letter: Letter): Composer | undefined {
    const { parent } = letter;
    const open = parent ? thread.view(parent)?.node.querySelector("form") : kit.composer;
    const later = open?.querySelector("textarea")?.value ?? "";
    const draft = letter.body + (later && `\n\n${later}`);
    outbox.drop(letter.key);
    letters.remove(letter);
    storage.setDraft(parent, draft);
    if (!open) kit.reply(parent);
    adoptAll();
    const form = open ?? thread.view(parent)?.node.querySelector("form") ?? kit.composer;
    const composer = composers.get(form);
    if (!composer) return undefined;
    composer.body.value = draft;
    form.classList.add("open");
    composer.body.focus();
    return composer;
  }

  function adoptAll(): void {
    for (const node of document.querySelectorAll<HTMLFormElement>("form.composer:not(.ready)")) adoptForm(node);
  }

  function adoptForm(node: HTMLFormElement): void {
    const place = Number(node.dataset.place);
    const composer = adopt(node, {
      submit: place ? "reply" : "post",
      name: storage.author ? null : storage.option("name"),
      maxChars: settings.body_max_chars,
      preview: calls.preview,
      onCancel: place ? () => close(place, true) : undefined,
      onInput(written) {
        storage.setDraft(place, written);
        typing();
      },
      async onSubmit(said) {
        if (!storage.author && !settings.guests_may_post) return askWho(composer, text("guests_not_allowed"));
        const seconds_open = Math.round(performance.now() / 1000);
        const letter = { ...said, key: uuid(), parent: place, seconds_open };
        storage.setDraft(place, "");
        composer.body.value = "";
        if (place) close(place, false);
        outbox.post(letter);
        if (place) letters.focus(letter);
      },
    });
    composers.set(node, composer);
    loadWho().then(
      ({ adopt }) => adopt(node),
      () => undefined,
    ); // without it a guest can write
    if (composer.body.value && document.activeElement === composer.body) typing(); // began before this came
  }

  /** Readers are shown that somebody writes; that this fails sometimes is no news for who does. */
  function typing(): void {
    if (kit.typing() && settings.presence && settings.realtime === "on")
      calls.typing(page.site, by).catch(() => undefined);
  }

  /** How long own posts can still be changed, beside the buttons that do it. */
  function showWindows(): void {
    const now = Date.now();
    for (const id of storage.own) {
      const post = state().entries.get(id)?.post;
      const acts = thread.view(id)?.acts;
      if (!post || !acts) continue;
      const passed = (now - Date.parse(post.created)) / MINUTE_MILLISECONDS;
      const left = Math.ceil(settings.edit_window_seconds / 60 - passed);
      const shown = acts.querySelector(".left") ?? acts.appendChild(document.createElement("span"));
      shown.className = "quiet left";
      setText(shown, thread.canChange(post) && left <= WINDOW_SHOWN_MINUTES ? text("left", left) : "");
    }
  }

  sheet.replaceSync(WRITE_CSS);
  document.adoptedStyleSheets.push(sheet);
  addEventListener("online", () => void outbox.run());
  setInterval(showWindows, WINDOW_REFRESH_MILLISECONDS);
  showWindows();

  return {
    acts: {
      ...acts,
      account: async (_, asked) => (await loadWho()).account(asked),
      async report(id, asked) {
        (await loadReport())(id, asked);
      },
      signin: async (_, asked) => (await loadWho()).signIn(asked),
    },
    adopt: adoptAll,
    async retracted(id) {
      held.add(id);
      await held.load(accept);
      draw();
    },
    async loaded() {
      adoptAll();
      void outbox.run();
      await held.load(accept);
      draw();
      showWindows();
    },
  };
}

/** crypto.randomUUID exists on secure origins only; a Kibitz on a plain LAN address must work too. */
function uuid(): string {
  const bytes = Array.from(crypto.getRandomValues(new Uint8Array(16)));
  const hex = bytes.map((byte) => (byte + 256).toString(16).slice(1)).join("");
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})/, "$1-$2-4$3-a$4-");
}
