// Puts the parts together: the boot data, the state, the view and the live line.
import { createActions } from "./actions";
import { createApi, type Place } from "./api";
import type { Cursor, Post, ThreadEvent } from "./frames";
import { connectHost, type ToFrame } from "./host_messages";
import { createLive, type Live } from "./live";
import { text } from "./messages";
import { Storage } from "./storage";
import { addBranchPage, addOne, addPage, apply, applyTotals, fromSnapshot, reveal, type Sort } from "./store";
import { explain } from "./view/composer";
import { button, h } from "./view/dom";
import { createStatus } from "./view/status";
import { createThread } from "./view/thread";
import type { Bootstrap } from "./wire";

/** What the document carries in #kibitz-boot. */
type Boot = Bootstrap & Place & { site: string; origins: string[] };

const SORTS = ["newest", "oldest", "best", "controversial"] as const;
const TYPING_MILLISECONDS = 4000; // one sign of life in this time; the server forgets it after 5 s
const MINUTE_MILLISECONDS = 60_000;
const PENDING_MAX = 3; // of the own posts that no page has brought, so many are looked for
const ANCESTORS_MAX = 30; // of a linked post that no loaded page has

const root = document.documentElement;
const main = document.getElementById("kibitz") as HTMLElement;
const boot: Boot = JSON.parse((document.getElementById("kibitz-boot") as HTMLElement).textContent);
const { settings, page } = boot;
const storage = new Storage(boot.site, boot.key);
const api = createApi(boot, storage, fetch);
const tellHost = connectHost(boot.origins, takeHostMessage);

let state = fromSnapshot({ ...boot, posts: [], next: null }, "newest", storage.own);
let live: Live | null = null;
let dirty: Set<number | undefined> | null = new Set();
let isDrawPlanned = false;
let isPosting = false;
let newPosts = 0;
let typedAt = 0;

const sorts = SORTS.map((sort) => h("option", "", { value: sort }, text(sort)));
const sorter = h("select", "sort", { "aria-label": text("sort") }, ...sorts);
const status = createStatus(sorter);
const thread = createThread({ settings, storage, url: page.url, now: Date.now });
const notice = h("p", "notice");
const actions = createActions({
  api,
  storage,
  settings,
  page,
  thread,
  state: () => state,
  changed,
  say: status.say,
  typing: sayTyping,
  posted,
  posting(value) {
    isPosting = value;
    changed(0);
  },
});
const composer = actions.composer(null, text("body"));
main.append(status.node, composer.node, notice, thread.node, status.region);

/** Draws one branch soon, with everything else that changes until then; without an argument, the whole list. */
function changed(...roots: (number | undefined)[]): void {
  if (!roots.length) dirty = null;
  for (const id of roots) dirty?.add(id);
  if (isDrawPlanned) return;
  isDrawPlanned = true;
  // a hidden tab gets no animation frames
  if (document.hidden) setTimeout(draw, 200);
  else requestAnimationFrame(draw);
}

function draw(): void {
  const roots = dirty;
  isDrawPlanned = false;
  dirty = new Set();
  thread.draw(state, roots);
  drawNotices();
  thread.drawPill(state, isPosting);
  const { posts } = state.thread;
  status.count(posts);
  tellHost({ kibitz: "count", count: posts });
  if (newPosts) status.say(text("newComments", newPosts));
  newPosts = 0;
}

function redraw(): void {
  dirty = null;
  draw();
}

function drawNotices(): void {
  const { locked } = state.thread;
  const isClosed = locked || !settings.guests_may_post;
  composer.node.hidden = isClosed;
  notice.hidden = !isClosed && settings.moderation === "post";
  notice.textContent = text(locked ? "locked" : isClosed ? "guestsClosed" : "moderated");
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
  redraw();
  if (settings.moderation === "pre") loadPending().catch(() => undefined);
  return snapshot;
}

/** Own posts that wait for a moderator are in no snapshot. */
async function loadPending(): Promise<void> {
  for (const id of [...storage.own].slice(-PENDING_MAX)) {
    const post = state.entries.get(id)?.post ?? (await api.post(id));
    if (post.status === "pending") actions.accept(post);
  }
}

async function start(): Promise<void> {
  try {
    const cursor = await load(state.sort);
    if (settings.realtime !== "off") goLive(cursor);
  } catch {
    notice.hidden = false;
    notice.replaceChildren(text("unreachable"), " ", button("act", "retry", "retry"));
  }
  tellHost({ kibitz: "ready" });
}

function goLive(cursor: Cursor): void {
  const line = createLive({
    ...boot,
    cursor,
    source: { ...api, snapshot: () => load(state.sort) },
    listener: {
      event: takeEvent,
      totals: (totals) => changed(0, ...applyTotals(state, totals)),
      readers: (count) => settings.presence && status.readers(count),
      typing: (count) => settings.presence && status.typing(count - Number(Date.now() - typedAt < TYPING_MILLISECONDS)),
      state: status.state,
    },
    ports: window,
  });
  live = line;
  new IntersectionObserver((seen, observer) => {
    if (!seen.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    line.show();
    document.addEventListener("visibilitychange", () => (document.hidden ? line.hide() : line.show()));
    addEventListener("online", line.online);
    addEventListener("offline", line.offline);
    addEventListener("pagehide", line.stop);
    addEventListener("pageshow", (event) => event.persisted && line.show());
  }).observe(main);
}

function takeEvent(event: ThreadEvent): void {
  const before = state.entries.size;
  const root = apply(state, event);
  if (state.entries.size > before && !storage.own.has(event.post?.id ?? 0)) newPosts++;
  if (event.thread) changed();
  else changed(root);
}

function posted(post: Post): void {
  if (!state.entries.has(post.id) && post.status === "published") state.thread.posts++;
  actions.accept(post);
  draw();
  status.say(text(post.status === "pending" ? "awaiting" : "posted"));
  tellHost({ kibitz: "post", id: post.id });
}

function sayTyping(): void {
  const now = Date.now();
  if (now - typedAt < TYPING_MILLISECONDS) return;
  typedAt = now;
  live?.typing();
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

/** Finds a linked post, with the posts above it, wherever it is. */
async function goto(id: number): Promise<void> {
  const missing: Post[] = [];
  for (let at: number | null = id; at !== null && !state.entries.has(at) && missing.length < ANCESTORS_MAX; ) {
    const post: Post = await api.post(at);
    missing.unshift(post);
    at = post.parent;
  }
  for (const post of missing) addOne(state, post);
  const target = state.entries.get(id);
  if (!target) return;
  if (state.held.includes(target.root)) reveal(state);
  thread.unfold(state, id);
  redraw();
  const node = thread.view(id)?.node;
  if (!node) return;
  for (const old of thread.feed.querySelectorAll(".target")) old.classList.remove("target");
  node.classList.add("target");
  node.focus({ preventScroll: true });
  const scroll = () => tellHost({ kibitz: "scroll", top: node.getBoundingClientRect().top + scrollY });
  scroll();
  setTimeout(scroll, 300); // branches above it got their real height only by being scrolled to
}

function takeHostMessage(message: ToFrame): void {
  if (message.kibitz === "goto") goto(Number(message.id)).catch(() => undefined);
  else if (message.kibitz === "theme") root.dataset.theme = message.theme === "dark" ? "dark" : "light";
}

const ACTS: Record<string, (id: number, clicked: HTMLElement) => void | Promise<void>> = {
  up: (id) => actions.vote(id, 1),
  down: (id) => actions.vote(id, -1),
  reply: actions.reply,
  edit: actions.edit,
  delete: actions.delete,
  link: actions.link,
  fold(id) {
    thread.fold(id);
    changed(state.entries.get(id)?.root);
  },
  branch: showReplies,
  more: showMore,
  reveal: () => show(reveal(state).toReversed()),
  retry: start,
};

main.addEventListener("click", async (event) => {
  const target = (event.target as Element).closest<HTMLElement>("[data-act]");
  const act = ACTS[target?.dataset.act ?? ""];
  if (!target || !act) return;
  event.preventDefault();
  const id = Number(target.closest<HTMLElement>("[data-id]")?.dataset.id);
  try {
    await act(id, target);
  } catch (error) {
    actions.fail(id, error);
  }
});

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

if (root.dataset.theme === "auto")
  root.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
new ResizeObserver(() =>
  tellHost({ kibitz: "height", height: Math.ceil(root.getBoundingClientRect().height) }),
).observe(main);
void start();
