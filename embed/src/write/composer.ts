// What a form does: it sends, says what is wrong beside the field, and keeps the text until the server has it.
import type { ApiError } from "../api";
import type { TextKey } from "../messages";
import type { Calls } from "./calls";
import { button, explain, h, setText, text } from "./kit";
import { addToolbar } from "./toolbar";

const NAME_MAX_CHARS = 64;
/** What the API may find wrong with a field, by its code. */
const FAULTS: Record<string, TextKey> = {
  blank: "writeFirst",
  max_length: "tooLong",
  invalid: "emailInvalid",
  required: "emailNeeded",
  reserved: "nameReserved",
  null_characters_not_allowed: "unreadable",
  surrogate_characters_not_allowed: "unreadable",
};
const language = document.documentElement.lang || "en";
const countdown = new Intl.NumberFormat(language, { style: "unit", unit: "second", unitDisplay: "narrow" });

export interface ComposerOptions {
  submit: TextKey;
  /** Null: no name is asked for. */
  name: string | null;
  maxChars: number;
  preview: Calls["preview"];
  /** Rejects with an ApiError, and the text stays. */
  onSubmit(said: Said): Promise<void>;
  onInput(body: string): void;
  onCancel?: (() => void) | undefined;
}

/** What the form's fields say, by the names that the API has for them. */
export interface Said {
  body: string;
  name: string;
  email: string;
  website: string;
}

export interface Composer {
  body: HTMLTextAreaElement;
  showFailure(error: ApiError): void;
}

/** Takes over a form that the app has built. */
export function adopt(node: HTMLFormElement, options: ComposerOptions): Composer {
  const { maxChars, onCancel, onInput, onSubmit, preview } = options;
  const [body, bodyError, foot] = ["textarea", ".error", ".foot"].map((part) =>
    node.querySelector(part),
  ) as unknown as [HTMLTextAreaElement, HTMLElement, HTMLElement];
  const nameText = text("name");
  const name = h("input", "", {
    "aria-label": nameText,
    placeholder: nameText,
    autocomplete: "name",
    maxlength: NAME_MAX_CHARS,
    dir: "auto",
  });
  // for programs that fill in whatever there is; out of sight, and not `hidden`, which they know
  const website = h("input", "unseen", { name: "website", autocomplete: "off", "aria-hidden": "true", tabindex: -1 });
  const nameError = h("p", "error", { role: "alert" });
  const cancel = button("act", "", "cancel");
  const submit = h("button", "primary", {}, text(options.submit));
  node.classList.add("ready");
  node.noValidate = true;
  node.append(nameError, website);
  foot.append(name, cancel, submit);
  body.maxLength = maxChars;
  name.value = options.name ?? "";
  name.hidden = options.name === null;
  cancel.hidden = !onCancel;
  cancel.onclick = onCancel ?? null;
  describe(body, bodyError);
  describe(name, nameError);
  addToolbar(node, body, preview);

  /** who.ts puts it in where the site wants to know it. */
  const email = () => foot.querySelector<HTMLInputElement>("[type=email]:not([hidden])");

  function showErrors(inBody: string, inName: string): void {
    setText(bodyError, inBody);
    setText(nameError, inName);
    body.ariaInvalid = String(inBody !== "");
    const asked = email();
    const isEmail = asked?.validity.valid === false;
    name.ariaInvalid = String(inName !== "" && !isEmail);
    if (asked) asked.ariaInvalid = String(inName !== "" && isEmail);
  }

  function showFailure(error: ApiError): void {
    const inBody = fault(error, "body", maxChars);
    const isEmail = error.problem.fields?.email;
    const inName = fault(error, isEmail ? "email" : "name", NAME_MAX_CHARS);
    showErrors(inBody || (inName ? "" : explain(error)), inName);
    ((isEmail && email()) || (inName ? name : body)).focus();
    if (error.status === 429) wait(Date.now() + (error.retryAfter || 1) * 1000);
  }

  /** The button counts down and wakes up. It alone: an alert that counted would be read out each second. */
  function wait(until: number): void {
    const seconds = Math.ceil((until - Date.now()) / 1000);
    submit.disabled = seconds > 0;
    setText(submit, text(options.submit) + (seconds > 0 ? ` · ${countdown.format(seconds)}` : ""));
    if (seconds > 0) setTimeout(() => wait(until), 1000);
    else showErrors("", "");
  }

  async function send(): Promise<void> {
    if (submit.disabled) return;
    const asked = email();
    const inEmail = asked?.validity.valid === false ? text("emailInvalid") : "";
    showErrors(body.value.trim() ? "" : text("writeFirst"), inEmail);
    node.dispatchEvent(new Event("write")); // back from the preview; Firefox empties the form at any event called reset
    if (!body.value.trim()) return body.focus();
    if (inEmail) return asked?.focus();
    submit.disabled = true;
    try {
      await onSubmit({ body: body.value, name: name.value, email: email()?.value ?? "", website: website.value });
      submit.disabled = false;
    } catch (error) {
      submit.disabled = false;
      showFailure(error as ApiError);
    }
  }

  node.onsubmit = (event) => {
    event.preventDefault();
    void send();
  };
  node.oninput = () => {
    if (!submit.disabled) showErrors("", "");
    onInput(body.value); // at once: who reloads in the next moment keeps the last word, too
  };
  node.onkeydown = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void send();
    if (event.key === "Escape") onCancel?.();
  };
  showErrors("", "");
  return { body, showFailure };
}

/** What is wrong with a field, in the reader's words, else the server's; empty where nothing is. */
function fault({ problem }: ApiError, field: "body" | "email" | "name", maxChars: number): string {
  const known = FAULTS[problem?.field_codes?.[field]?.[0] ?? ""];
  return known ? text(known, maxChars) : (problem?.fields?.[field]?.[0] ?? "");
}

function describe(field: HTMLElement, error: HTMLElement): void {
  error.id ||= `error-${Math.random().toString(36).slice(2)}`;
  field.setAttribute("aria-describedby", error.id);
}
