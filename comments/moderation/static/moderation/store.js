// What the page knows of the queue: its cards in their order, what waits above them, what is selected. No DOM.
import { fate } from "./words.js";

/**
 * @typedef {import("./shapes.js").Post} Post
 * @typedef {import("./shapes.js").Asked} Asked
 *
 * @typedef {object} Note what a card says of itself
 * @property {"busy" | "problem" | "left"} kind "left": somebody else has decided, and the card goes by itself
 * @property {string} text
 * @property {"retry" | "take-over" | "dismiss" | "login" | ""} [offer]
 *
 * @typedef {object} Card
 * @property {Post} post
 * @property {Note | null} note
 * @property {boolean} isLeaving goes from the screen as soon as that takes nobody's place away
 */

export class Store {
  /**
   * @param {Asked} asked
   * @param {string} me
   */
  constructor(asked, me) {
    this.me = me;
    /** @type {import("./shapes.js").Counts} */
    this.counts = {};
    this.asked = asked;
    /** @type {Card[]} */
    this.cards = [];
    /** @type {Post[]} what came in while somebody read, newest last */
    this.arrived = [];
    /** @type {string | null} */
    this.next = null;
    /** @type {Set<number>} */
    this.selected = new Set();
    /** @type {{ id: number, status: string }[] | null} all of the queue, as it was when it was selected */
    this.whole = null;
    /** @type {number | null} the one that was selected last, or not any more: a range begins there */
    this.lastPicked = null;
    this.isLoaded = false;
  }

  /** Another queue: nothing of it is known yet. @param {Asked} asked */
  open(asked) {
    this.asked = asked;
    this.cards = [];
    this.arrived = [];
    this.next = null;
    this.selected = new Set();
    this.whole = null;
    this.lastPicked = null;
    this.isLoaded = false;
  }

  /** @param {number} id */
  card(id) {
    return this.cards.find((card) => card.post.id === id);
  }

  /** Those that still wait here. */
  get waiting() {
    return this.cards.filter((card) => !card.isLeaving && belongs(card.post, this.asked));
  }

  /** A page of the queue behind what is there. @param {import("./shapes.js").QueueAnswer} answer */
  append(answer) {
    for (const post of answer.posts) {
      const card = this.card(post.id);
      if (card) card.post = post;
      else this._insert(post);
    }
    this.next = answer.next;
    this.counts = answer.counts;
    this.isLoaded = true;
  }

  /**
   * Posts as they are now, and the numbers of those that are out of reach; the ids of the new ones.
   * @param {Post[]} posts
   * @param {number[]} [gone]
   * @param {(place: number) => boolean} [mayMove] whether a card may come in at this place; else it waits above
   * @returns {number[]}
   */
  apply(posts, gone = [], mayMove = () => true) {
    const fresh = [];
    for (const post of posts) {
      const card = this.card(post.id);
      this.arrived = this.arrived.filter((other) => other.id !== post.id);
      if (card) this._update(card, post);
      else if (belongs(post, this.asked) && !this._isBeyond(post)) {
        fresh.push(post.id);
        if (mayMove(this._place(post))) this._insert(post);
        else this.arrived.push(post);
      }
    }
    for (const id of gone) {
      this.arrived = this.arrived.filter((other) => other.id !== id);
      const card = this.card(id);
      if (card) this._leave(card, "Gone");
    }
    return fresh;
  }

  /** Shows what waited above; their ids. */
  reveal() {
    const ids = this.arrived.map((post) => post.id);
    for (const post of this.arrived.splice(0)) this._insert(post);
    return ids;
  }

  /**
   * What became of a post by a decision of one's own.
   * @param {number} id
   * @param {string} status
   */
  decided(id, status) {
    const card = this.card(id);
    if (!card) return;
    card.note = null;
    card.post = { ...card.post, status, flags: [], claim: null };
    if (!belongs(card.post, this.asked)) this.drop(card);
  }

  /** @param {Card} card */
  drop(card) {
    card.isLeaving = true;
    card.note = null;
    this.selected.delete(card.post.id);
  }

  /** @param {number} id @param {Note | null} note */
  note(id, note) {
    const card = this.card(id);
    if (card) card.note = note;
  }

  /** The card is off the screen. @param {number} id */
  forget(id) {
    this.cards = this.cards.filter((card) => card.post.id !== id);
    this.selected.delete(id);
  }

  /** @param {number} id @param {string} by "" where nobody has it @param {string} until */
  claim(id, by, until) {
    const card = this.card(id);
    if (card) card.post = { ...card.post, claim: by ? { by, until, mine: by === this.me } : null };
  }

  /** Whose claims may have ended unheard. @param {number} now @returns {number[]} */
  overdue(now) {
    return this.cards
      .filter(({ post }) => post.claim && !post.claim.mine && Date.parse(post.claim.until) < now)
      .map(({ post }) => post.id);
  }

  /** @param {Card} card @param {Post} post */
  _update(card, post) {
    card.post = post;
    if (belongs(post, this.asked)) {
      const isBack = card.isLeaving || card.note?.kind === "left";
      card.isLeaving = false;
      if (isBack) card.note = null;
    } else if (card.note === null) {
      // What says something of its own (a conflict, a failure) stays until it was read.
      this._leave(card, post.history[0]?.by === this.me ? "" : fate(post));
    }
  }

  /** @param {Card} card @param {string} text */
  _leave(card, text) {
    this.drop(card);
    if (text) card.note = { kind: "left", text };
  }

  /** @param {Post} post */
  _insert(post) {
    if (!this.card(post.id)) this.cards.splice(this._place(post), 0, { post, note: null, isLeaving: false });
  }

  /** @param {Post} post */
  _place(post) {
    const place = this.cards.findIndex((card) => this._isBefore(post, card.post));
    return place < 0 ? this.cards.length : place;
  }

  /** Whether it belongs to a part of the queue that is not loaded. @param {Post} post */
  _isBeyond(post) {
    const last = this.cards.at(-1);
    return this.next !== null && last !== undefined && this._isBefore(last.post, post);
  }

  /** @param {Post} one @param {Post} other */
  _isBefore(one, other) {
    const difference = Date.parse(one.created) - Date.parse(other.created) || one.id - other.id;
    return this.asked.order === "oldest" ? difference < 0 : difference > 0;
  }
}

/**
 * Whether the post is in the queue that is asked for.
 * @param {Post} post
 * @param {Asked} asked
 */
export function belongs(post, asked) {
  if (asked.site && post.site.key !== asked.site) return false;
  if (asked.author !== null && post.author.id !== asked.author) return false;
  if (asked.thread !== null && post.thread.id !== asked.thread) return false;
  if (asked.q && !says(post, asked.q)) return false;
  if (asked.queue === "reported") return post.status === "published" && post.flags.length > 0;
  if (asked.queue === "all") return post.status !== "deleted" && post.status !== "erased";
  return post.status === asked.queue;
}

/** @param {Post} post @param {string} text */
function says(post, text) {
  const wanted = text.toLowerCase();
  return (
    post.body.toLowerCase().includes(wanted) ||
    post.author.name.toLowerCase().includes(wanted) ||
    post.author.email?.toLowerCase() === wanted ||
    post.address === text
  );
}
