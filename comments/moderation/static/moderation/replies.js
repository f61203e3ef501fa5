// Sends replies; one that was not sent stays in its card.

/**
 * @typedef {object} Surroundings
 * @property {import("./store.js").Store} store
 * @property {import("./list_view.js").ListView} list
 * @property {import("./gestures.js").Gestures} gestures
 * @property {() => void} draw
 */

/** @param {Surroundings} surroundings */
export function createReplies({ store, list, gestures, draw }) {
  /** @type {Map<number, string>} keys of replies that were begun */
  const keys = new Map();

  return {
    /** @param {number} id the post that is replied to */
    async send(id) {
      const view = list.views.get(id);
      const text = view?.replying.querySelector("textarea");
      const post = store.card(id)?.post;
      if (!view || !text || !post || text.disabled) return;
      if (!text.value.trim()) return view.replyError("Write something first.");
      const key = keys.get(id) ?? crypto.randomUUID?.() ?? "";
      keys.set(id, key);
      text.readOnly = true;
      const error = await gestures.reply(post, text.value, key);
      text.readOnly = false;
      if (error) return view.replyError(error);
      keys.delete(id);
      view.closeReply();
      draw();
    },
  };
}
