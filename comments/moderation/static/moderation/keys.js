// One key for each thing.
import { isTyping } from "./dom.js";

/** @type {{ key: string, act: string, says: string }[]} in the order in which the help has them */
export const KEYS = [
  { key: "j", act: "next", says: "Next comment" },
  { key: "k", act: "previous", says: "Previous comment" },
  { key: "a", act: "approve", says: "Approve, or keep what was reported" },
  { key: "r", act: "reject", says: "Reject" },
  { key: "s", act: "spam", says: "Spam" },
  { key: "d", act: "delete", says: "Delete, with its text" },
  { key: "b", act: "ban", says: "Ban the author…" },
  { key: "c", act: "reply", says: "Reply (Ctrl+Enter sends)" },
  { key: "p", act: "pin", says: "Pin or unpin" },
  { key: "f", act: "feature", says: "Feature, or take that back" },
  { key: "x", act: "select", says: "Select" },
  { key: "X", act: "select-range", says: "Select from the last selected to here" },
  { key: "z", act: "undo", says: "Undo, within 10 seconds" },
  { key: "n", act: "reveal", says: "Show new comments" },
  { key: "/", act: "search", says: "Search" },
  { key: "?", act: "help", says: "This help" },
];

const STORED = "kibitz.moderation.keys";

export function areKeysOn() {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true;
  }
}

/** @param {boolean} isOn */
export function switchKeys(isOn) {
  try {
    localStorage.setItem(STORED, isOn ? "on" : "off");
  } catch {
    // a browser that keeps nothing: on again next time
  }
}

/**
 * What the key is for, "" for nothing.
 * @param {KeyboardEvent} event
 */
export function actOf(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return "";
  return KEYS.find(({ key }) => key === event.key)?.act ?? "";
}
