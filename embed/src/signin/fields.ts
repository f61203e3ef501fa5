// The fields of the panel: what is typed, what is wrong with it, six digits at once.
import type { TextKey } from "../messages";
import { h, setText, text } from "../write/kit";
import { DIGITS, digitsIn } from "./digits";

const seconds = new Intl.NumberFormat(document.documentElement.lang || "en", {
  style: "unit",
  unit: "second",
  unitDisplay: "narrow",
});

export interface Field {
  node: HTMLElement;
  input: HTMLInputElement;
  /** Says what is wrong with it, or with an empty sentence that nothing is. */
  fail(sentence: string, focuses?: boolean): void;
}

/** `lead` is the id of the sentence over it, which belongs to it. */
export function createField(key: TextKey, attributes: Record<string, string | number>, lead: string): Field {
  const error = h("p", "error", { role: "alert", id: `${lead}-${key}` });
  const input = h("input", "", { "aria-describedby": `${lead} ${error.id}`, ...attributes });
  const node = h("div", "", {}, h("label", "", {}, text(key), input), error);
  return {
    node,
    input,
    fail(sentence, focuses = true) {
      setText(error, sentence);
      input.ariaInvalid = String(sentence !== "");
      if (focuses) input.select();
    },
  };
}

export const EMAIL_ATTRIBUTES = { type: "email", autocomplete: "email", maxlength: 254, required: "" };
export const DIGITS_ATTRIBUTES = { inputmode: "numeric", autocomplete: "one-time-code", dir: "ltr", class: "digits" };

/** As soon as all digits are there. */
export function submitWhole(input: HTMLInputElement, submit: () => Promise<void>): void {
  let tried = "";
  input.oninput = () => {
    const digits = digitsIn(input.value);
    if (digits.length < DIGITS || digits === tried) return;
    tried = digits;
    input.value = digits;
    void submit();
  };
}

/** The button counts the seconds until it may be pressed; nobody is told each of them. */
export function countDown(button: HTMLButtonElement, left: number, isHere: () => boolean): void {
  button.disabled = left > 0;
  setText(button, text("sendAgain") + (left > 0 ? ` · ${seconds.format(left)}` : ""));
  if (left > 0) setTimeout(() => isHere() && countDown(button, left - 1, isHere), 1000);
}
