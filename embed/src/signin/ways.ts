// ways.js: in a member's own dialog, by what they can sign in; one more, one less, and the address for codes.
import type { TextKey } from "../messages";
import type { OwnWay, OwnWays, Session } from "../wire";
import { h, type Kit, setText, takeKit, text } from "../write/kit";
import { follow, type Sent } from "./code_mail";
import { DIGITS, digitsIn } from "./digits";
import { countDown, createField, DIGITS_ATTRIBUTES, EMAIL_ATTRIBUTES, type Field, submitWhole } from "./fields";
import { createSecret, openPopup, type Secret } from "./popup";

/** The style of it, minified; the build puts it in. */
declare const WAYS_CSS: string;

const LEAD = "ways-lead"; // the id of the sentence over a field
const LANG = document.documentElement.lang || "en";

export interface WaysAsked {
  dialog: HTMLDialogElement;
  /** Where in the dialog they stand. */
  place: HTMLElement;
  session: Session;
  /** Has the member sign in again, and comes back here. */
  again(): void;
  /** Why it went wrong, in words. */
  reason(cause: unknown): string;
  /** Their proved address is this one now. */
  showEmail(email: string): void;
}

export type ShowWays = (asked: WaysAsked) => Promise<void>;

export function createWays(kit: Kit): ShowWays {
  takeKit(kit);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(WAYS_CSS);
  document.adoptedStyleSheets.push(sheet);
  return (asked) => show(kit, asked);
}

async function show(kit: Kit, { dialog, place, session, again, reason, showEmail }: WaysAsked): Promise<void> {
  const { api, say, storage } = kit;
  const { passkeys, providers } = session.ways;
  const path = `sites/${kit.page.site}/session/ways/`;
  const title = h("h3", "", { tabindex: -1 }, text("waysTitle"));
  const list = h("ul", "own");
  const step = h("div", "step");
  const error = h("p", "error", { role: "alert" });
  let endPopup: (() => void) | null | undefined;
  let isBusy = false;

  const popups = [...(passkeys ? [{ id: "passkey", name: text("passkey") }] : []), ...providers];
  const nameOf = ({ name, provider }: Pick<OwnWay, "name" | "provider">) =>
    name || popups.find(({ id }) => id === provider)?.name || (provider === "sso" ? text("siteSignIn") : provider);

  function end(): void {
    endPopup?.();
    endPopup = undefined;
    setText(error, "");
  }

  function button(label: string, act: (self: HTMLButtonElement) => unknown): HTMLButtonElement {
    const made = h("button", "act", { type: "button" }, label);
    made.onclick = () => act(made);
    return made;
  }

  function fail(cause: unknown): null {
    setText(error, reason(cause));
    return null;
  }

  /** One thing at a time. */
  async function attempt(act: () => Promise<void>, fails: (cause: unknown) => unknown): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    await act().catch(fails);
    isBusy = false;
  }

  async function done(ways: OwnWays, sentence: string): Promise<void> {
    await draw(ways);
    say(sentence);
    title.focus();
  }

  /** What goes wrong is said here, and what there is then is shown anew. */
  const change = (sentence: string, call: () => Promise<OwnWays>) =>
    attempt(
      async () => done(await call(), sentence),
      async (cause) => {
        await load().catch(fail);
        fail(cause);
        title.focus();
      },
    );

  async function load(): Promise<void> {
    const { token } = storage; // the app's own reads carry no identity; this one does
    await draw(await api.send<OwnWays>("GET", path, undefined, token ? { Authorization: `Bearer ${token}` } : {}));
  }

  async function draw({ email, is_email_changeable, is_fresh, ways }: OwnWays): Promise<void> {
    end();
    showEmail(email);
    const emailKey = email ? "wayEmailChange" : "wayEmail";
    const toEmail = is_fresh && is_email_changeable ? [button(text(emailKey), askEmail)] : [];
    const items = ways.map((way) => item(way, is_fresh));
    if (email) items.unshift(row("email", text("email"), h("bdi", "", {}, email), toEmail));
    list.replaceChildren(...items);
    if (!is_fresh) {
      // who came by the site's own sign-in is the site's to look after
      const isOfSite = session.author?.provider === "sso";
      const sentence = h("p", "quiet", {}, text("sign_in_again"));
      return step.replaceChildren(...(isOfSite ? [] : [sentence, button(text("signInAgain"), again)]));
    }
    const secret = await begin().catch(fail);
    step.replaceChildren(
      ...(email ? [] : toEmail),
      ...(secret ? popups : []).map(({ id, name }) =>
        button(id === "passkey" ? text("wayAddPasskey") : text("wayAdd", name), () => enter(id, name, secret)),
      ),
    );
  }

  function row(id: number | string, name: Node | string, more: Node | string, buttons: HTMLElement[]): HTMLElement {
    const label = h("span", "", { id: `way-${id}` }, name, " ", h("span", "quiet", {}, more));
    for (const each of buttons) each.setAttribute("aria-describedby", label.id);
    return h("li", "", {}, label, ...buttons);
  }

  function item(way: OwnWay, isFresh: boolean): HTMLElement {
    const name = nameOf(way);
    const since = text("waySince", new Date(way.created).toLocaleDateString(LANG));
    const remove = button(text("wayRemove"), (self) => {
      if (self.classList.toggle("danger")) return setText(self, text("wayRemoveConfirm"));
      void change(text("wayRemoved", name), () => api.send<OwnWays>("DELETE", `${path}${way.id}/?lang=${LANG}`));
    });
    remove.onblur = () => {
      remove.classList.remove("danger");
      setText(remove, text("wayRemove"));
    };
    return row(way.id, h("bdi", "", {}, name), since, isFresh && way.is_removable ? [remove] : []);
  }

  /** For the next window: what it brings is to be added, and its challenge must be there within the click. */
  async function begin(): Promise<Secret | null> {
    const secret = popups.length ? await createSecret() : null;
    if (secret) await api.send("POST", `${path}begin/`, { challenge: secret.challenge });
    return secret;
  }

  function enter(provider: string, name: string, secret: Secret | null): void {
    if (!secret || isBusy) return;
    const { challenge, verifier } = secret;
    const query = new URLSearchParams({ site: kit.page.site, challenge, lang: LANG, add: "1" });
    const take = (given: object) =>
      change(text("wayAdded", name), () => api.send<OwnWays>("POST", path, { ...given, verifier, lang: LANG }));
    end();
    endPopup = openPopup(window, `/auth/${provider}/?${query}`, {
      code: (code) => void take({ code }),
      // closed, or where it went cut it off from here: then it shows digits in the end
      closed: () => askDigits(text("popupDigits"), (digits) => take({ digits })),
    });
    if (endPopup) ask(text("popupOpen"));
    else setText(error, text("popupBlocked"));
  }

  /** What is asked takes the place of what can be done. */
  function ask(sentence: string, ...nodes: HTMLElement[]): void {
    const cancel = button(text("cancel"), () => {
      void load().catch(fail);
      title.focus();
    });
    step.replaceChildren(h("p", "quiet", { id: LEAD }, sentence), ...nodes, cancel);
    (step.querySelector("input") ?? cancel).focus();
  }

  function formOf({ node }: Field, label: TextKey, submit: () => Promise<void>): HTMLFormElement {
    const form = h("form", "", {}, node, h("button", "primary", {}, text(label)));
    form.onsubmit = (event) => {
      event.preventDefault();
      void submit();
    };
    return form;
  }

  /** What goes wrong is said beside the field. */
  function tell(field: Field, act: () => Promise<void>): Promise<void> {
    field.fail("", false);
    return attempt(act, (cause) => field.fail(reason(cause)));
  }

  function askEmail(): void {
    end();
    const field = createField("email", EMAIL_ATTRIBUTES, LEAD);
    const send = () => tell(field, () => askCode(field.input.value));
    ask(text("wayEmailWhy"), formOf(field, "sendCode", send));
  }

  /** Has one sent, too. */
  async function askCode(email: string): Promise<void> {
    const sent = await api.send<Sent>("POST", `${path}email/`, { email, lang: LANG });
    const resend = button(text("sendAgain"), () => tell(field, () => askCode(email)));
    const prove = (code: string) =>
      tell(field, async () =>
        done(await api.send<OwnWays>("POST", `${path}email/${sent.id}/`, { code }), text("wayAdded", email)),
      );
    const field = askDigits(text("codeWaiting", email), prove, resend);
    const isHere = () => field.node.isConnected;
    countDown(resend, sent.resend_seconds, isHere);
    void follow(kit, sent, email, step.firstChild as Element, field, isHere);
  }

  function askDigits(sentence: string, take: (digits: string) => Promise<void>, ...more: HTMLElement[]): Field {
    const field = createField("sixDigits", DIGITS_ATTRIBUTES, LEAD);
    const submit = async () => {
      const digits = digitsIn(field.input.value);
      if (digits.length < DIGITS) return field.fail(text("sixDigits"));
      await take(digits);
    };
    submitWhole(field.input, submit);
    ask(sentence, formOf(field, "confirmCode", submit), ...more);
    return field;
  }

  dialog.addEventListener("close", end);
  await load();
  place.replaceChildren(title, list, step, error);
  title.focus();
}
