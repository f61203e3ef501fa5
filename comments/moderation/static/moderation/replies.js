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
  /** @type {Map<number, { text: string, key: string }>} replies that were begun: the same one again is sent once */
  const begun = new Map();

  return {
    /** @param {number} id the post that is replied to */
    async send(id) {
      const view = list.views.get(id);
      const text = view?.replying.querySelector("textarea");
      const post = store.card(id)?.post;
      if (!view || !text || !post || text.readOnly) return;
      if (!text.value.trim()) return view.replyError("Write something first.");
      let reply = begun.get(id);
      if (reply?.text !== text.value) reply = { text: text.value, key: uuid() };
      begun.set(id, reply);
      text.readOnly = true;
      const error = await gestures.reply(post, reply.text, reply.key);
      text.readOnly = false;
      if (error) return view.replyError(error);
      begun.delete(id);
      view.closeReply();
      draw();
    },
  };
}

/** crypto.randomUUID exists on secure origins only; an admin on a plain LAN address must work too. */
function uuid() {
  const bytes = Array.from(crypto.getRandomValues(new Uint8Array(16)));
  const hex = bytes.map((byte) => (byte + 256).toString(16).slice(1)).join("");
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})/, "$1-$2-4$3-a$4-");
}
