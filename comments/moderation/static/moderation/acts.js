// Does what a button or a key stands for, and looks after where the focus is then.
import { askForBan, showHelp } from "./dialogs.js";

/**
 * @typedef {import("./shapes.js").Decision} Decision
 *
 * @typedef {object} Surroundings
 * @property {import("./store.js").Store} store
 * @property {import("./head_view.js").HeadView} head
 * @property {import("./list_view.js").ListView} list
 * @property {ReturnType<import("./undo_bar.js").createUndoBar>} bar
 * @property {ReturnType<import("./claims.js").createClaims>} claims
 * @property {import("./questions.js").Questions} questions
 * @property {import("./gestures.js").Gestures} gestures
 * @property {import("./selection.js").Selection} selection
 * @property {ReturnType<import("./replies.js").createReplies>} replies
 * @property {(text: string) => void} announce
 * @property {() => void} draw
 */

export class Acts {
  /** @param {Surroundings} surroundings */
  constructor(surroundings) {
    this.with = surroundings;
  }

  /** @param {string} act @param {number | null} id the comment that it is done to */
  perform(act, id) {
    const { store, head, list, bar, questions, gestures, selection } = this.with;
    const card = id === null ? undefined : store.card(id);
    switch (act) {
      case "next":
        return void (list.step(1) || store.next === null || questions.showMore().then(() => list.step(1)));
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
        return this._reveal();
      case "more":
        return void questions.showMore();
      case "again":
        return void questions.open();
      case "select-all":
        return selection.addPage();
      case "select-queue":
        return void selection.addQueue();
      case "select-none":
        return selection.clear();
      case "approve":
      case "reject":
      case "spam":
      case "delete":
        if (card) this.decide(act, [card.post.id]);
        return;
    }
    if (act.startsWith("bulk-")) return void selection.decide(/** @type {Decision} */ (act.slice(5)));
    if (card) this._performOn(act, card);
  }

  /** @param {Decision} decision @param {number[]} ids */
  decide(decision, ids) {
    const { store, gestures } = this.with;
    const chosen = ids
      .map((id) => store.card(id))
      .filter((card) => card !== undefined && card.note?.kind !== "busy" && !card.isLeaving)
      .map((card) => ({ id: card?.post.id ?? 0, status: card?.post.status ?? "" }));
    if (chosen.length === 0) return;
    const running = gestures.decide(decision, chosen); // marks the cards as busy before the focus looks for a free one
    this._focusAfter(new Set(chosen.map(({ id }) => id)));
    return running;
  }

  /** @param {string} act @param {import("./store.js").Card} card */
  _performOn(act, card) {
    const { store, list, gestures, selection, replies, announce, draw } = this.with;
    const { post } = card;
    const view = list.views.get(post.id);
    const isPublic = post.status === "published";
    switch (act) {
      case "select":
      case "pick":
        return selection.turn(post.id);
      case "select-range":
        return selection.addRange(post.id);
      case "ban":
        if (post.author.id === null) return announce("Nobody is known to have written it.");
        return void askForBan(post.author.name).then((ban) => {
          if (!ban) return;
          if (ban.posts !== "keep") this._focusAfter(new Set([post.id]));
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
        return void replies.send(post.id);
      case "close-reply":
        return view?.closeReply();
      case "take-over":
        return void this._takeOver(post.id);
      case "retry":
        return void gestures.retry(post.id);
      case "dismiss":
        this._focusAfter(new Set([post.id]));
        store.note(post.id, null);
        store.apply([post]);
        return draw();
    }
  }

  /** @param {number} id */
  async _takeOver(id) {
    const { store, claims, gestures, draw } = this.with;
    await claims.takeOver(id);
    const card = store.card(id);
    if (card?.note?.offer === "take-over") {
      store.note(id, null);
      await gestures.retry(id);
    }
    draw();
  }

  _reveal() {
    const { store, list, draw } = this.with;
    const ids = store.reveal();
    draw();
    const first = store.cards.find((card) => ids.includes(card.post.id));
    if (first) list.focus(first.post.id);
  }

  /** @param {Set<number>} ids */
  _focusAfter(ids) {
    const { head, list, claims } = this.with;
    const isHere = list.current !== null && ids.has(list.current);
    if (!isHere && list.isHandling) return;
    const next = list.after(ids);
    if (next !== null) list.focus(next);
    else if (isHere) {
      claims.release();
      head.search.blur();
      list.node.setAttribute("tabindex", "-1");
      list.node.focus({ preventScroll: true });
    }
  }
}
