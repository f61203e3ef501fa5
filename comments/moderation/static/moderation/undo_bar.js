// Says what was done, and takes it back within ten seconds.
import { button, h } from "./dom.js";

/**
 * @typedef {object} Offer
 * @property {string} text
 * @property {number} seconds
 * @property {() => Promise<string>} take takes it back; what to say then
 */

/** @param {(text: string) => void} announce */
export function createUndoBar(announce) {
  const text = h("span");
  const left = h("span", { "aria-hidden": "true" });
  const act = button("undo", "Undo ", { "aria-keyshortcuts": "z" });
  act.append(left);
  const close = button("close-bar", "×", { class: "close", "aria-label": "Close" });
  const node = h(
    "div",
    { class: "bar undo", role: "group", "aria-label": "The last action", hidden: true },
    text,
    act,
    close,
  );
  /** @type {Offer | null} */
  let offer = null;
  let until = 0;
  let timer = 0;

  function tick() {
    const seconds = Math.ceil((until - performance.now()) / 1000);
    if (!offer || seconds <= 0) return hide();
    left.textContent = `(${seconds})`;
    timer = setTimeout(tick, 250);
  }

  function hide() {
    clearTimeout(timer);
    offer = null;
    node.hidden = true;
  }

  /** @param {string} words @param {boolean} hasUndo @param {number} seconds */
  function show(words, hasUndo, seconds) {
    clearTimeout(timer);
    text.textContent = words;
    act.hidden = !hasUndo;
    node.hidden = false;
    announce(words + (hasUndo ? " Press z to undo." : ""));
    timer = setTimeout(hide, seconds * 1000);
  }

  return {
    node,
    hide,
    /** @param {Offer} made */
    offer(made) {
      show(made.text, true, made.seconds);
      offer = made;
      until = performance.now() + made.seconds * 1000;
      clearTimeout(timer);
      tick();
    },
    /** @param {string} words */
    say(words) {
      offer = null;
      show(words, false, 6);
    },
    async take() {
      if (!offer) return this.say("There is nothing to undo any more.");
      const { take } = offer;
      hide();
      this.say(await take());
    },
  };
}
