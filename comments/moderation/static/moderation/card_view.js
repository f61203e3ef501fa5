// One comment with all that is needed to decide about it. Only what changed is drawn again.
import { button, h } from "./dom.js";
import { ago, banned, history, record, STATUS_NAMES } from "./words.js";

/**
 * @typedef {import("./shapes.js").Post} Post
 * @typedef {import("./store.js").Card} Card
 */

/** @type {[act: string, label: string, key: string][]} */
const BUTTONS = [
  ["approve", "Approve", "a"],
  ["reject", "Reject", "r"],
  ["spam", "Spam", "s"],
  ["delete", "Delete", "d"],
  ["ban", "Ban…", "b"],
  ["reply", "Reply", "c"],
  ["pin", "Pin", "p"],
  ["feature", "Feature", "f"],
];

/** @type {Record<string, string>} */
const OFFERS = { retry: "Try again", "take-over": "Take over", dismiss: "Dismiss", login: "Log in again" };

export class CardView {
  /**
   * @param {Post} post
   * @param {(change: Partial<import("./shapes.js").Asked>) => string} addressOf a queue's address that differs so
   */
  constructor(post, addressOf) {
    this.id = post.id;
    this.addressOf = addressOf;
    /** @type {Post | null} */
    this.drawn = null;
    /** @type {import("./store.js").Note | null | undefined} */
    this.notedAs = undefined;
    this.pick = /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", "data-act": "pick" }));
    this.head = h("div", { class: "head", id: `head-${post.id}` });
    this.claim = h("p", { class: "claim" });
    this.said = h("div", { class: "said" });
    this.body = h("div", { class: "body" });
    this.about = h("div", { class: "about" });
    this.note = h("p", { class: "note" });
    this.acts = h("div", { class: "acts", role: "group" });
    this.replying = h("div", { class: "replying" });
    /** @type {Record<string, HTMLButtonElement>} */
    this.buttons = {};
    for (const [act, label, key] of BUTTONS) {
      const made = button(act, "", { "aria-keyshortcuts": key });
      made.append(h("span", {}, label), h("kbd", { "aria-hidden": "true" }, key));
      this.buttons[act] = made;
      this.acts.append(made);
    }
    this.article = h(
      "article",
      { class: "card", tabindex: "-1", "data-id": post.id, "aria-labelledby": `head-${post.id}` },
      h("label", { class: "pick" }, this.pick, h("span", { class: "visually-hidden" }, "Select")),
      h(
        "div",
        { class: "inside" },
        this.head,
        this.claim,
        this.said,
        this.body,
        this.about,
        this.note,
        this.acts,
        this.replying,
      ),
    );
    this.node = h("li", {}, h("div", { class: "folds" }, this.article));
  }

  /**
   * @param {Card} card
   * @param {boolean} isSelected
   */
  update(card, isSelected) {
    const { post, note } = card;
    if (post !== this.drawn) this._drawPost(post);
    this.pick.checked = isSelected;
    this.article.classList.toggle("selected", isSelected);
    this.article.classList.toggle("is-busy", note?.kind === "busy");
    this.article.classList.toggle("is-left", note?.kind === "left");
    if (note !== this.notedAs) this._drawNote(note);
  }

  /** What was begun here would be lost with the card. */
  get hasDraft() {
    return Boolean(this.replying.querySelector("textarea")?.value.trim());
  }

  get hasFocus() {
    return this.article.contains(document.activeElement);
  }

  /** The reply's form, opened where it is not. @param {string} label what sends it */
  openReply(label) {
    let text = this.replying.querySelector("textarea");
    if (!text) {
      const error = h("p", { class: "errornote", role: "alert", hidden: true });
      text = /** @type {HTMLTextAreaElement} */ (
        h("textarea", {
          rows: 3,
          "aria-label": "Your reply",
          maxlength: 10_000,
          placeholder: "Your reply, under your name and with your badge",
        })
      );
      this.replying.replaceChildren(
        text,
        error,
        h("div", { class: "acts" }, button("send-reply", label, { class: "default" }), button("close-reply", "Cancel")),
      );
    }
    text.focus();
  }

  closeReply() {
    const hadFocus = this.replying.contains(document.activeElement);
    this.replying.replaceChildren();
    if (hadFocus) this.article.focus({ preventScroll: true });
  }

  /** @param {string} text "" for none */
  replyError(text) {
    const error = this.replying.querySelector(".errornote");
    if (!(error instanceof HTMLElement)) return;
    error.hidden = !text;
    error.textContent = text;
  }

  /** @param {Post} post */
  _drawPost(post) {
    const before = this.drawn;
    this.drawn = post;
    const hadFocus = [this.head, this.claim, this.about].some((part) => part.contains(document.activeElement));
    this.head.replaceChildren(...head(post, this.addressOf));
    this.claim.replaceChildren(...claim(post));
    this.said.replaceChildren(...said(post));
    if (before?.html !== post.html) this.body.innerHTML = post.html; // sanitised when it was written
    if (!post.html) this.body.replaceChildren(h("em", {}, "Its text is gone."));
    this.about.replaceChildren(...about(post, this.addressOf));
    if (hadFocus) this.article.focus({ preventScroll: true });
    this.acts.setAttribute("aria-label", `About the comment by ${post.author.name}`);
    const isPublic = post.status === "published";
    this._label("approve", isPublic && post.flags.length > 0 ? "Keep" : "Approve", isPublic && post.flags.length === 0);
    this._label("reject", "Reject", post.status === "hidden");
    this._label("spam", "Spam", post.status === "spam");
    this._label("pin", post.pinned ? "Unpin" : "Pin", !isPublic || post.parent !== null);
    this._label("feature", post.featured ? "Unfeature" : "Feature", !isPublic);
    this._label("ban", "Ban…", post.author.id === null);
  }

  /** @param {string} act @param {string} label @param {boolean} isHidden */
  _label(act, label, isHidden) {
    const labelled = this.buttons[act];
    if (!labelled?.firstChild) return;
    labelled.firstChild.textContent = label;
    labelled.hidden = isHidden;
  }

  /** @param {import("./store.js").Note | null} note */
  _drawNote(note) {
    const hadFocus = this.note.contains(document.activeElement);
    this.notedAs = note;
    this.note.className = `note ${note?.kind ?? ""}`;
    this.note.replaceChildren(...(note ? [h("span", {}, note.text)] : []));
    if (note?.offer) {
      this.note.append(button(note.offer, OFFERS[note.offer] ?? note.offer));
      if (note.offer !== "dismiss" && note.offer !== "login") this.note.append(button("dismiss", "Dismiss"));
    }
    if (hadFocus) this.article.focus({ preventScroll: true });
  }
}

/** @param {Post} post @param {CardView["addressOf"]} addressOf */
function head(post, addressOf) {
  const { author, thread } = post;
  return [
    h("span", { class: `status ${post.status}` }, STATUS_NAMES[post.status] ?? post.status),
    h("b", { class: "name" }, author.name),
    time(post.created),
    post.edited && h("span", { class: "edited", title: new Date(post.edited).toLocaleString() }, "edited"),
    post.pinned && h("span", { class: "mark" }, "Pinned"),
    post.featured && h("span", { class: "mark" }, "Featured"),
    h("span", { class: "where" }, "on ", outside(thread.url, thread.title)),
    h(
      "a",
      { class: "only", href: addressOf({ thread: thread.id }), title: "Only this page's comments" },
      "only this page",
    ),
  ].filter((node) => node instanceof Node);
}

/** @param {Post} post */
function claim({ claim }) {
  if (!claim || claim.mine) return []; // one's own would push down what is read, and the focus says it
  return [h("span", {}, "Being handled by ", h("b", {}, claim.by), "."), button("take-over", "Take over")];
}

/** Why it is here, and what it answers. @param {Post} post */
function said(post) {
  const why = [
    ...post.reasons.map(({ phase, outcome, reason }) =>
      h("li", {}, h("b", {}, phase), outcome === "hold" ? ": " : ` (${outcome}): `, reason),
    ),
    ...post.flags.map(({ reason, by, created }) =>
      h("li", { class: "flag" }, "Reported by ", h("b", {}, by), reason ? `: “${reason}” ` : " ", time(created)),
    ),
  ];
  return [
    ...(why.length > 0 ? [h("ul", { class: "why", "aria-label": "Why it is here" }, ...why)] : []),
    ...(post.parent
      ? [
          h(
            "blockquote",
            { class: "parent" },
            h("b", {}, post.parent.name || "Somebody"),
            post.parent.status === "published"
              ? " wrote: "
              : ` (${(STATUS_NAMES[post.parent.status] ?? "").toLowerCase()}) wrote: `,
            post.parent.excerpt || "…",
          ),
        ]
      : []),
  ];
}

/** The author's record, and what was decided before. @param {Post} post @param {CardView["addressOf"]} addressOf */
function about(post, addressOf) {
  const { author } = post;
  const ban = banned(author, Date.now());
  const facts = [
    author.id !== null &&
      h("a", { href: addressOf({ author: author.id }), title: "Only this author's comments" }, `All by ${author.name}`),
    author.posts && h("span", {}, record(author.posts)),
    author.since && h("span", {}, "first seen ", time(author.since)),
    ban && h("span", { class: "bad" }, ban),
    author.trust === "trusted" && h("span", { class: "good" }, "trusted"),
    author.trust === "watched" && h("span", { class: "bad" }, "watched"),
    author.notes && h("span", {}, author.notes === 1 ? "1 note" : `${author.notes} notes`),
    author.email && h("a", { href: addressOf({ q: author.email }) }, author.email),
    post.address && h("a", { href: addressOf({ q: post.address }), title: "All from this address" }, post.address),
  ].filter((fact) => fact instanceof Node);
  return [
    h("p", { class: "facts" }, ...facts),
    ...(post.history.length > 0
      ? [
          h(
            "ol",
            { class: "history", "aria-label": "Earlier decisions" },
            ...post.history.map((row) =>
              h("li", {}, `${history(row)} `, time(row.created), row.reason && `: ${row.reason}`),
            ),
          ),
        ]
      : []),
  ];
}

/** @param {string} moment */
function time(moment) {
  return h("time", { datetime: moment, title: new Date(moment).toLocaleString() }, ago(moment, Date.now()));
}

/** @param {string} url a page of the site's; only an address of the web becomes a link @param {string} text */
function outside(url, text) {
  if (!/^https?:/i.test(url)) return h("span", {}, text);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text);
}
