// The dialogs: a ban, a question before many are decided, and the keys.
import { h } from "./dom.js";
import { areKeysOn, KEYS, switchKeys } from "./keys.js";

/** @typedef {{ days: number | null, reason: string, is_shadow: boolean, posts: string }} Ban */

const HOW_LONG = /** @type {const} */ ([
  ["1", "1 day"],
  ["7", "7 days"],
  ["30", "30 days"],
  ["", "For good"],
  ["shadow", "Shadow ban: their comments show to them alone"],
]);
const WHICH_POSTS = /** @type {const} */ ([
  ["this", "Reject this one"],
  ["day", "Reject those of the last day"],
  ["all", "Reject all"],
  ["keep", "Keep all"],
]);

/**
 * @param {string} name
 * @returns {Promise<Ban | null>} null where it was cancelled
 */
export async function askForBan(name) {
  const reason = h("input", { type: "text", name: "reason", maxlength: 500, id: "ban-reason", autocomplete: "off" });
  const form = await asked(
    `Ban ${name}`,
    [
      choices("How long", "days", HOW_LONG, "7"),
      choices("Their comments", "posts", WHICH_POSTS, "this"),
      h("p", {}, h("label", { for: "ban-reason" }, "Reason, for moderators"), reason),
    ],
    `Ban ${name}`,
  );
  if (!form) return null;
  const days = String(form.get("days"));
  return {
    days: days === "shadow" || days === "" ? null : Number(days),
    is_shadow: days === "shadow",
    reason: String(form.get("reason") ?? ""),
    posts: String(form.get("posts")),
  };
}

/** @param {string} question @param {string} yes */
export async function confirmed(question, yes) {
  return (await asked(question, [], yes)) !== null;
}

export async function showHelp() {
  const rows = KEYS.map(({ key, says }) => h("tr", {}, h("td", {}, h("kbd", {}, key)), h("td", {}, says)));
  const isOn = /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", id: "keys-on", checked: areKeysOn() }));
  isOn.addEventListener("change", () => switchKeys(isOn.checked));
  await asked(
    "Keyboard shortcuts",
    [
      h("p", { class: "switch" }, isOn, h("label", { for: "keys-on" }, "Shortcuts of one key are on")),
      h("table", {}, h("tbody", {}, ...rows)),
      h(
        "p",
        { class: "help" },
        "They act on the comment that has the focus, or on all that are selected. While you type they rest.",
      ),
    ],
    "",
  );
}

/**
 * @param {string} title
 * @param {HTMLElement[]} parts
 * @param {string} yes the button that says so; "" for a dialog that asks nothing
 * @returns {Promise<FormData | null>}
 */
function asked(title, parts, yes) {
  const before = document.activeElement;
  const form = /** @type {HTMLFormElement} */ (
    h(
      "form",
      { method: "dialog" },
      h("h2", { id: "dialog-title" }, title),
      ...parts,
      h(
        "div",
        { class: "acts" },
        yes && h("button", { type: "submit", value: "yes", class: "default" }, yes),
        h("button", { type: "submit", value: "", formnovalidate: true }, yes ? "Cancel" : "Close"),
      ),
    )
  );
  const dialog = /** @type {HTMLDialogElement} */ (
    h("dialog", { class: "kibitz-dialog", "aria-labelledby": "dialog-title" }, form)
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const answer = dialog.returnValue === "yes" ? new FormData(form) : null;
      dialog.remove();
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
      resolve(answer);
    });
  });
}

/**
 * @param {string} legend
 * @param {string} name
 * @param {readonly (readonly [string, string])[]} options
 * @param {string} chosen
 */
function choices(legend, name, options, chosen) {
  return h(
    "fieldset",
    {},
    h("legend", {}, legend),
    ...options.map(([value, label]) =>
      h("label", {}, h("input", { type: "radio", name, value, checked: value === chosen }), h("span", {}, label)),
    ),
  );
}
