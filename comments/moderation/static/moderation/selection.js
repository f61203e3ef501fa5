// Which comments are selected, and what is done to all of them.
import { Trouble } from "./api.js";
import { confirmed } from "./dialogs.js";

/**
 * @typedef {import("./shapes.js").Decision} Decision
 *
 * @typedef {object} Surroundings
 * @property {import("./api.js").Api} api
 * @property {import("./store.js").Store} store
 * @property {import("./head_view.js").HeadView} head
 * @property {ReturnType<import("./undo_bar.js").createUndoBar>} bar
 * @property {import("./gestures.js").Gestures} gestures
 * @property {(decision: Decision, ids: number[]) => Promise<void> | undefined} decide
 * @property {() => void} draw
 * @property {() => Promise<void>} refresh
 * @property {(trouble: Trouble) => void} troubled
 */

export class Selection {
  /** @param {Surroundings} surroundings */
  constructor(surroundings) {
    this.with = surroundings;
  }

  /** Selects it where it is not, and the other way round. @param {number} id */
  turn(id) {
    const { store, draw } = this.with;
    store.whole = null;
    if (store.selected.has(id)) store.selected.delete(id);
    else store.selected.add(id);
    store.lastPicked = id;
    draw();
  }

  /** From the last one that was picked to this one. @param {number} id */
  addRange(id) {
    const { store, draw } = this.with;
    const ids = store.waiting.map((card) => card.post.id);
    const from = Math.max(0, ids.indexOf(store.lastPicked ?? id));
    const to = ids.indexOf(id);
    if (to < 0) return;
    for (const one of ids.slice(Math.min(from, to), Math.max(from, to) + 1)) store.selected.add(one);
    store.whole = null;
    store.lastPicked = id;
    draw();
  }

  /** Those that are loaded. */
  addPage() {
    const { store, draw } = this.with;
    for (const { post } of store.waiting) store.selected.add(post.id);
    draw();
  }

  /** Also those that are not loaded: the ones that are there now, for what comes later nobody has seen. */
  async addQueue() {
    const { api, store, bar, draw, troubled } = this.with;
    const { asked } = store;
    bar.say("Looking for all of them…");
    /** @type {{ id: number, status: string }[]} */
    const found = [];
    try {
      for (let cursor = ""; ; ) {
        const answer = await api.brief(asked, { limit: 2_000, cursor });
        if (store.asked !== asked) return;
        found.push(...answer.posts);
        if (answer.next === null) break;
        cursor = answer.next;
      }
    } catch (error) {
      if (error instanceof Trouble) troubled(error);
      return bar.say("They are not selected: the server does not answer. Try again.");
    }
    bar.hide();
    store.whole = found;
    for (const { post } of store.waiting) store.selected.add(post.id);
    draw();
  }

  clear() {
    const { store, draw } = this.with;
    store.selected.clear();
    store.whole = null;
    draw();
  }

  /** @param {Decision} decision */
  async decide(decision) {
    const { store, head, gestures, decide, refresh } = this.with;
    const { whole } = store;
    const ids = [...store.selected];
    if (whole === null) {
      this.clear();
      return decide(decision, ids);
    }
    const verb = { approve: "Approve", reject: "Reject", spam: "Mark as spam", delete: "Delete" }[decision];
    if (!(await confirmed(`${verb}: ${head.selectedText.textContent}`, verb))) return;
    this.clear();
    await gestures.decide(decision, whole);
    await refresh();
  }
}
