// What stands above and below the list: the queues, the filters, the state, and what is selected.
import { button, h } from "./dom.js";
import { many, QUEUE_NAMES } from "./words.js";

/**
 * @typedef {import("./shapes.js").Asked} Asked
 * @typedef {import("./store.js").Store} Store
 */

export class HeadView {
  /**
   * @param {import("./shapes.js").Boot} boot
   * @param {(change: Partial<Asked>) => string} addressOf
   */
  constructor(boot, addressOf) {
    this.boot = boot;
    this.addressOf = addressOf;
    this.title = document.title.replace(/^\(\d+\) /, "");
    this.tabs = h("ul", { role: "list" });
    /** @type {Record<string, { link: HTMLElement, count: HTMLElement }>} */
    this.links = {};
    for (const queue of boot.queues) {
      const count = h("span", { class: "count" });
      const link = h("a", { href: "", "data-queue": queue }, QUEUE_NAMES[queue] ?? queue, " ", count);
      this.links[queue] = { link, count };
      this.tabs.append(h("li", {}, link));
    }
    this.site = /** @type {HTMLSelectElement} */ (
      h(
        "select",
        { id: "site", "aria-label": "Site" },
        h("option", { value: "" }, "All sites"),
        ...boot.sites.map((site) => h("option", { value: site.key }, site.name)),
      )
    );
    this.site.hidden = boot.sites.length < 2;
    this.order = /** @type {HTMLSelectElement} */ (
      h(
        "select",
        { id: "order", "aria-label": "Order" },
        h("option", { value: "newest" }, "Newest first"),
        h("option", { value: "oldest" }, "Oldest first"),
      )
    );
    this.search = /** @type {HTMLInputElement} */ (
      h("input", {
        type: "search",
        name: "q",
        "aria-label": "Search",
        placeholder: "Text, name, e-mail, address",
        maxlength: 200,
        "aria-keyshortcuts": "/",
      })
    );
    this.form = /** @type {HTMLFormElement} */ (
      h("form", { role: "search", class: "search" }, this.search, h("button", { type: "submit" }, "Search"))
    );
    this.chips = h("p", { class: "chips" });
    this.dot = h("span", { class: "state", role: "status" });
    this.node = h(
      "div",
      { class: "top" },
      h("nav", { class: "queues", "aria-label": "Queues" }, this.tabs),
      h(
        "div",
        { class: "tools" },
        this.form,
        this.site,
        this.order,
        this.dot,
        button("help", "?", { class: "round", "aria-label": "Keyboard shortcuts", "aria-keyshortcuts": "?" }),
      ),
      this.chips,
    );
    this.selectedText = h("span");
    this.all = button("select-all", "");
    this.bulk = h(
      "div",
      { class: "bar bulk", role: "group", "aria-label": "Selected comments", hidden: true },
      h("div", { class: "chosen" }, this.selectedText, this.all, button("select-none", "Clear")),
      h(
        "div",
        { class: "acts" },
        button("bulk-approve", "Approve"),
        button("bulk-reject", "Reject"),
        button("bulk-spam", "Spam"),
        button("bulk-delete", "Delete"),
      ),
    );
  }

  /** @param {Store} store @param {Asked} asked */
  draw(store, asked) {
    const { counts } = store;
    const waiting = (counts.pending ?? 0) + (counts.reported ?? 0);
    document.title = waiting > 0 ? `(${waiting}) ${this.title}` : this.title;
    for (const [queue, { link, count }] of Object.entries(this.links)) {
      link.setAttribute("href", this.addressOf({ queue: /** @type {Asked["queue"]} */ (queue) }) || "?");
      if (queue === asked.queue) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
      const number = counts[queue];
      count.textContent = number === undefined ? "" : number.toLocaleString("en");
      count.classList.toggle("none", !number);
    }
    this.site.value = asked.site;
    this.order.value = asked.order;
    if (document.activeElement !== this.search) this.search.value = asked.q;
    this._drawChips(store, asked);
    this._drawBulk(store, asked);
  }

  /** @param {"live" | "polling" | "away"} state */
  state(state) {
    const words = {
      live: "Live",
      polling: "Connecting, asking every 10 s",
      away: "No connection: what you see is old",
    };
    if (this.dot.dataset.state === state) return;
    this.dot.dataset.state = state;
    this.dot.textContent = words[state];
  }

  /** @param {Store} store @param {Asked} asked */
  _drawChips(store, asked) {
    const first = store.cards[0]?.post;
    const chips = [];
    if (asked.author !== null)
      chips.push([
        `By ${first && first.author.id === asked.author ? first.author.name : `author ${asked.author}`}`,
        this.addressOf({ author: null }),
      ]);
    if (asked.thread !== null)
      chips.push([
        `On ${first && first.thread.id === asked.thread ? first.thread.title : `page ${asked.thread}`}`,
        this.addressOf({ thread: null }),
      ]);
    if (asked.q) chips.push([`“${asked.q}”`, this.addressOf({ q: "" })]);
    const drawn = chips.join();
    if (this.chips.dataset.drawn === drawn) return;
    this.chips.dataset.drawn = drawn;
    this.chips.replaceChildren(
      ...chips.map(([label = "", href = ""]) =>
        h(
          "a",
          { class: "chip", href: href || "?", "aria-label": `Without: ${label}` },
          label,
          h("span", { "aria-hidden": "true" }, " ×"),
        ),
      ),
    );
  }

  /** @param {Store} store @param {Asked} asked */
  _drawBulk(store, asked) {
    const number = store.selected.size;
    this.bulk.hidden = number === 0;
    document.body.classList.toggle("has-bulk", number > 0);
    if (number === 0) return;
    const isFiltered = asked.q || asked.author !== null || asked.thread !== null || asked.queue === "all";
    const inQueue = isFiltered ? null : (store.counts[asked.queue] ?? 0);
    const loaded = store.waiting.length;
    if (store.whole !== null) {
      const count = store.whole.length.toLocaleString("en");
      this.selectedText.textContent =
        inQueue === null ? `All ${count} that match are selected.` : `All ${count} in this queue are selected.`;
      this.all.hidden = true;
      return;
    }
    this.selectedText.textContent = `${many(number)} selected.`;
    const isMore = store.next !== null && number >= loaded;
    this.all.hidden = number >= loaded && !isMore;
    this.all.dataset.act = isMore ? "select-queue" : "select-all";
    this.all.textContent = isMore
      ? inQueue === null
        ? "Select all that match"
        : `Select all ${inQueue.toLocaleString("en")} in this queue`
      : `Select all ${loaded} on this page`;
  }
}
