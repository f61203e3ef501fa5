// The moderators' queue: puts its parts together.
import { formatted, parsed } from "./address.js";
import { createApi, Trouble } from "./api.js";
import { createClaims } from "./claims.js";
import { askForBan, confirmed, showHelp } from "./dialogs.js";
import { button, h } from "./dom.js";
import { Gestures } from "./gestures.js";
import { HeadView } from "./head_view.js";
import { actOf, areKeysOn } from "./keys.js";
import { ListView } from "./list_view.js";
import { createLive } from "./live.js";
import { Store } from "./store.js";
import { createUndoBar } from "./undo_bar.js";
import { EMPTY, many } from "./words.js";

/**
 * @typedef {import("./shapes.js").Asked} Asked
 * @typedef {import("./shapes.js").Decision} Decision
 */

const PAGE = 50;
const IDS_PER_QUESTION = 200;
const TOGETHER_MILLISECONDS = 150; // what changes within that is asked for at once, but for the first after a quiet second
const QUIET_MILLISECONDS = 1000;
const FEW = 5; // so few left: the next ones are fetched before they are missed

/** @type {import("./shapes.js").Boot} */
const boot = JSON.parse(document.getElementById("moderation-boot")?.textContent ?? "{}");
const api = createApi(boot.api, (...asked) => fetch(...asked));
let asked = parsed(location.search, boot.queues);
const store = new Store(asked, boot.name);
store.counts = boot.counts;

/** @param {Partial<Asked>} change */
const addressOf = (change) => formatted({ ...asked, ...change });

const root = /** @type {HTMLElement} */ (document.getElementById("moderation"));
const head = new HeadView(boot, addressOf);
const items = h("ol", { class: "cards", role: "list", "aria-label": "Comments" });
const list = new ListView(items, store, addressOf);
const pill = button("reveal", "", { class: "pill", hidden: true, "aria-keyshortcuts": "n" });
const state = h("p", { class: "empty", tabindex: "-1", hidden: true });
const problem = h("div", { class: "errornote", role: "alert", hidden: true });
const more = button("more", "Show more", { class: "more", hidden: true });
const spoken = h("p", { class: "visually-hidden", role: "status" });
const bar = createUndoBar(announce);
root.append(
  problem,
  head.node,
  h("div", { class: "pills" }, pill),
  items,
  state,
  more,
  h("div", { class: "bars" }, bar.node, head.bulk),
  spoken,
);

const claims = createClaims(api, (id, by) => {
  store.claim(id, by, inAMinute());
  draw();
});
const gestures = new Gestures({
  api,
  store,
  claims,
  bar,
  announce,
  draw,
  refetch,
  troubled,
  undoSeconds: boot.undo_seconds,
});

let isAsking = false;
let isOut = false; // removed: nothing is shown or asked any more
let isLoggedOut = false;
/** @type {Set<number>} */
const wanted = new Set();
let wantedTimer = 0;
let wantedAt = 0;
let visit = 0; // which queue an answer is for
/** @type {number | null} */
let lastPicked = null;

// --- drawing

function draw() {
  if (isOut) return;
  list.draw();
  head.draw(store, asked);
  const waits = store.arrived.length;
  pill.hidden = waits === 0;
  pill.textContent = `${waits} new`;
  const isEmpty = store.isLoaded && store.cards.length === 0;
  state.hidden = store.isLoaded ? !isEmpty : !problem.hidden;
  const isFiltered = asked.q || asked.author !== null || asked.thread !== null;
  const words = store.isLoaded ? (isFiltered ? "No comment here matches." : (EMPTY[asked.queue] ?? "")) : "Loading…";
  if (state.textContent !== words) state.textContent = words;
  more.hidden = store.next === null;
  root.setAttribute("aria-busy", String(isAsking));
}

list.onGone = () => {
  if (store.waiting.length < FEW && store.next !== null) showMore();
  draw();
};

/** @param {string} text */
function announce(text) {
  spoken.textContent = spoken.textContent === text ? `${text} ` : text;
}

function inAMinute() {
  return new Date(Date.now() + boot.claim_seconds * 1000).toISOString();
}

// --- asking

/** Another queue, or the same one anew. */
async function open() {
  const now = ++visit;
  claims.release();
  store.open(asked);
  list.clear();
  lastPicked = null;
  draw();
  await ask(async () => {
    const answer = await api.page(asked, { limit: PAGE });
    if (now !== visit) return;
    store.append(answer);
    draw();
  });
}

/** Everything that is on the screen, as it is now: something may have been missed. */
async function refresh() {
  if (isOut || isAsking) return;
  if (!store.isLoaded) return open();
  const now = visit;
  await ask(async () => {
    const limit = Math.min(IDS_PER_QUESTION, Math.max(PAGE, store.cards.length));
    const answer = await api.page(asked, { limit });
    if (now !== visit) return;
    const listed = new Set(answer.posts.map((post) => post.id));
    const missing = store.cards
      .map((card) => card.post.id)
      .filter((id) => !listed.has(id))
      .slice(0, IDS_PER_QUESTION);
    if (store.cards.length === 0) store.next = answer.next;
    store.counts = answer.counts;
    arrive(store.apply(answer.posts, [], (place) => list.mayMove(place)));
    if (missing.length > 0) await refetch(missing);
    draw();
  });
}

/**
 * These posts as they are now; `isOwn` ones are shown at once, wherever they belong.
 * @param {number[]} ids
 * @param {boolean} [isOwn]
 */
async function refetch(ids, isOwn = false) {
  const now = visit;
  for (let start = 0; start < ids.length; start += IDS_PER_QUESTION) {
    const part = ids.slice(start, start + IDS_PER_QUESTION);
    const answer = await api.posts(part, asked.site);
    if (now !== visit || isOut) return;
    const found = new Set(answer.posts.map((post) => post.id));
    store.counts = answer.counts;
    const gone = part.filter((id) => !found.has(id));
    const fresh = store.apply(answer.posts, gone, (place) => isOwn || list.mayMove(place));
    draw();
    if (isOwn && start === 0) {
      const first = part.find((id) => found.has(id) && store.card(id) && !store.card(id)?.isLeaving);
      if (first !== undefined) list.focus(first);
    } else arrive(fresh);
  }
}

/** @param {number[]} fresh */
function arrive(fresh) {
  if (fresh.length > 0 && store.isLoaded) announce(`${many(fresh.length, "new comment")}.`);
}

async function showMore() {
  if (isAsking || store.next === null) return;
  const now = visit;
  const cursor = store.next;
  await ask(async () => {
    const answer = await api.page(asked, { limit: PAGE, cursor });
    if (now !== visit) return;
    store.append(answer);
    draw();
  });
}

/** @param {() => Promise<void>} question */
async function ask(question) {
  isAsking = true;
  try {
    await question();
    if (isLoggedOut) loggedIn();
    if (!isOut) hide(problem);
    if (!isLive) head.state("polling");
  } catch (error) {
    troubled(error instanceof Trouble ? error : new Trouble("server", String(error)), true);
  } finally {
    isAsking = false;
    draw();
  }
}

/** @param {HTMLElement} node */
function hide(node) {
  node.hidden = true;
  node.replaceChildren();
}

/**
 * @param {Trouble} trouble
 * @param {boolean} [isQuestion] a question of the page's own, not something that the moderator did
 */
function troubled(trouble, isQuestion = false) {
  if (trouble.kind === "logged_out") return loggedOut();
  if (trouble.kind === "refused") return isQuestion ? removed() : void refresh();
  if (isQuestion && trouble.kind === "invalid")
    return say(trouble.message, h("a", { href: location.pathname }, "Back to the queue"));
  if (!isQuestion) return;
  if (!isLive) head.state("away");
  if (!store.isLoaded) say(`${trouble.message} `, button("again", "Try again"));
}

/** @param {string} text @param {HTMLElement} [offer] */
function say(text, offer) {
  problem.hidden = false;
  problem.replaceChildren(text, " ", ...(offer ? [offer] : []));
}

/** The session has ended: what is here is covered and kept, until one has logged in again. */
function loggedOut() {
  if (isLoggedOut) return;
  isLoggedOut = true;
  document.body.classList.add("is-covered");
  const next = encodeURIComponent(location.pathname + location.search);
  say(
    "You are logged out. What you began is kept on this page: log in again, and come back to it.",
    h("a", { href: `${boot.login}?next=${next}`, target: "_blank", class: "button" }, "Log in again"),
  );
  announce("You are logged out.");
}

function loggedIn() {
  isLoggedOut = false;
  document.body.classList.remove("is-covered");
  announce("You are logged in again.");
}

/** Moderates nothing any more: nothing of the queue stays in sight. */
function removed() {
  isOut = true;
  visit++;
  live.stop();
  claims.release();
  store.open(asked);
  list.clear();
  bar.hide();
  document.title = head.title;
  head.node.remove();
  head.bulk.remove();
  for (const node of [pill, more, state]) node.remove();
  document.querySelector("dialog[open]")?.remove();
  say("You do not moderate comments any more. Ask the owner of the site if that is a mistake.");
  announce("You do not moderate comments any more.");
}

// --- what others do

let isLive = false;
const scheme = location.protocol === "https:" ? "wss:" : "ws:";
const live = createLive(
  `${scheme}//${location.host}${boot.live}`,
  {
    ask: refresh,
    state(now) {
      isLive = now === "live";
      head.state(now);
    },
    news({ entered, changed, claims: claimed }) {
      want([...(entered ?? []), ...(changed ?? [])]);
      for (const [id, by] of Object.entries(claimed ?? {})) store.claim(Number(id), by, inAMinute());
      if (claimed) draw();
    },
  },
  {
    WebSocket,
    setTimeout: (run, wait) => setTimeout(run, wait),
    clearTimeout: (timer) => clearTimeout(timer),
    random: Math.random,
  },
);

/** @param {number[]} ids */
function want(ids) {
  if (ids.length === 0) return;
  for (const id of ids) wanted.add(id);
  const isFirst = performance.now() - wantedAt > QUIET_MILLISECONDS;
  wantedAt = performance.now();
  wantedTimer ||= setTimeout(fetchWanted, isFirst ? 0 : TOGETHER_MILLISECONDS);
}

async function fetchWanted() {
  const ids = [...wanted];
  wanted.clear();
  try {
    const shown = ids.filter((id) => store.card(id));
    if (ids.length <= IDS_PER_QUESTION) await refetch(ids);
    else {
      await refetch(shown);
      await refresh();
    }
  } catch (error) {
    if (error instanceof Trouble) troubled(error, true);
  } finally {
    wantedTimer = wanted.size > 0 ? setTimeout(fetchWanted, TOGETHER_MILLISECONDS) : 0;
  }
}

// --- what this moderator does

/** @param {string} act @param {number | null} id */
function perform(act, id) {
  const card = id === null ? undefined : store.card(id);
  switch (act) {
    case "next":
      return void (list.step(1) || store.next === null || showMore().then(() => list.step(1)));
    case "previous":
      return void list.step(-1);
    case "search":
      return head.search.focus();
    case "help":
      return void showHelp();
    case "undo":
      return void gestures.undo();
    case "close-bar":
      return bar.hide();
    case "reveal":
      return reveal();
    case "more":
      return void showMore();
    case "again":
      return void open();
    case "select-all":
      for (const { post } of store.waiting) store.selected.add(post.id);
      return draw();
    case "select-queue":
      return void selectQueue();
    case "select-none":
      return selectNone();
    case "approve":
    case "reject":
    case "spam":
    case "delete":
      if (card) decide(act, [card.post.id]);
      return;
  }
  if (act.startsWith("bulk-")) return void decideSelected(/** @type {Decision} */ (act.slice(5)));
  if (card) performOn(act, card);
}

/** @param {string} act @param {import("./store.js").Card} card */
function performOn(act, card) {
  const { post } = card;
  const view = list.views.get(post.id);
  const isPublic = post.status === "published";
  switch (act) {
    case "select":
    case "pick":
      return select(post.id, !store.selected.has(post.id));
    case "select-range":
      return selectRange(post.id);
    case "ban":
      if (post.author.id === null) return announce("Nobody is known to have written it.");
      return void askForBan(post.author.name).then((ban) => {
        if (!ban) return;
        if (ban.posts !== "keep") focusAfter(new Set([post.id]));
        void gestures.ban(post, ban);
      });
    case "pin":
      if (!isPublic || post.parent) return announce("Only a published comment at the top level can be pinned.");
      return void gestures.turn(post, "pins", !post.pinned);
    case "feature":
      if (!isPublic) return announce("Only a published comment can be featured.");
      return void gestures.turn(post, "features", !post.featured);
    case "reply":
      return view?.openReply(isPublic ? "Send" : "Approve and send");
    case "send-reply":
      return void sendReply(post.id);
    case "close-reply":
      return view?.closeReply();
    case "take-over":
      return void takeOver(post.id);
    case "retry":
      return void gestures.retry(post.id);
    case "dismiss":
      focusAfter(new Set([post.id]));
      store.note(post.id, null);
      store.apply([post]);
      return draw();
  }
}

/** @param {Decision} decision @param {number[]} ids */
function decide(decision, ids) {
  const chosen = ids
    .map((id) => store.card(id))
    .filter((card) => card !== undefined && card.note?.kind !== "busy" && !card.isLeaving)
    .map((card) => ({ id: card?.post.id ?? 0, status: card?.post.status ?? "" }));
  if (chosen.length === 0) return;
  const running = gestures.decide(decision, chosen); // marks the cards as busy before the focus looks for a free one
  focusAfter(new Set(chosen.map(({ id }) => id)));
  return running;
}

/** @param {Decision} decision */
async function decideSelected(decision) {
  const upTo = store.allUpTo;
  const ids = [...store.selected];
  if (upTo === null) {
    selectNone();
    return decide(decision, ids);
  }
  const verb = { approve: "Approve", reject: "Reject", spam: "Mark as spam", delete: "Delete" }[decision];
  if (!(await confirmed(`${verb}: ${head.selectedText.textContent}`, verb))) return;
  selectNone();
  bar.say("Looking for all of them…");
  /** @type {{ id: number, status: string }[]} */
  const chosen = [];
  try {
    for (let cursor = ""; ; ) {
      const answer = await api.brief(asked, { limit: 2_000, cursor });
      chosen.push(...answer.posts.filter(({ created }) => Date.parse(created) <= upTo));
      if (answer.next === null) break;
      cursor = answer.next;
    }
  } catch (error) {
    if (error instanceof Trouble) troubled(error);
    return bar.say("Nothing was done: the server does not answer. Try again.");
  }
  await gestures.decide(decision, chosen);
  await refresh();
}

/** @param {number} id */
async function takeOver(id) {
  await claims.takeOver(id);
  const card = store.card(id);
  if (card?.note?.offer === "take-over") {
    store.note(id, null);
    await gestures.retry(id);
  }
  draw();
}

/** @type {Map<number, string>} keys of replies that were begun */
const replyKeys = new Map();

/** @param {number} id */
async function sendReply(id) {
  const view = list.views.get(id);
  const text = view?.replying.querySelector("textarea");
  const post = store.card(id)?.post;
  if (!view || !text || !post || text.disabled) return;
  if (!text.value.trim()) return view.replyError("Write something first.");
  const key = replyKeys.get(id) ?? crypto.randomUUID?.() ?? "";
  replyKeys.set(id, key);
  text.readOnly = true;
  const error = await gestures.reply(post, text.value, key);
  text.readOnly = false;
  if (error) return view.replyError(error);
  replyKeys.delete(id);
  view.closeReply();
  draw();
}

/** @param {Set<number>} ids */
function focusAfter(ids) {
  const isHere = list.current !== null && ids.has(list.current);
  if (!isHere && list.isHandling) return;
  const next = list.after(ids);
  if (next !== null) list.focus(next);
  else if (isHere) {
    claims.release();
    head.search.blur();
    items.setAttribute("tabindex", "-1");
    items.focus({ preventScroll: true });
  }
}

function reveal() {
  const ids = store.reveal();
  draw();
  const first = store.cards.find((card) => ids.includes(card.post.id));
  if (first) list.focus(first.post.id);
}

/** @param {number} id @param {boolean} isOn */
function select(id, isOn) {
  store.allUpTo = null;
  if (isOn) store.selected.add(id);
  else store.selected.delete(id);
  lastPicked = id;
  draw();
}

/** @param {number} id */
function selectRange(id) {
  const ids = store.waiting.map((card) => card.post.id);
  const from = Math.max(0, lastPicked === null ? ids.indexOf(id) : ids.indexOf(lastPicked));
  const to = ids.indexOf(id);
  for (const one of ids.slice(Math.min(from, to), Math.max(from, to) + 1)) store.selected.add(one);
  store.allUpTo = null;
  lastPicked = id;
  draw();
}

async function selectQueue() {
  try {
    // What comes in from now on was seen by nobody.
    const newest = (await api.brief({ ...asked, order: "newest" }, { limit: 1 })).posts[0];
    store.allUpTo = Date.parse(newest?.created ?? "") || 0;
    for (const { post } of store.waiting) store.selected.add(post.id);
  } catch (error) {
    if (error instanceof Trouble) troubled(error);
  }
  draw();
}

function selectNone() {
  store.selected.clear();
  store.allUpTo = null;
  draw();
}

// --- the page's own events

/** @param {string} address */
function go(address) {
  history.pushState(null, "", address || location.pathname);
  follow();
}

function follow() {
  asked = parsed(location.search, boot.queues);
  void open();
}

root.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const link = target?.closest("a");
  if (link && !link.target && link.getAttribute("href")?.startsWith("?")) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    const href = link.getAttribute("href") ?? "";
    return go(href === "?" ? "" : href);
  }
  const acting = target?.closest("[data-act]");
  const id = list.idOf(target);
  if (acting) {
    const act = acting.getAttribute("data-act") ?? "";
    perform(act === "pick" && event.shiftKey ? "select-range" : act, id);
  } else if (id !== null && !link && !list.views.get(id)?.hasFocus) list.focus(id);
});

root.addEventListener("keydown", (event) => {
  if (!(event.target instanceof HTMLTextAreaElement)) return;
  const id = list.idOf(event.target);
  if (id === null) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    void sendReply(id);
  } else if (event.key === "Escape" && !event.target.value.trim()) list.views.get(id)?.closeReply();
});

document.addEventListener("keydown", (event) => {
  if (isOut || isLoggedOut || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape" && event.target === head.search) return head.search.blur();
  const act = actOf(event);
  if (!act || (!areKeysOn() && act !== "help")) return;
  if (event.repeat && act !== "next" && act !== "previous") return;
  event.preventDefault();
  const isDecision = ["approve", "reject", "spam", "delete"].includes(act);
  if (isDecision && store.selected.size > 0) return void decideSelected(/** @type {Decision} */ (act));
  perform(act, list.idOf(document.activeElement) ?? list.current);
});

items.addEventListener("focusin", (event) => {
  const id = list.idOf(event.target);
  if (id === null) return;
  list.current = id;
  list.rove();
  if (store.card(id)?.isLeaving) return;
  claims.hold(id);
});

items.addEventListener("focusout", () => {
  // Where the focus goes is known a moment later.
  setTimeout(() => {
    if (isOut || list.isHandling) return draw();
    claims.release();
    draw();
  });
});

head.form.addEventListener("submit", (event) => {
  event.preventDefault();
  go(addressOf({ q: head.search.value.trim() }));
});
head.search.addEventListener("search", () => {
  if (!head.search.value && asked.q) go(addressOf({ q: "" }));
});
head.site.addEventListener("change", () => go(addressOf({ site: head.site.value, thread: null, author: null })));
head.order.addEventListener("change", () =>
  go(addressOf({ order: head.order.value === "oldest" ? "oldest" : "newest" })),
);
addEventListener("popstate", follow);
addEventListener("pagehide", () => {
  claims.release();
  live.stop();
});
addEventListener("pageshow", (event) => {
  if (event.persisted && !isOut) live.start();
});
addEventListener("online", () => !isOut && live.start());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") void refresh();
});
addEventListener("focus", () => isLoggedOut && void refresh());
setInterval(() => {
  list.tick();
  want(store.overdue(Date.now()));
}, 15_000);

head.state("polling");
void open();
live.start();
