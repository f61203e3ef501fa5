// The form for a new post, a reply or an edit; it keeps the text until the server has it.
import { ApiError } from "../api";
import { type TextKey, text } from "../messages";
import { button, h, setText } from "./dom";

export interface ComposerOptions {
  /** What a screen reader calls the text field. */
  label: string;
  submit: TextKey;
  body: string;
  maxChars: number;
  /** Null: no name is asked for. */
  name: string | null;
  /** Rejects with an ApiError. The key is the same for each try of the same content. */
  onSubmit(body: string, name: string, idempotencyKey: string): Promise<void>;
  onDraft?(body: string): void;
  onTyping?(): void;
  onCancel?: (() => void) | undefined;
}

export interface Composer {
  node: HTMLFormElement;
  focus(): void;
}

export function createComposer(options: ComposerOptions): Composer {
  const { label, maxChars, onCancel, onDraft, onSubmit, onTyping } = options;
  const body = h("textarea", "", {
    "aria-label": label,
    placeholder: text("placeholder"),
    dir: "auto",
    maxlength: maxChars,
  });
  const nameText = text("name");
  const name = h("input", "", {
    "aria-label": nameText,
    placeholder: nameText,
    autocomplete: "name",
    maxlength: 80,
    dir: "auto",
  });
  const bodyError = h("p", "error", { role: "alert" });
  const nameError = h("p", "error", { role: "alert" });
  const submit = h("button", "primary", { type: "submit" }, text(options.submit));
  const foot = h("div", "foot", {}, name, ...(onCancel ? [button("act", "cancel", "cancel")] : []), submit);
  const node = h("form", "composer", { novalidate: "" }, body, bodyError, foot, nameError);
  let idempotencyKey = "";
  body.value = options.body;
  name.value = options.name ?? "";
  name.hidden = options.name === null;

  function showErrors(inBody: string, inName: string): void {
    setText(bodyError, inBody);
    setText(nameError, inName);
    body.ariaInvalid = String(inBody !== "");
    name.ariaInvalid = String(inName !== "");
  }

  function showFailure(error: ApiError): void {
    const inBody = error.fields.body?.[0];
    const inName = error.fields.name?.[0];
    showErrors(inBody ?? (inName ? "" : explain(error)), inName ?? "");
    (inName ? name : body).focus();
  }

  async function send(): Promise<void> {
    if (submit.disabled) return;
    submit.disabled = true;
    idempotencyKey ||= uuid();
    showErrors("", "");
    try {
      await onSubmit(body.value, name.value, idempotencyKey);
      onDraft?.("");
      body.value = idempotencyKey = "";
    } catch (error) {
      showFailure(error as ApiError);
    }
    submit.disabled = false;
  }

  node.onsubmit = (event) => {
    event.preventDefault();
    void send();
  };
  node.oninput = () => {
    idempotencyKey = "";
    showErrors("", "");
    onTyping?.();
    onDraft?.(body.value); // at once: who reloads in the next moment keeps the last word, too
  };
  node.onkeydown = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void send();
    if (event.key === "Escape") onCancel?.();
  };
  return { node, focus: () => body.focus() };
}

/** What a failed call means to the reader. */
export function explain(error: unknown): string {
  if (!(error instanceof ApiError)) return text("failed");
  if (error.code === "throttled") return text("throttled", error.retryAfter || 1);
  return error.message || text(error.status ? "failed" : "unreachable");
}

/** crypto.randomUUID exists on secure origins only; a Kibitz on a plain LAN address must work too. */
function uuid(): string {
  const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte + 256).toString(16).slice(1)).join(
    "",
  );
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})/, "$1-$2-4$3-a$4-");
}
