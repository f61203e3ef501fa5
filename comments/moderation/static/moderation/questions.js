// Asks what is in the queue, at once or as soon as something changed, and takes the answers in.
import { Trouble } from "./api.js";
import { many } from "./words.js";

/**
 * @typedef {import("./shapes.js").Asked} Asked
 *
 * @typedef {object} Surroundings
 * @property {import("./api.js").Api} api
 * @property {import("./store.js").Store} store
 * @property {import("./list_view.js").ListView} list
 * @property {ReturnType<import("./claims.js").createClaims>} claims
 * @property {import("./endings.js").Endings} endings
 * @property {(text: string) => void} announce
 * @property {() => void} draw
 */

const PAGE = 50;
const IDS_PER_QUESTION = 200;
const TOGETHER_MILLISECONDS = 150; // what changes within that is asked for at once, but for the first after a quiet second
const QUIET_MILLISECONDS = 1000;
const AGAIN_MILLISECONDS = 5000; // after a question that failed
const FEW = 5; // so few left: the next ones are fetched before they are missed

export class Questions {
  /** @param {Surroundings} surroundings */
  constructor(surroundings) {
    this.with = surroundings;
    this.isAsking = false;
    this.isStale = false; // something may have been missed while the last question was on its way
    this.visit = 0; // which queue an answer is for
    this.sent = 0; // questions about some posts
    /** @type {Map<number, number>} the latest of them that was answered, by post: an older answer is no news */
    this.heard = new Map();
    /** @type {Set<number>} */
    this.wanted = new Set();
    this.wantedTimer = 0;
    this.wantedAt = 0;
  }

  /** Another queue, or the same one anew. @param {Asked} [asked] */
  async open(asked = this.with.store.asked) {
    const { api, store, list, claims, draw } = this.with;
    const now = ++this.visit;
    claims.release();
    this.heard.clear();
    store.open(asked);
    list.clear();
    draw();
    await this._ask(async () => {
      const answer = await api.page(asked, { limit: PAGE });
      if (now !== this.visit) return;
      store.append(answer);
      draw();
    });
  }

  /** Everything that is on the screen, as it is now: something may have been missed. */
  async refresh() {
    const { api, store, list, endings, draw } = this.with;
    if (endings.isOut) return;
    if (this.isAsking) {
      this.isStale = true;
      return;
    }
    if (!store.isLoaded) return this.open();
    const now = this.visit;
    await this._ask(async () => {
      const limit = Math.min(IDS_PER_QUESTION, Math.max(PAGE, store.cards.length));
      const answer = await api.page(store.asked, { limit });
      if (now !== this.visit) return;
      const listed = new Set(answer.posts.map((post) => post.id));
      const missing = store.cards.map((card) => card.post.id).filter((id) => !listed.has(id));
      if (store.cards.length === 0) store.next = answer.next;
      store.counts = answer.counts;
      this._arrive(store.apply(answer.posts, [], (place) => list.mayMove(place)));
      if (missing.length > 0) await this.refetch(missing);
      draw();
    });
  }

  /**
   * These posts as they are now; `isOwn` ones are shown at once, wherever they belong.
   * @param {number[]} ids
   * @param {boolean} [isOwn]
   */
  async refetch(ids, isOwn = false) {
    const { api, store, list, endings, draw } = this.with;
    const now = this.visit;
    for (let start = 0; start < ids.length; start += IDS_PER_QUESTION) {
      const question = ++this.sent;
      const asked = ids.slice(start, start + IDS_PER_QUESTION);
      const answer = await api.posts(asked, store.asked.site);
      if (now !== this.visit || endings.isOut) return;
      const part = asked.filter((id) => (this.heard.get(id) ?? 0) < question);
      for (const id of part) this.heard.set(id, question);
      const posts = answer.posts.filter((post) => part.includes(post.id));
      const found = new Set(posts.map((post) => post.id));
      store.counts = answer.counts;
      const gone = part.filter((id) => !found.has(id));
      const fresh = store.apply(posts, gone, (place) => isOwn || list.mayMove(place));
      draw();
      if (isOwn && start === 0) {
        const first = part.find((id) => found.has(id) && store.card(id) && !store.card(id)?.isLeaving);
        if (first !== undefined) list.focus(first);
      } else if (!isOwn) this._arrive(fresh);
    }
  }

  async showMore() {
    const { api, store, draw } = this.with;
    if (this.isAsking || store.next === null) return;
    const now = this.visit;
    const cursor = store.next;
    await this._ask(async () => {
      const answer = await api.page(store.asked, { limit: PAGE, cursor });
      if (now !== this.visit) return;
      store.append(answer);
      draw();
    });
  }

  /** Shows more where few are left. */
  refill() {
    const { store } = this.with;
    if (store.waiting.length < FEW && store.next !== null) void this.showMore();
  }

  /** These have changed. @param {number[]} ids */
  want(ids) {
    if (ids.length === 0) return;
    for (const id of ids) this.wanted.add(id);
    const isFirst = performance.now() - this.wantedAt > QUIET_MILLISECONDS;
    this.wantedAt = performance.now();
    this.wantedTimer ||= setTimeout(() => this._fetchWanted(), isFirst ? 0 : TOGETHER_MILLISECONDS);
  }

  /** Takes in no answer that is on its way. */
  drop() {
    this.visit++;
  }

  async _fetchWanted() {
    const { store, endings } = this.with;
    if (this.isAsking) {
      // Its answer is older than this news.
      this.wantedTimer = setTimeout(() => this._fetchWanted(), TOGETHER_MILLISECONDS);
      return;
    }
    const ids = [...this.wanted];
    this.wanted.clear();
    let wait = TOGETHER_MILLISECONDS;
    try {
      const shown = ids.filter((id) => store.card(id));
      if (ids.length <= IDS_PER_QUESTION) await this.refetch(ids);
      else {
        await this.refetch(shown);
        await this.refresh();
      }
    } catch (error) {
      if (error instanceof Trouble) endings.troubled(error, true);
      if (!endings.isOut) for (const id of ids) this.wanted.add(id);
      wait = AGAIN_MILLISECONDS;
    } finally {
      this.wantedTimer = this.wanted.size > 0 ? setTimeout(() => this._fetchWanted(), wait) : 0;
    }
  }

  /** @param {() => Promise<void>} question */
  async _ask(question) {
    const { endings, draw } = this.with;
    const now = this.visit;
    this.isAsking = true;
    try {
      await question();
      endings.answered();
    } catch (error) {
      if (now === this.visit)
        endings.troubled(error instanceof Trouble ? error : new Trouble("server", String(error)), true);
    } finally {
      if (now === this.visit) {
        this.isAsking = false;
        draw();
        if (this.isStale) {
          this.isStale = false;
          void this.refresh();
        }
      }
    }
  }

  /** @param {number[]} fresh */
  _arrive(fresh) {
    const { store, announce } = this.with;
    if (fresh.length > 0 && store.isLoaded) announce(`${many(fresh.length, "new comment")}.`);
  }
}
