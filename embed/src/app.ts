// Puts the parts together: the boot data, the state, the view and the live line.
import { createApi } from "./api";
import { boot, page, settings } from "./boot";
import { type Acts, listen } from "./clicks";
import { composer, list, main, notice, pattern, presence, region, root, sorter, total } from "./document";
import { explain } from "./failures";
import { createFiles, LIVE, LOAD_MILLISECONDS, WRITE } from "./files";
import { awaitKey, muteAgain } from "./first_use";
import type { Cursor, ThreadEvent } from "./frames";
import { connectHost, safeTokens, type ToFrame } from "./host_messages";
import { later, renew } from "./later";
import type { Live } from "./live";
import { text } from "./messages";
import { Storage } from "./storage";
import { addBranchPage, addOne, addPage, apply, applyTotals, fromSnapshot, reveal, type Sort } from "./store";
import { isTyping, startsTyping } from "./typing";
import { startForm } from "./view/composer";
import { button, h, setHtml, setText } from "./view/dom";
import { createDrawing } from "./view/drawing";
import { createPost } from "./view/post";
import { createStatus } from "./view/status";
import { createThread } from "./view/thread";
import type { Writing } from "./write";
import type { Kit } from "./write/kit";

const MINUTE_MILLISECONDS = 60_000;

const storage = new Storage(boot.site, boot.key);
const api = createApi(boot, storage, fetch);
const tellHost = connectHost(boot.origins, takeHostMessage);

let state = fromSnapshot(boot, boot.sort, storage.own);
let live: Live | null = null;

const status = createStatus(total, presence, region);
const thread = createThread(list, {
  settings,
  isReadOnly: boot.read_only,
  storage,
  url: page.url,
  now: Date.now,
  shifted: tellHeight,
});
const { changed, draw, redraw, heard, posting } = createDrawing({
  settings,
  isReadOnly: boot.read_only,
  thread,
  status,
  composer,
  notice,
  state: () => state,
  counted: (count) => tellHost({ kibitz: "count", count }),
});
const kit: Kit = {
  addBranchPage,
  addOne,
  api,
  button,
  changed,
  composer,
  newForm,
  createPost,
  draw,
  explain,
  goto,
  h,
  later,
  page,
  posting,
  prepare,
  redraw,
  reply,
  reveal,
  rewind: (found) => live?.rewind(found),
  say: status.say,
  setHtml,
  setText,
  settings,
  state: () => state,
  storage,
  tellHost,
  text,
  thread,
  typing: sayTyping,
};

const files = createFiles(kit);

/** What a writer needs; where it cannot be had, every open form says so. */
async function write(): Promise<Writing> {
  try {
    return await files.writing();
  } catch (error) {
    for (const shown of main.querySelectorAll("form textarea + .error"))
      shown.replaceChildren(text("notReady"), " ", button("act", "prepare", "retry"));
    throw error;
  }
}

/** Somebody is about to write. */
function prepare(): void {
  write().then(
    ({ adopt }) => adopt(),
    () => undefined,
  );
}

/** A form without a place yet. `place` is the parent's id, or of the post to edit the negative of its own. */
function newForm(place: number): HTMLFormElement {
  const form = pattern.cloneNode(true) as HTMLFormElement;
  form.hidden = false;
  form.dataset.place = String(place);
  if (place > 0) (form.querySelector("textarea") as HTMLElement).ariaLabel = text("reply");
  startForm(form, storage, prepare);
  return form;
}

/** The form is there at once: phones open their keyboard only for what gets the focus within the tap. */
function reply(id: number): void {
  const node = thread.view(id)?.node;
  if (!node) return;
  const form = newForm(id);
  node.classList.remove("editing");
  for (const open of node.querySelectorAll("form")) open.remove();
  node.append(form);
  form.querySelector("textarea")?.focus();
}

function tellHeight(shift = 0): void {
  tellHost({ kibitz: "height", height: Math.ceil(root.getBoundingClientRect().height), shift });
}

/** Marks the list as busy until the answer is there. */
async function busy<T>(answer: Promise<T>): Promise<T> {
  thread.feed.ariaBusy = "true";
  return answer.finally(() => {
    thread.feed.ariaBusy = "false";
  });
}

/** A first page in the given order; the state before it is replaced. */
async function load(sort: Sort): Promise<Cursor> {
  const snapshot = await busy(api.snapshot(sort));
  state = fromSnapshot(snapshot, sort, storage.own);
  shown();
  return snapshot;
}

/** Draws a first page, with what this reader has written. */
function shown(): void {
  redraw();
  if (composer.matches(".ready") || isWriter())
    write()
      .then(({ loaded }) => loaded())
      .catch(() => undefined);
}

/** Has this reader written something here that is not over yet? */
function isWriter(): boolean {
  if (storage.draft(0) || storage.mark("held") || storage.mark("unsent")) return true;
  return [...state.entries.values()].some(({ post }) => thread.canChange(post));
}

async function goLive(): Promise<void> {
  try {
    follow((await files.live()).createLive);
  } catch {
    status.state("offline");
    setTimeout(() => {
      renew(LIVE).catch(() => undefined);
      void goLive();
    }, LOAD_MILLISECONDS);
  }
}

function follow(createLive: typeof import("./live").createLive): void {
  const line = createLive({
    ...boot,
    cursor: boot,
    source: { ...api, snapshot: () => load(state.sort) },
    listener: {
      event: takeEvent,
      totals: (totals) => changed(0, ...applyTotals(state, totals)),
      readers: (count) => settings.presence && status.readers(count),
      typing: (count) => settings.presence && status.typing(count - Number(isTyping())),
      state: status.state,
    },
    ports: window,
  });
  live = line;
  line.show();
  document.addEventListener("visibilitychange", () => (document.hidden ? line.hide() : line.show()));
  addEventListener("online", line.online);
  addEventListener("offline", line.offline);
  addEventListener("pagehide", line.stop);
  addEventListener("pageshow", (event) => event.persisted && line.show());
}

function takeEvent(event: ThreadEvent): void {
  const before = state.entries.size;
  const root = apply(state, event);
  const id = event.post?.id ?? 0;
  if (state.entries.size > before) {
    if (storage.own.has(id)) prepare();
    else heard();
  }
  if (event.type === "post.hidden" && storage.own.has(id))
    write()
      .then(({ retracted }) => retracted(id))
      .catch(() => undefined);
  if (event.thread) changed();
  else changed(root);
}

/** True where nobody heard it yet, and the API is to be told. */
function sayTyping(): boolean {
  return startsTyping() && !live?.typing();
}

async function showMore(): Promise<void> {
  const found = await busy(api.snapshot(state.sort, state.next));
  show(addPage(state, found));
  live?.rewind(found);
}

async function showReplies(id: number): Promise<void> {
  const found = await busy(api.branch(id, state.loadedTo.get(id) ?? id));
  show(addBranchPage(state, id, found));
  live?.rewind(found);
}

/** Draws what was asked for and moves the focus to its beginning. */
function show([first]: number[]): void {
  redraw();
  thread.view(first)?.node.focus({ preventScroll: true });
}

async function goto(id: number): Promise<void> {
  (await files.linked()).goto(id, kit);
}

function takeHostMessage(message: ToFrame): void {
  if (message.kibitz === "goto") goto(Number(message.id)).catch(() => undefined);
  else if (message.kibitz === "sso")
    files
      .sso()
      .then(({ take }) => take(kit, message.token))
      .catch(() => undefined);
  else if (message.kibitz === "theme") {
    root.dataset.theme = message.theme === "dark" ? "dark" : "light";
    for (const [name, value] of safeTokens(message.tokens)) root.style.setProperty(`--kibitz-${name}`, value);
  }
}

const ACTS: Acts = {
  reply,
  async prepare() {
    await renew(WRITE);
    prepare();
  },
  fold(id) {
    thread.fold(id);
    changed(state.entries.get(id)?.root);
  },
  branch: showReplies,
  more: showMore,
  mute: async (id) => (await files.mute())(id),
  reveal: () => show(reveal(state).toReversed()),
};

listen(main, thread, ACTS, write);

sorter.addEventListener("change", async () => {
  try {
    live?.rewind(await load(sorter.value as Sort));
  } catch (error) {
    sorter.value = state.sort;
    status.say(explain(error));
  }
});

setInterval(() => {
  if (document.hidden) return;
  changed();
  thread.tick();
}, MINUTE_MILLISECONDS);

new ResizeObserver(() => tellHeight()).observe(main);
startForm(composer, storage, prepare);
awaitKey(files, kit);
muteAgain(files, kit);
shown();
new IntersectionObserver((seen, observer) => {
  if (!seen.some((entry) => entry.isIntersecting)) return;
  observer.disconnect();
  if (settings.realtime !== "off") void goLive();
  if (storage.author) prepare(); // a member sees that they are signed in
}).observe(main);
tellHost({ kibitz: "ready" });
if (boot.sso) tellHost({ kibitz: "sso" });
