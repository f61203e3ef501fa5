// The dialog in which a reader tells the moderators what is wrong with a post; a file of its own.
import { openDialog, styleDialogs } from "../dialog";
import type { TextKey } from "../messages";
import type { Calls } from "./calls";
import { explain, h, type Kit, setText, takeKit, text } from "./kit";

const REASONS = ["spam", "abuse", "offTopic", "other"] satisfies TextKey[];
const NOTE_MAX_CHARS = 400; // with the reason before it, within the API's 500

export type Report = (id: number, asked: HTMLElement) => void;

export function createReport(kit: Kit, { flag }: Calls): Report {
  takeKit(kit);
  styleDialogs();
  return (id, asked) => open(id, asked, kit, flag);
}

/** The focus returns to where it was, as the browser does it for its dialogs. */
function open(id: number, asked: HTMLElement, { say, thread }: Kit, flag: Calls["flag"]): void {
  const title = h("h2", "", { id: "report" }, text("reportTitle"));
  const options = REASONS.map((reason, at) => {
    const input = h("input", "", { type: "radio", name: "reason", value: text(reason), required: "" });
    if (at === 0) input.autofocus = true;
    return h("label", "", {}, input, text(reason));
  });
  const note = h("textarea", "", {
    name: "note",
    "aria-label": text("note"),
    placeholder: text("note"),
    maxlength: NOTE_MAX_CHARS,
    dir: "auto",
  });
  const error = h("p", "error", { role: "alert" });
  const cancel = h("button", "act", { type: "button" }, text("cancel"));
  const submit = h("button", "primary", {}, text("report"));
  const form = h("form", "", {}, title, ...options, note, error, h("div", "foot", {}, cancel, submit));
  const dialog = h("dialog", "", { "aria-labelledby": "report" }, form);
  form.onsubmit = async (event) => {
    event.preventDefault();
    const given = new FormData(form);
    const words = String(given.get("note")).trim();
    submit.disabled = true;
    try {
      await flag(id, [given.get("reason"), words].filter(Boolean).join(": "));
      dialog.close();
      setText(asked, text("reported"));
      say(text("reportThanks"));
    } catch (cause) {
      setText(error, explain(cause));
    }
    submit.disabled = false;
  };
  cancel.onclick = () => dialog.close();
  openDialog(dialog, thread.view(id)?.node ?? asked, asked);
}
