// The list of cards: which one is looked at, what may move meanwhile, and how cards come and go.
import { CardView } from "./card_view.js";
import { ago } from "./words.js";

const LEFT_MILLISECONDS = 4_000; // for reading who decided
const FOLD_MILLISECONDS = 220;
const READ_FROM_PIXELS = 120; // scrolled so far down, somebody reads

export class ListView {
  /**
   * @param {HTMLElement} node
   * @param {import("./store.js").Store} store
   * @param {CardView["addressOf"]} addressOf
   */
  constructor(node, store, addressOf) {
    this.node = node;
    this.store = store;
    this.addressOf = addressOf;
    /** @type {Map<number, CardView>} */
    this.views = new Map();
    /** @type {number | null} */
    this.current = null;
    /** @type {Map<number, number>} timers of cards that go */
    this.going = new Map();
  }

  draw() {
    const { store, views } = this;
    const known = new Set(store.cards.map((card) => card.post.id));
    for (const [id, view] of views) if (!known.has(id)) this._remove(id, view);
    let behind = this.node.firstElementChild;
    for (const card of store.cards) {
      const id = card.post.id;
      let view = views.get(id);
      if (!view) {
        view = new CardView(card.post, this.addressOf);
        views.set(id, view);
      }
      if (view.node === behind) behind = behind.nextElementSibling;
      else this.node.insertBefore(view.node, behind);
      view.update(card, store.selected.has(id));
      this._comeOrGo(card, view);
    }
    this.rove();
  }

  /** Nothing of another queue stays. */
  clear() {
    for (const timer of this.going.values()) clearTimeout(timer);
    this.going.clear();
    this.views.clear();
    this.node.replaceChildren();
    this.current = null;
  }

  /** The moments that are told relative to now. */
  tick() {
    const now = Date.now();
    for (const node of this.node.querySelectorAll("time")) node.textContent = ago(node.dateTime, now);
  }

  /** The card that an element is in. @param {EventTarget | null} target */
  idOf(target) {
    const article = target instanceof Element ? target.closest("article[data-id]") : null;
    return article ? Number(article.getAttribute("data-id")) : null;
  }

  get isHandling() {
    return this.node.contains(document.activeElement) || document.querySelector("dialog[open]") !== null;
  }

  /**
   * Whether a card may come in at this place: it must push down nothing that somebody reads.
   * @param {number} place
   */
  mayMove(place) {
    if (this.isHandling) return place > this.store.cards.findIndex((card) => card.post.id === this.current);
    if (scrollY < READ_FROM_PIXELS) return true;
    return place > this.store.cards.findIndex((card) => (this._bottom(card.post.id) ?? 0) > 0);
  }

  /** @param {number} id */
  focus(id) {
    const view = this.views.get(id);
    if (!view) return false;
    view.article.focus({ preventScroll: true });
    view.article.scrollIntoView({ block: "nearest" });
    return true;
  }

  /** Focuses the next card that still waits, or the one before; false where there is none. @param {1 | -1} step */
  step(step) {
    const ids = this.store.cards.filter((card) => !card.isLeaving).map((card) => card.post.id);
    const at = this.current === null ? -1 : this.store.cards.findIndex((card) => card.post.id === this.current);
    if (at < 0) return ids[0] !== undefined && this.focus(ids[0]);
    const wanted = this.neighbour(at, step, new Set());
    return wanted !== null && this.focus(wanted);
  }

  /** Who is looked at when these are decided. @param {Set<number>} ids */
  after(ids) {
    const places = this.store.cards.flatMap((card, place) => (ids.has(card.post.id) ? [place] : []));
    const [first, last] = [places[0] ?? 0, places.at(-1) ?? 0];
    return this.neighbour(last, 1, ids) ?? this.neighbour(first, -1, ids);
  }

  /** @param {number} from @param {1 | -1} step @param {Set<number>} but */
  neighbour(from, step, but) {
    for (let place = from + step; place >= 0 && place < this.store.cards.length; place += step) {
      const card = this.store.cards[place];
      if (card && !card.isLeaving && card.note?.kind !== "busy" && !but.has(card.post.id)) return card.post.id;
    }
    return null;
  }

  /** @param {import("./store.js").Card} card @param {CardView} view */
  _comeOrGo(card, view) {
    const { id } = view;
    const isHeld = view.hasDraft || (view.hasFocus && card.note?.kind === "left");
    if (!card.isLeaving || isHeld) {
      clearTimeout(this.going.get(id));
      this.going.delete(id);
      view.node.classList.remove("leaving");
    } else if (!this.going.has(id)) {
      const fold = () => {
        view.node.classList.add("leaving");
        this.going.set(
          id,
          setTimeout(() => this._gone(id), FOLD_MILLISECONDS),
        );
      };
      if (card.note?.kind === "left") this.going.set(id, setTimeout(fold, LEFT_MILLISECONDS));
      else fold();
    }
  }

  /** @param {number} id */
  _gone(id) {
    const view = this.views.get(id);
    this.going.delete(id);
    this.store.forget(id);
    if (view) this._remove(id, view);
    this.rove();
    this.onGone();
  }

  /** What else a card's going changes; the page sets it. */
  onGone() {}

  /** @param {number} id @param {CardView} view */
  _remove(id, view) {
    clearTimeout(this.going.get(id));
    this.going.delete(id);
    this.views.delete(id);
    view.node.remove();
    if (this.current === id) this.current = null;
  }

  /** The list is one stop of the Tab key, and then the buttons of its cards. */
  rove() {
    const stop = this.current ?? this.store.cards[0]?.post.id;
    for (const [id, { article }] of this.views) article.tabIndex = id === stop ? 0 : -1;
  }

  /** @param {number} id */
  _bottom(id) {
    return this.views.get(id)?.node.getBoundingClientRect().bottom;
  }
}
