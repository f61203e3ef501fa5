// ways.js: in a member's own dialog, by what they can sign in; one more, one less.
import type { TextKey } from "../messages";
import type { OwnWay, OwnWays, Session } from "../wire";
import { explain, h, type Kit, setText, takeKit, text } from "../write/kit";
import { DIGITS, digitsIn } from "./digits";
import { DIGITS_ATTRIBUTES, submitWhole } from "./fields";
import { createSecret, openPopup, type Secret } from "./popup";

/** The style of it, minified; the build puts it in. */
declare const WAYS_CSS: string;

const LANG = document.documentElement.lang || "en";

export interface WaysAsked {
  dialog: HTMLDialogElement;
  /** Where in the dialog they stand. */
  place: HTMLElement;
  session: Session;
  /** Has the member sign in again, and comes back here. */
  again(): void;
}

export type ShowWays = (asked: WaysAsked) => Promise<void>;

export function createWays(kit: Kit): ShowWays {
  takeKit(kit);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(WAYS_CSS);
  document.adoptedStyleSheets.push(sheet);
  return (asked) => show(kit, asked);
}

async function show(kit: Kit, { dialog, place, session, again }: WaysAsked): Promise<void> {
  const { api, say, storage } = kit;
  const { passkeys, providers } = session.ways;
  const path = `sites/${kit.page.site}/session/ways/`;
  const title = h("h3", "", { tabindex: -1 }, text("waysTitle"));
  const list = h("ul", "own");
  const step = h("div", "step");
  const error = h("p", "error", { role: "alert" });
  let endPopup: (() => void) | null = null;
  let isBusy = false;

  const popups = [...(passkeys ? [{ id: "passkey", name: text("passkey") }] : []), ...providers];
  const nameOf = ({ name, provider }: Pick<OwnWay, "name" | "provider">) =>
    name || popups.find(({ id }) => id === provider)?.name || (provider === "sso" ? text("siteSignIn") : provider);

  function end(): void {
    endPopup?.();
    endPopup = null;
  }

  function button(className: string, label: string, act: (self: HTMLButtonElement) => unknown): HTMLButtonElement {
    const made = h("button", className, { type: "button" }, label);
    made.onclick = () => act(made);
    return made;
  }

  /** One thing at a time; what goes wrong is said here, and what there is then is shown anew. */
  async function change(sentence: string, call: () => Promise<OwnWays>): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    setText(error, "");
    try {
      await draw(await call());
      say(sentence);
    } catch (cause) {
      await load().catch(() => undefined);
      setText(error, explain(cause));
    }
    isBusy = false;
    title.focus();
  }

  async function load(): Promise<void> {
    const { token } = storage; // the app's own reads carry no identity; this one does
    await draw(await api.send<OwnWays>("GET", path, undefined, token ? { Authorization: `Bearer ${token}` } : {}));
  }

  async function draw({ email, is_fresh, ways }: OwnWays): Promise<void> {
    end();
    const items = ways.map((way) => item(way, is_fresh));
    if (email)
      items.unshift(
        h("li", "", {}, h("span", "", {}, text("email"), " ", h("span", "quiet", {}, h("bdi", "", {}, email)))),
      );
    list.replaceChildren(...items);
    if (!is_fresh) {
      // who came by the site's own sign-in is the site's to look after
      const isOfSite = session.author?.provider === "sso";
      const sentence = h("p", "quiet", {}, text("sign_in_again"));
      return step.replaceChildren(...(isOfSite ? [] : [sentence, button("act", text("signInAgain"), again)]));
    }
    const secret = await begin().catch((cause) => {
      setText(error, explain(cause));
      return null;
    });
    step.replaceChildren(
      ...(secret ? popups : []).map(({ id, name }) =>
        button("act", id === "passkey" ? text("wayAddPasskey") : text("wayAdd", name), () => enter(id, name, secret)),
      ),
    );
  }

  function item(way: OwnWay, isFresh: boolean): HTMLElement {
    const name = nameOf(way);
    const since = text("waySince", new Date(way.created).toLocaleDateString(LANG));
    const label = h("span", "", { id: `way-${way.id}` }, h("bdi", "", {}, name), " ", h("span", "quiet", {}, since));
    const remove = button("act", text("wayRemove"), (self) => {
      if (self.classList.toggle("danger")) return setText(self, text("wayRemoveConfirm"));
      void change(text("wayRemoved", name), () => api.send<OwnWays>("DELETE", `${path}${way.id}/?lang=${LANG}`));
    });
    remove.setAttribute("aria-describedby", label.id);
    remove.onblur = () => {
      remove.classList.remove("danger");
      setText(remove, text("wayRemove"));
    };
    return h("li", "", {}, label, ...(isFresh && way.is_removable ? [remove] : []));
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
    setText(error, "");
    end();
    endPopup = openPopup(window, `/auth/${provider}/?${query}`, {
      code: (code) => void take({ code }),
      closed: () => askDigits((digits) => take({ digits })),
    });
    if (endPopup) ask("popupOpen");
    else setText(error, text("popupBlocked"));
  }

  function ask(key: TextKey, ...nodes: HTMLElement[]): void {
    const cancel = button("act", text("cancel"), () => {
      void load().catch((cause) => setText(error, explain(cause)));
      title.focus();
    });
    step.replaceChildren(h("p", "quiet", { id: "ways-lead" }, text(key)), ...nodes, cancel);
    (step.querySelector("input") ?? cancel).focus();
  }

  /** The window is closed, or where it went cut it off from here: then it shows digits in the end. */
  function askDigits(take: (digits: string) => Promise<void>): void {
    const input = h("input", "", { ...DIGITS_ATTRIBUTES, "aria-describedby": "ways-lead" });
    const form = h("form", "", {}, h("label", "", {}, text("sixDigits"), input));
    const submit = async () => {
      const digits = digitsIn(input.value);
      if (digits.length === DIGITS) await take(digits);
    };
    form.append(h("button", "primary", {}, text("confirmCode")));
    form.onsubmit = (event) => {
      event.preventDefault();
      void submit();
    };
    submitWhole(input, submit);
    ask("popupDigits", form);
  }

  dialog.addEventListener("close", end);
  await load();
  place.replaceChildren(title, list, step, error);
  title.focus();
}
