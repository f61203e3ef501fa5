// Elements without markup, and the one door for the server's HTML.
import { type TextKey, text } from "../messages";

type Attributes = Record<string, string | number>;

/** Never takes `style`: the document's policy forbids it. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className: string,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** Its child elements, each of the type that the document gives it. */
export function parts<Elements extends Element[]>(node: Element): Elements {
  return node.children as unknown as Elements;
}

/** `act` is what the click does; the view finds it by delegation. */
export function button(className: string, act: string, label: TextKey, attributes: Attributes = {}): HTMLButtonElement {
  return h("button", className, { type: "button", "data-act": act, ...attributes }, text(label));
}

/** Leaves equal text alone, so that a selection in it survives. */
export function setText(element: Element, value: string): void {
  if (element.textContent !== value) element.textContent = value;
}

interface HtmlPolicy {
  createHTML(html: string): string;
}

declare global {
  interface Window {
    trustedTypes?: { createPolicy(name: string, rules: HtmlPolicy): HtmlPolicy };
  }
}

const rules: HtmlPolicy = { createHTML: (html) => html };
const policy = window.trustedTypes?.createPolicy("kibitz", rules) ?? rules;

/** For HTML that the server sanitized, which includes where its links lead to, and for nothing else. */
export function setHtml(element: Element, html: string): void {
  element.innerHTML = policy.createHTML(html);
}

/** Makes `wanted` the children of `parent`, moving none that is in order already: a moved node loses its focus. */
export function reconcile(parent: Element, wanted: Element[]): void {
  const kept = new Set(wanted);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  let at = parent.firstElementChild;
  for (const child of wanted) {
    if (child === at) at = at.nextElementSibling;
    else parent.insertBefore(child, at);
  }
}
