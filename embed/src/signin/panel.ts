// signin.js: the panel under a form in which a reader signs in: by a code in a mail, in a window, at the site itself.
import type { ApiError } from "../api";
import type { Session } from "../wire";
import { explain, h, type Kit, setText, takeKit, text } from "../write/kit";
import { follow, type Sent } from "./code_mail";
import { DIGITS, digitsIn } from "./digits";
import { countDown, createField, DIGITS_ATTRIBUTES, EMAIL_ATTRIBUTES, type Field, submitWhole } from "./fields";
import { createSecret, openPopup, type Secret } from "./popup";
import { reasonKey } from "./reasons";
import { askSession, CHANGED, signIn } from "./session";

/** The style of the panel, minified; the build puts it in. */
declare const SIGNIN_CSS: string;

const LEAD = "signin-lead"; // the id of the sentence over the fields
const NAME_MAX_CHARS = 64;
const LANG = document.documentElement.lang || "en";

/**
 * Opens it under `composer`; `why` says what it is for, and `then` is done once somebody is signed in: `isAgain` has
 * who is signed in already prove it once more.
 */
export type OpenPanel = (composer: HTMLFormElement, why: string, then?: () => void, isAgain?: boolean) => Promise<void>;

export function createPanel(kit: Kit): OpenPanel {
  takeKit(kit);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(SIGNIN_CSS);
  document.adoptedStyleSheets.push(sheet);
  let leave = () => {};
  return async (composer, why, then, isAgain) => {
    const [session, secret] = await Promise.all([askSession(kit), createSecret()]);
    leave();
    if (session.author && !isAgain) {
      document.dispatchEvent(new CustomEvent(CHANGED, { detail: session })); // in another tab, meanwhile
      then?.();
    } else leave = new Panel(kit, composer, session.ways, { why, then, secret }).leave;
  };
}

interface Occasion {
  why: string;
  then: (() => void) | undefined;
  /** For the next window: its challenge must be there within the click. */
  secret: Secret | null;
}

class Panel {
  readonly #kit: Kit;
  readonly #composer: HTMLFormElement;
  readonly #ways: Session["ways"];
  readonly #occasion: Occasion;
  readonly #site: string;
  readonly #lead = h("p", "quiet", { id: LEAD });
  readonly #step = h("div", "step");
  readonly #node: HTMLFormElement;
  /** Counts the steps: what an earlier one waited for is over. */
  #turn = 0;
  #closePopup: (() => void) | null = null;
  #submit: () => Promise<void> = async () => {};
  #email = "";

  constructor(kit: Kit, composer: HTMLFormElement, ways: Session["ways"], occasion: Occasion) {
    this.#kit = kit;
    this.#composer = composer;
    this.#ways = ways;
    this.#occasion = occasion;
    this.#site = `sites/${kit.page.site}/`;
    const title = h("h3", "", { id: "signin-title" }, text("signIn"));
    const head = h(
      "div",
      "head",
      {},
      title,
      this.#button("act", text("close"), () => this.#close()),
    );
    this.#node = h("form", "signin", { "aria-labelledby": title.id }, head, this.#lead, this.#step);
    this.#node.noValidate = true;
    this.#node.onsubmit = (event) => {
      event.preventDefault();
      void this.#submit();
    };
    this.#node.onkeydown = (event) => {
      if (event.key === "Escape") this.#close();
    };
    composer.after(this.#node);
    this.#choose();
  }

  readonly leave = (): void => {
    this.#turn++;
    this.#closePopup?.();
    this.#closePopup = null;
    this.#node.remove();
  };

  #close(): void {
    this.leave();
    const back = this.#occasion.then ? "textarea" : "[data-act=signin]";
    this.#composer.querySelector<HTMLElement>(back)?.focus();
  }

  /** Replaces the step before; what it waits for asks `isHere` whether it still is. */
  #show(lead: string, submit: () => Promise<void>, ...nodes: Node[]): () => boolean {
    const turn = ++this.#turn;
    this.#submit = submit;
    setText(this.#lead, lead);
    this.#lead.hidden = !lead;
    this.#step.replaceChildren(...nodes);
    this.#step.querySelector<HTMLElement>("input, button, a")?.focus();
    return () => turn === this.#turn && this.#node.isConnected;
  }

  #choose(): void {
    const { codes, passkeys, providers, sso } = this.#ways;
    const { secret, why } = this.#occasion;
    const email = createField("email", EMAIL_ATTRIBUTES, LEAD);
    const name = createField("name", { autocomplete: "name", maxlength: NAME_MAX_CHARS, dir: "auto" }, LEAD);
    email.input.value = this.#email || this.#typed("email");
    name.input.value = this.#typed("name");
    const send = h("button", "primary", {}, text("sendCode"));
    const ways = h("div", "ways");
    const popups = secret ? [...providers, ...(passkeys ? [{ id: "passkey", name: text("passkey") }] : [])] : [];
    const error = h("p", "error", { role: "alert" });
    for (const { id, name } of popups) ways.append(this.#button("way", name, () => this.#enter(id, error)));
    if (sso?.url) {
      const { url } = sso;
      ways.append(this.#button("way", text("siteSignIn"), () => this.#kit.tellHost({ kibitz: "login", url })));
    }
    const typed = codes ? [email.node, name.node, h("div", "foot", {}, send)] : [];
    const or = codes && ways.childElementCount ? [h("p", "or quiet", {}, text("or"))] : [];
    const lead = typed.length || ways.childElementCount ? why : text("guests_not_allowed");
    this.#show(lead, () => this.#send(email, name.input.value, send), ...typed, ...or, ways, error);
  }

  /** What is in the field of the form above. */
  #typed(name: "name" | "email"): string {
    return this.#composer.querySelector<HTMLInputElement>(`.foot [autocomplete=${name}]`)?.value ?? "";
  }

  async #send(email: Field, name: string, button: HTMLButtonElement): Promise<void> {
    this.#email = email.input.value.trim();
    if (!email.input.validity.valid) return email.fail(text("emailInvalid"));
    await this.#try(email, button, async () => {
      const ask = { email: this.#email, name, lang: LANG };
      const again = () => this.#kit.api.send<Sent>("POST", `${this.#site}codes/`, ask);
      this.#enterCode(await again(), this.#email, again);
    });
  }

  /** `again` sends another one, where that is possible. */
  #enterCode(sent: Sent, address: string, again?: () => Promise<Sent>): void {
    const field = createField("sixDigits", DIGITS_ATTRIBUTES, LEAD);
    const confirm = h("button", "primary", {}, text("confirmCode"));
    const verify = () =>
      this.#try(field, confirm, async () => {
        const code = digitsIn(field.input.value);
        if (code.length < DIGITS) return field.fail(text("sixDigits"));
        this.#finish(await signIn(this.#kit, `${this.#site}codes/${sent.id}/`, { code }));
      });
    submitWhole(field.input, verify);
    const resend = this.#button("act", text("sendAgain"), () =>
      this.#try(field, resend, async () => this.#enterCode((await again?.()) as Sent, address, again)),
    );
    const other = this.#button("act", text("otherAddress"), () => this.#choose());
    resend.hidden = !again;
    const foot = h("div", "foot", {}, resend, other, confirm);
    const isHere = this.#show(text("codeWaiting", address), verify, field.node, foot);
    countDown(resend, sent.resend_seconds, isHere);
    void follow(this.#kit, sent, address, this.#lead, field, isHere);
  }

  #enter(provider: string, error: HTMLElement): void {
    const { secret } = this.#occasion;
    if (!secret) return;
    const { verifier, challenge } = secret;
    createSecret().then((next) => {
      this.#occasion.secret = next;
    });
    const query = new URLSearchParams({ site: this.#kit.page.site, challenge, lang: LANG });
    this.#closePopup?.();
    this.#closePopup = openPopup(window, `/auth/${provider}/?${query}`, {
      code: (code) => void this.#redeem({ code, verifier }),
      closed: () => this.#enterDigits(verifier),
    });
    if (this.#closePopup) this.#wait();
    else {
      setText(error, text("popupBlocked"));
      error.append(
        " ",
        this.#button("act", text("retry"), () => this.#enter(provider, error)),
      );
    }
  }

  #wait(): void {
    const cancel = this.#button("act", text("cancel"), () => {
      this.#closePopup?.();
      this.#choose();
    });
    this.#show(text("popupOpen"), async () => {}, h("div", "foot", {}, cancel));
  }

  /** The window is closed, or where it went cut it off from here: then it shows digits in the end. */
  #enterDigits(verifier: string): void {
    const field = createField("sixDigits", DIGITS_ATTRIBUTES, LEAD);
    const confirm = h("button", "primary", {}, text("confirmCode"));
    const redeem = () =>
      this.#try(field, confirm, async () => {
        const digits = digitsIn(field.input.value);
        if (digits.length < DIGITS) return field.fail(text("sixDigits"));
        await this.#redeem({ digits, verifier }, true);
      });
    submitWhole(field.input, redeem);
    const other = this.#button("act", text("otherWay"), () => {
      this.#closePopup?.();
      this.#choose();
    });
    this.#show(text("popupDigits"), redeem, field.node, h("div", "foot", {}, other, confirm));
  }

  /** Exchanges what came out of the window for a session. */
  async #redeem(given: object, throws = false): Promise<void> {
    try {
      this.#finish(await signIn(this.#kit, `${this.#site}handoffs/`, { ...given, lang: LANG }));
    } catch (cause) {
      const { problem } = cause as ApiError;
      const proof = (problem as { email_code?: { id: string; email: string } } | undefined)?.email_code;
      if (proof) {
        this.#enterCode({ id: proof.id, resend_seconds: 0 }, proof.email);
        this.#kit.say(text("email_proof_required"));
      } else if (throws) throw cause;
      else {
        this.#choose();
        setText(this.#step.querySelector(".ways ~ .error") as Element, explain(cause));
      }
    }
  }

  #finish(session: Session): void {
    const { then } = this.#occasion;
    this.leave();
    this.#composer.querySelector<HTMLElement>(then ? "textarea" : "[data-act=account]")?.focus();
    this.#kit.say(text("signedInAs", session.author?.name ?? ""));
    then?.();
  }

  /** Tries it with the button out of use; what goes wrong is said beside the field. */
  async #try(field: Field, button: HTMLButtonElement, act: () => Promise<void>): Promise<void> {
    if (button.disabled) return;
    button.disabled = true;
    field.fail("", false);
    try {
      await act();
    } catch (error) {
      const key = reasonKey(error);
      field.fail(key ? text(key) : explain(error));
    }
    button.disabled = false;
  }

  #button(className: string, label: string, act: () => void): HTMLButtonElement {
    const made = h("button", className, { type: "button" }, label);
    made.onclick = act;
    return made;
  }
}
