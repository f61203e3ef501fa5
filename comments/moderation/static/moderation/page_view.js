// The whole page: where its parts stand, what it says when there is no list, and what it says aloud.
import { button, h } from "./dom.js";
import { EMPTY } from "./words.js";

/**
 * @typedef {object} Parts
 * @property {import("./head_view.js").HeadView} head
 * @property {import("./list_view.js").ListView} list
 * @property {ReturnType<import("./undo_bar.js").createUndoBar>} bar
 */

export class PageView {
  /**
   * @param {HTMLElement} root
   * @param {Parts} parts
   */
  constructor(root, parts) {
    this.root = root;
    this.parts = parts;
    this.pill = button("reveal", "", { class: "pill", hidden: true, "aria-keyshortcuts": "n" });
    this.state = h("p", { class: "empty", tabindex: "-1", hidden: true });
    this.problem = h("div", { class: "errornote", role: "alert", hidden: true });
    this.more = button("more", "Show more", { class: "more", hidden: true });
    this.spoken = h("p", { class: "visually-hidden", role: "status" });
    root.append(
      this.problem,
      parts.head.node,
      h("div", { class: "pills" }, this.pill),
      parts.list.node,
      this.state,
      this.more,
      h("div", { class: "bars" }, parts.bar.node, parts.head.bulk),
      this.spoken,
    );
  }

  /**
   * @param {import("./store.js").Store} store
   * @param {boolean} isAsking
   */
  draw(store, isAsking) {
    const { root, parts, pill, state, problem, more } = this;
    const { asked } = store;
    parts.list.draw();
    parts.head.draw(store, asked);
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

  /** @param {string} text */
  announce(text) {
    this.spoken.textContent = this.spoken.textContent === text ? `${text} ` : text;
  }

  /** Says what is wrong, above all else. @param {string} text @param {HTMLElement} [offer] */
  say(text, offer) {
    this.problem.hidden = false;
    this.problem.replaceChildren(text, " ", ...(offer ? [offer] : []));
  }

  unsay() {
    this.problem.hidden = true;
    this.problem.replaceChildren();
  }

  /** Nothing but what it says stays. */
  clear() {
    const { head, list, bar } = this.parts;
    list.clear();
    bar.hide();
    document.title = head.title;
    head.node.remove();
    head.bulk.remove();
    for (const node of [this.pill, this.more, this.state]) node.remove();
    document.querySelector("dialog[open]")?.remove();
  }
}
