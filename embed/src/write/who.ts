// who.js: who writes here, a guest or the member whose session this frame has; in the foot of each form.
import type { OpenAccount } from "../signin/account";
import { clear, LEFT, lose, setAuthor } from "../signin/leaving";
import type { OpenPanel } from "../signin/panel";
import { askSession, BEARER, CHANGED } from "../signin/session";
import type { Session } from "../wire";
import { button, h, type Kit, setText, takeKit, text } from "./kit";

/** The style of it, minified; the build puts it in. */
declare const WHO_CSS: string;
/** The address of the panel in which a reader signs in. */
declare const SIGNIN_URL: string;
/** The address of a member's own dialog. */
declare const ACCOUNT_URL: string;

const EMAIL_MAX_CHARS = 254;
const PICTURE_PX = 24;

export type Found = Pick<Session, "author"> & { ways: Pick<Session["ways"], "guests" | "guest_email"> };

export interface Who {
  /** Puts who writes into the foot of a form, or asks there for what the site wants to know of guests. */
  adopt(form: HTMLFormElement): void;
  /** Asks who writes, and why; once somebody is signed in the form is sent. */
  ask(form: HTMLFormElement, why: string): Promise<void>;
  signIn(asked: HTMLElement): Promise<void>;
  account(asked: HTMLElement): Promise<void>;
  /** The server says that nobody is signed in any more. */
  lost(): void;
}

export function createWho(kit: Kit): Who {
  takeKit(kit);
  const { changed, later, settings, state, storage } = kit;
  const key = storage.author;
  const sheet = new CSSStyleSheet();
  const loadPanel = later(SIGNIN_URL, (address) =>
    import(address).then(({ createPanel }): OpenPanel => createPanel(kit)),
  );
  const loadAccount = later(ACCOUNT_URL, (address) =>
    import(address).then(({ createAccount }): OpenAccount => createAccount(kit, loadPanel)),
  );
  // until the server has answered, so that nothing jumps where all is as it was
  let who: Found = {
    author: key
      ? { key, name: storage.option("name"), avatar: `/avatars/${key}`, badge: "", email: "", provider: "" }
      : null,
    ways: { guests: settings.guests_may_post, guest_email: "off" },
  };

  function take(found: Found): void {
    const before = who.author?.key ?? "";
    const now = found.author?.key ?? "";
    who = found;
    setAuthor(storage, now);
    if (found.author) {
      storage.setOption("name", found.author.name);
      if (!storage.token.startsWith(BEARER)) storage.token = ""; // the guest's, who has become the member
    }
    for (const form of document.querySelectorAll<HTMLFormElement>("form.ready:has([data-act=signin])")) show(form);
    if (now !== before) changed();
  }

  function lost(): void {
    lose(storage);
    storage.author = "";
    take({ ...who, author: null });
  }

  /** Posts that no reader sees but their author: it is somebody else from now on. */
  function conceal(): void {
    for (const entry of state().entries.values()) {
      const { seq, status } = entry.post;
      if (!seq || status === "pending") entry.post = { ...entry.post, status: seq ? "hidden" : "deleted", html: "" };
    }
    changed();
  }

  /** The server alone knows. */
  const load = () => askSession(kit).then(take, () => undefined);

  function show(form: HTMLFormElement): void {
    const { author, ways } = who;
    const foot = form.querySelector(".foot") as HTMLElement;
    const [account, name, email, signIn] = foot.children as unknown as [Part, Part, Part, Part];
    form.classList.toggle("member", !!author);
    account.hidden = !author;
    name.hidden = !!author || !ways.guests;
    email.hidden = name.hidden || ways.guest_email === "off";
    email.required = ways.guest_email === "required";
    signIn.hidden = !!author;
    if (!author) return;
    const [picture, called] = account.children as unknown as [HTMLImageElement, Element];
    account.ariaLabel = `${text("account")}: ${author.name}`;
    if (picture.getAttribute("src") !== author.avatar) {
      picture.hidden = false; // whatever became of the one before
      picture.src = author.avatar;
    }
    setText(called, author.name);
  }

  function adopt(form: HTMLFormElement): void {
    if (form.querySelector("[data-act=signin]")) return;
    const name = form.querySelector(".foot input") as HTMLInputElement;
    const account = button("act who", "account", "account", { "aria-haspopup": "dialog" });
    const picture = h("img", "", { alt: "", width: PICTURE_PX, height: PICTURE_PX });
    const label = text("email");
    const email = h("input", "", {
      type: "email",
      "aria-label": label,
      placeholder: label,
      autocomplete: "email",
      maxlength: EMAIL_MAX_CHARS,
      "aria-describedby": name.getAttribute("aria-describedby") ?? "",
    });
    email.value = storage.option("email");
    account.replaceChildren(picture, h("span", "", { dir: "auto" }));
    name.before(account);
    name.after(email, button("act", "signin", "signIn"));
    show(form);
  }

  sheet.replaceSync(WHO_CSS);
  document.adoptedStyleSheets.push(sheet);
  document.addEventListener(CHANGED, (event) => take((event as CustomEvent<Found>).detail));
  document.addEventListener(LEFT, conceal);
  addEventListener("storage", ({ key, oldValue }) => {
    if (key !== `${storage.site}author`) return;
    if (oldValue) clear(storage); // left in another tab
    void load();
  });
  void load();

  return {
    adopt,
    lost,
    async ask(form, why) {
      (await loadPanel())(form, why, () => form.requestSubmit());
    },
    async signIn(asked) {
      await (await loadPanel())(asked.closest("form") as HTMLFormElement, "");
    },
    async account(asked) {
      await (await loadAccount())(asked);
    },
  };
}

type Part = HTMLButtonElement & HTMLInputElement; // each is one of these
