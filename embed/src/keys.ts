// keys.js: the keys of the list, for whoever uses one there; and which they are, with a switch for the short ones.
import type { Texts } from "./boot";
import { openDialog, styleDialogs } from "./dialog";
import type { Kit } from "./write/kit";

const OFF = "off";
const STEPS: Record<string, number> = { PageDown: 1, PageUp: -1, j: 1, k: -1 };
const CONTROL = /Mac|iP/.test(navigator.platform) ? "⌘" : "Ctrl";

/** `first` is the key that brought this file. Rejects where the texts cannot be had. */
export async function listen(kit: Kit, first: KeyboardEvent): Promise<void> {
  const { api, composer, h, storage, thread } = kit;
  const { feed } = thread;
  const texts = await api.writingTexts(document.documentElement.lang);
  const opener = h("button", "act keys", {}, say(texts, "keys"));
  styleDialogs();
  opener.onclick = () => open(kit, texts, opener);
  feed.before(opener); // one step back from the first comment

  function leave(to: HTMLElement | null, event: Event): void {
    if (!to?.getClientRects().length) return;
    event.preventDefault();
    to.focus();
  }

  function step(by: number, from: Element): void {
    const shown = [...feed.querySelectorAll<HTMLElement>("article:not([hidden])")];
    shown[shown.indexOf(from as HTMLElement) + by]?.focus();
  }

  function press(event: KeyboardEvent): void {
    const { key } = event;
    const here = (event.target as Element).closest("article");
    const isWithControl = event.ctrlKey || event.metaKey;
    if ((event.target as Element).closest("form") || event.altKey) return;
    if (isWithControl && key === "Home") leave(composer.querySelector("textarea"), event);
    else if (isWithControl && key === "End") leave(feed.nextElementSibling as HTMLElement, event);
    if (isWithControl || (key.length === 1 && storage.option("keys") === OFF)) return;
    const by = STEPS[key];
    const reply = here?.querySelector<HTMLElement>("[data-act=reply]:not([hidden])");
    if (by && here) step(by, here);
    else if (key === "r" && reply) reply.click();
    else if (key === "?") open(kit, texts, document.activeElement as HTMLElement);
    else return;
    event.preventDefault();
  }

  feed.addEventListener("keydown", press);
  press(first);
}

/** The focus returns to where it was. */
function open({ h, storage }: Kit, texts: Partial<Texts>, from: HTMLElement): void {
  const rows: [string, keyof Texts][] = [
    ["j, k, Page Down, Page Up", "keysStep"],
    ["r", "keysReply"],
    [`${CONTROL}+Home, ${CONTROL}+End`, "keysLeave"],
    [`${CONTROL}+Enter`, "keysSend"],
    ["Esc", "cancel"],
    ["?", "keys"],
  ];
  const list = rows.flatMap(([keys, key]) => [h("dt", "", {}, keys), h("dd", "", {}, say(texts, key))]);
  const choice = h("input", "", { type: "checkbox" });
  const close = h("button", "primary", {}, say(texts, "close"));
  const dialog = h(
    "dialog",
    "",
    { "aria-labelledby": "keys" },
    h("h2", "", { id: "keys" }, say(texts, "keys")),
    h("dl", "", {}, ...list),
    h("label", "", {}, choice, say(texts, "keysSingle")),
    h("div", "foot", {}, close),
  );
  choice.checked = storage.option("keys") !== OFF;
  choice.onchange = () => storage.setOption("keys", choice.checked ? "" : OFF);
  close.onclick = () => dialog.close();
  openDialog(dialog, from, from);
}

function say(texts: Partial<Texts>, key: keyof Texts): string {
  return String(texts[key]);
}
