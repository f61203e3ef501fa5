// The row over the field: marks by button or key, and the server's rendering of what was written so far.
import type { TextKey } from "../messages";
import type { Calls } from "./calls";
import { explain, h, setHtml, setText, text } from "./kit";
import { type Mark, marked } from "./marks";

/** With the key that does the same beside Control or Command. */
const MARKS: [Mark, string][] = [
  ["bold", "b"],
  ["italic", "i"],
  ["link", "k"],
  ["quote", ""],
  ["code", "e"],
  ["list", ""],
];
const LETTERS: Partial<Record<Mark, string>> = { bold: "B", italic: "I" }; // the others have pictures
const IS_MAC = /Mac|iP/.test(navigator.platform);

export function addToolbar(form: HTMLFormElement, body: HTMLTextAreaElement, preview: Calls["preview"]): void {
  const id = `write-${Math.random().toString(36).slice(2)}`;
  const panel = h("div", "body preview", { id: `${id}-panel`, role: "tabpanel", tabindex: 0, dir: "auto" });
  const tools = h("div", "tools", { role: "toolbar", "aria-label": text("formatting") });
  const buttons = MARKS.map(([mark, key]) => {
    const label = text(mark) + (key && ` (${IS_MAC ? "⌘" : "Ctrl+"}${key.toUpperCase()})`);
    const attributes = { type: "button", title: label, "aria-label": label, tabindex: -1 };
    const button = h("button", `tool ${mark}`, attributes, LETTERS[mark] ?? "");
    // the field keeps the focus, and with it a phone its keyboard
    button.onpointerdown = (event) => event.preventDefault();
    button.onclick = () => apply(mark);
    return button;
  });
  const tabs = (["write", "preview"] as const).map((label: TextKey, at) => {
    const tab = h("button", "tab", { type: "button", role: "tab", id: `${id}-${at}` }, text(label));
    tab.onclick = () => turn(at);
    return tab;
  }) as unknown as [HTMLElement, HTMLElement];
  const tablist = h("div", "tabs", { role: "tablist" }, ...tabs);
  let rendered: string | null = null;
  tools.append(...buttons);
  panel.setAttribute("aria-labelledby", `${id}-1`);
  tabs[1].setAttribute("aria-controls", panel.id);
  body.before(panel);
  form.querySelector(".bar")?.append(tools, tablist);
  rove(tools, buttons);
  rove(tablist, tabs);
  turn(0);

  function apply(mark: Mark): void {
    const { from, to, insert, start, end } = marked(mark, body.value, body.selectionStart, body.selectionEnd);
    body.focus();
    body.setSelectionRange(from, to);
    // the old command alone lets the reader undo it
    if (!document.execCommand("insertText", false, insert)) {
      body.setRangeText(insert);
      body.dispatchEvent(new Event("input", { bubbles: true }));
    }
    body.setSelectionRange(start, end);
  }

  function turn(to: number): void {
    const isPreview = to === 1;
    const height = body.offsetHeight;
    tabs.forEach((tab, at) => {
      tab.ariaSelected = String(at === to);
      tab.tabIndex = at === to ? 0 : -1;
    });
    if (isPreview) panel.style.minHeight = `${height || panel.offsetHeight}px`; // nothing under it moves
    body.hidden = tools.inert = isPreview;
    panel.hidden = !isPreview;
    if (isPreview) void render();
  }

  async function render(): Promise<void> {
    const source = body.value;
    if (source === rendered) return;
    rendered = source;
    if (!source.trim()) return setText(panel, text("nothing"));
    panel.ariaBusy = "true";
    try {
      const { html } = await preview(source);
      if (source === rendered) setHtml(panel, html);
    } catch (error) {
      rendered = null; // another look asks again
      setText(panel, explain(error));
    }
    panel.ariaBusy = "false";
  }

  body.addEventListener("keydown", (event) => {
    const found = MARKS.find(([, key]) => key === event.key.toLowerCase());
    if (!found || !(IS_MAC ? event.metaKey : event.ctrlKey) || event.shiftKey || event.altKey) return;
    event.preventDefault();
    apply(found[0]);
  });
  form.addEventListener("write", () => turn(0));
}

/** One stop for the Tab key; the arrows go from button to button. */
function rove(group: HTMLElement, buttons: HTMLElement[]): void {
  const [first] = buttons;
  if (first) first.tabIndex = 0;
  group.addEventListener("keydown", (event) => {
    const isBack = getComputedStyle(group).direction === "rtl" ? "ArrowRight" : "ArrowLeft";
    const isForth = isBack === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
    const at = buttons.indexOf(event.target as HTMLElement);
    const moves: Record<string, number> = { [isBack]: at - 1, [isForth]: at + 1, Home: 0, End: -1 };
    const to = moves[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const wanted = buttons.at(to % buttons.length);
    for (const button of buttons) button.tabIndex = button === wanted ? 0 : -1;
    wanted?.focus();
  });
}
