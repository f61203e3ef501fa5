// The moderators' queue: puts its parts together.
import { Acts } from "./acts.js";
import { formatted, parsed } from "./address.js";
import { createApi } from "./api.js";
import { createClaims } from "./claims.js";
import { h } from "./dom.js";
import { Endings } from "./endings.js";
import { Gestures } from "./gestures.js";
import { HeadView } from "./head_view.js";
import { actOf, areKeysOn } from "./keys.js";
import { ListView } from "./list_view.js";
import { createLive } from "./live.js";
import { PageView } from "./page_view.js";
import { Questions } from "./questions.js";
import { createReplies } from "./replies.js";
import { Selection } from "./selection.js";
import { Store } from "./store.js";
import { createUndoBar } from "./undo_bar.js";

/**
 * @typedef {import("./shapes.js").Asked} Asked
 * @typedef {import("./shapes.js").Decision} Decision
 */

/** @type {import("./shapes.js").Boot} */
const boot = JSON.parse(document.getElementById("moderation-boot")?.textContent ?? "{}");
const api = createApi(boot.api, (...asked) => fetch(...asked));
const store = new Store(parsed(location.search, boot.queues), boot.name);
store.counts = boot.counts;

/** @param {Partial<Asked>} change */
const addressOf = (change) => formatted({ ...store.asked, ...change });

// --- what is seen

const root = /** @type {HTMLElement} */ (document.getElementById("moderation"));
const head = new HeadView(boot, addressOf);
const items = h("ol", { class: "cards", role: "list", "aria-label": "Comments" });
const list = new ListView(items, store, addressOf);
const bar = createUndoBar(announce);
const view = new PageView(root, { head, list, bar });

/** @param {string} text */
function announce(text) {
  view.announce(text);
}

function draw() {
  if (!endings.isOut) view.draw(store, questions.isAsking);
}

list.onGone = () => {
  questions.refill();
  draw();
};

// --- what others do

let isLive = false;
const scheme = location.protocol === "https:" ? "wss:" : "ws:";
const live = createLive(
  `${scheme}//${location.host}${boot.live}`,
  {
    ask: () => questions.refresh(),
    state(now) {
      isLive = now === "live";
      head.state(now);
    },
    news({ entered, changed, claims: claimed }) {
      questions.want([...(entered ?? []), ...(changed ?? [])]);
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
const claims = createClaims(api, (id, by) => {
  store.claim(id, by, inAMinute());
  draw();
});

function inAMinute() {
  return new Date(Date.now() + boot.claim_seconds * 1000).toISOString();
}

// --- what is asked, and what this moderator does

/** @type {Endings} */
const endings = new Endings({
  store,
  view,
  login: boot.login,
  refresh: () => questions.refresh(),
  showAsking(state) {
    if (!isLive) head.state(state);
  },
  leave() {
    questions.drop();
    live.stop();
    claims.release();
    store.open(store.asked);
  },
});
const questions = new Questions({ api, store, list, claims, endings, announce, draw });
const gestures = new Gestures({
  api,
  store,
  claims,
  bar,
  announce,
  draw,
  refetch: (ids, isOwn) => questions.refetch(ids, isOwn),
  troubled: (trouble) => endings.troubled(trouble),
  undoSeconds: boot.undo_seconds,
});
const replies = createReplies({ store, list, gestures, draw });
const selection = new Selection({
  api,
  store,
  head,
  bar,
  gestures,
  draw,
  decide: (decision, ids) => acts.decide(decision, ids),
  refresh: () => questions.refresh(),
  troubled: (trouble) => endings.troubled(trouble),
});
/** @type {Acts} */
const acts = new Acts({ store, head, list, bar, claims, questions, gestures, selection, replies, announce, draw });

// --- the page's own events

/** @param {string} address */
function go(address) {
  history.pushState(null, "", address || location.pathname);
  follow();
}

function follow() {
  void questions.open(parsed(location.search, boot.queues));
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
    acts.perform(act === "pick" && event.shiftKey ? "select-range" : act, id);
  } else if (id !== null && !link && !list.views.get(id)?.hasFocus) list.focus(id);
});

root.addEventListener("keydown", (event) => {
  if (!(event.target instanceof HTMLTextAreaElement)) return;
  const id = list.idOf(event.target);
  if (id === null) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    void replies.send(id);
  } else if (event.key === "Escape" && !event.target.value.trim()) list.views.get(id)?.closeReply();
});

document.addEventListener("keydown", (event) => {
  if (endings.isOut || endings.isLoggedOut || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape" && event.target === head.search) return head.search.blur();
  const act = actOf(event);
  if (!act || (!areKeysOn() && act !== "help")) return;
  if (event.repeat && act !== "next" && act !== "previous") return;
  event.preventDefault();
  const isDecision = ["approve", "reject", "spam", "delete"].includes(act);
  if (isDecision && store.selected.size > 0) return void selection.decide(/** @type {Decision} */ (act));
  acts.perform(act, list.idOf(document.activeElement) ?? list.current);
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
    if (endings.isOut || list.isHandling) return draw();
    claims.release();
    draw();
  });
});

head.form.addEventListener("submit", (event) => {
  event.preventDefault();
  go(addressOf({ q: head.search.value.trim() }));
});
head.search.addEventListener("search", () => {
  if (!head.search.value && store.asked.q) go(addressOf({ q: "" }));
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
  if (event.persisted && !endings.isOut) live.start();
});
addEventListener("online", () => !endings.isOut && live.start());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") void questions.refresh();
});
addEventListener("focus", () => endings.isLoggedOut && void questions.refresh());
setInterval(() => {
  list.tick();
  questions.want(store.overdue(Date.now()));
}, 15_000);

head.state("polling");
void questions.open();
live.start();
