// When the server does not answer as before: for a while, until one has logged in again, or for good.
import { button, h } from "./dom.js";

/**
 * @typedef {import("./api.js").Trouble} Trouble
 *
 * @typedef {object} Surroundings
 * @property {import("./store.js").Store} store
 * @property {import("./page_view.js").PageView} view
 * @property {string} login the address of the page where one logs in
 * @property {() => Promise<void>} refresh
 * @property {(state: "polling" | "away") => void} showAsking
 * @property {() => void} leave ends whatever the page does
 */

export class Endings {
  /** @param {Surroundings} surroundings */
  constructor(surroundings) {
    this.with = surroundings;
    this.isOut = false; // removed: nothing is shown or asked any more
    this.isLoggedOut = false;
  }

  /** A question of the page's own has its answer. */
  answered() {
    const { view, showAsking } = this.with;
    if (this.isLoggedOut) this._loggedIn();
    if (!this.isOut) view.unsay();
    showAsking("polling");
  }

  /**
   * @param {Trouble} trouble
   * @param {boolean} [isQuestion] a question of the page's own, not something that the moderator did
   */
  troubled(trouble, isQuestion = false) {
    const { store, view, refresh, showAsking } = this.with;
    if (trouble.kind === "logged_out") return this._loggedOut();
    if (trouble.kind === "refused") return isQuestion ? this._removed() : void refresh();
    if (isQuestion && trouble.kind === "invalid")
      return view.say(trouble.message, h("a", { href: location.pathname }, "Back to the queue"));
    if (!isQuestion) return;
    showAsking("away");
    if (!store.isLoaded) view.say(`${trouble.message} `, button("again", "Try again"));
  }

  /** The session has ended: what is here is covered and kept, until one has logged in again. */
  _loggedOut() {
    const { view, login } = this.with;
    if (this.isLoggedOut) return;
    this.isLoggedOut = true;
    document.body.classList.add("is-covered");
    const next = encodeURIComponent(location.pathname + location.search);
    view.say(
      "You are logged out. What you began is kept on this page: log in again, and come back to it.",
      h("a", { href: `${login}?next=${next}`, target: "_blank", class: "button" }, "Log in again"),
    );
    view.announce("You are logged out.");
  }

  _loggedIn() {
    this.isLoggedOut = false;
    document.body.classList.remove("is-covered");
    this.with.view.announce("You are logged in again.");
  }

  /** Moderates nothing any more: nothing of the queue stays in sight. */
  _removed() {
    const { view, leave } = this.with;
    this.isOut = true;
    leave();
    view.clear();
    view.say("You do not moderate comments any more. Ask the owner of the site if that is a mistake.");
    view.announce("You do not moderate comments any more.");
  }
}
