// Makes elements. Text is always text here.

/**
 * @param {string} tag
 * @param {Record<string, string | number | boolean | null | undefined>} [attributes] true is an empty one, false and null are none
 * @param {...(Node | string | null | false | undefined)} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== false && value !== null && value !== undefined)
      node.setAttribute(name, value === true ? "" : String(value));
  for (const child of children) if (child) node.append(child);
  return node;
}

/**
 * A button that the page's listener finds by its act.
 * @param {string} act
 * @param {string} label
 * @param {Record<string, string | boolean>} [attributes]
 */
export function button(act, label, attributes = {}) {
  return /** @type {HTMLButtonElement} */ (h("button", { type: "button", "data-act": act, ...attributes }, label));
}

/** @param {EventTarget | null} target */
export function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button", "submit"].includes(target.type);
}
