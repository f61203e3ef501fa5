// account.js: the dialog in which a member sees and changes what this site has of them, and signs out.
import { MARGIN_PX, openDialog, styleDialogs } from "../dialog";
import type { Post } from "../frames";
import type { TextKey } from "../messages";
import type { Session } from "../wire";
import { explain, h, type Kit, setHtml, setText, takeKit, text } from "../write/kit";
import type { OpenPanel } from "./panel";
import { reasonKey } from "./reasons";
import { askSession, CHANGED, signOut } from "./session";
import type { ShowWays } from "./ways";

/** The style of the dialog, minified; the build puts it in. */
declare const ACCOUNT_CSS: string;
/** The address of what shows by what they sign in. */
declare const WAYS_URL: string;

const NAME_MAX_CHARS = 64;
const EXCERPT_MAX_CHARS = 140;
const LANG = document.documentElement.lang || "en";
const PICTURE_PX = 64;
const PICTURE_MAX_BYTES = 2 * 1024 * 1024; // as the server takes them
const PICTURE_TYPES = "image/jpeg,image/png,image/webp,image/gif";

export type OpenAccount = (asked: HTMLElement) => Promise<void>;

/** One of the member's posts, and where it stands; without an address where that is not known. */
type OwnPost = Post & { thread: { key: string; title: string; url: string } };

interface OwnPosts {
  posts: OwnPost[];
  next: string | null;
}

/** `loadPanel` loads the panel in which a reader signs in. */
export function createAccount(kit: Kit, loadPanel: () => Promise<OpenPanel>): OpenAccount {
  takeKit(kit);
  styleDialogs();
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(ACCOUNT_CSS);
  document.adoptedStyleSheets.push(sheet);
  const loadWays = kit.later(WAYS_URL, (address) =>
    import(address).then(({ createWays }): ShowWays => createWays(kit)),
  );
  const openFor = async (asked: HTMLElement, showsWays = false) => {
    const session = await askSession(kit);
    tellWho(session);
    if (!session.author) return;
    const form = asked.closest("form") ?? kit.composer;
    const again = async () => (await loadPanel())(form, text("sign_in_again"), () => void openFor(asked, true), true);
    open(kit, asked, session, session.author, { again, loadWays, showsWays });
  };
  return openFor;
}

interface Ways {
  /** Has the member sign in again, and shows their ways in after. */
  again(): Promise<void>;
  loadWays(): Promise<ShowWays>;
  showsWays: boolean;
}

function open(
  kit: Kit,
  asked: HTMLElement,
  session: Session,
  author: NonNullable<Session["author"]>,
  { again, loadWays, showsWays }: Ways,
): void {
  const { api, say } = kit;
  const path = `sites/${kit.page.site}/session/`;
  const error = h("p", "error", { role: "alert" });
  const title = h("h2", "", { id: "account" }, text("account"));

  let isBusy = false;

  function button(key: TextKey, act: (self: HTMLButtonElement) => Promise<void> | void): HTMLButtonElement {
    const made = h("button", "act", { type: "button" }, text(key));
    made.onclick = () => attempt(() => act(made));
    return made;
  }

  /** One thing at a time; what goes wrong is said at the end of the dialog. No button is disabled: it would lose the focus. */
  async function attempt(act: () => Promise<void> | void): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    setText(error, "");
    try {
      await act();
    } catch (cause) {
      setText(error, reason(cause));
    }
    isBusy = false;
  }

  /** The server's answer to a change is the session as it is then. */
  function changed(found: Session | undefined): void {
    if (!found?.author) return;
    author = found.author;
    tellWho(found);
    showPicture(author.avatar);
    say(text("saved"));
  }

  // --- the picture ---
  const picture = h("img", "avatar", { alt: "", width: PICTURE_PX, height: PICTURE_PX, src: author.avatar });
  function showPicture(src: string): void {
    picture.hidden = false; // whatever became of the one before
    picture.src = src;
  }
  const file = h("input", "", { type: "file", accept: PICTURE_TYPES, hidden: "" });
  const choose = button("pictureChoose", () => file.click());
  file.onchange = () =>
    attempt(async () => {
      const [chosen] = file.files ?? [];
      file.value = "";
      if (!chosen) return;
      if (chosen.size > PICTURE_MAX_BYTES) return setText(error, text("too_large"));
      showPicture(await dataUrl(chosen)); // at once, before the server has it
      try {
        changed(await api.send<Session>("PUT", `${path}avatar/`, chosen, { "Content-Type": chosen.type }));
      } catch (cause) {
        showPicture(author.avatar);
        throw cause;
      }
    });
  const gravatar = button("pictureGravatar", async () =>
    changed(await api.send<Session>("POST", `${path}avatar/gravatar/`)),
  );
  const remove = button("pictureRemove", async () => changed(await api.send<Session>("DELETE", `${path}avatar/`)));

  // --- the name ---
  const name = h("input", "", { value: author.name, autocomplete: "name", maxlength: NAME_MAX_CHARS, dir: "auto" });
  const save = h("button", "primary", {}, text("save"));
  const form = h("form", "", {}, h("label", "", {}, text("name"), name), save);
  form.onsubmit = (event) => {
    event.preventDefault();
    void attempt(async () => changed(await api.send<Session>("PATCH", path, { name: name.value })));
  };

  // --- what they have written ---
  const list = h("ul", "own");
  let next: string | null = "";
  const mine = button("myComments", async () => {
    const query = next ? `?cursor=${encodeURIComponent(next)}` : "";
    const { token } = kit.storage; // the app's own reads carry no identity; this one does
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    const page = await api.send<OwnPosts>("GET", `${path}posts/${query}`, undefined, headers);
    list.append(...page.posts.map(item));
    next = page.next;
    mine.hidden = next === null;
    setText(mine, text("showMore"));
    if (!list.childElementCount) list.append(h("li", "quiet", {}, text("noComments")));
  });

  function item({ created, html, id, status, thread: { key, title, url } }: OwnPost): HTMLElement {
    const label = beginning(html);
    const isHere = `threads/${key}/` === api.thread;
    const link = h("a", "", { href: `${url}#kibitz-${id}`, target: "_blank", rel: "noopener", dir: "auto" }, label);
    if (isHere)
      link.onclick = (event) => {
        event.preventDefault();
        dialog.close();
        void kit.goto(id);
      };
    const about = [
      new Date(created).toLocaleDateString(LANG),
      status === "pending" && text("awaiting"),
      !isHere && title,
    ];
    const shown = url || isHere ? link : h("span", "", { dir: "auto" }, label);
    return h("li", "", {}, shown, h("p", "quiet", { dir: "auto" }, about.filter(Boolean).join(" · ")));
  }

  // --- the ways in ---
  const place = h("div", "own-ways");
  const ways = button("waysTitle", async () => {
    const show = await loadWays();
    await show({
      dialog,
      place,
      session,
      again: () => {
        dialog.close();
        void again();
      },
      reason,
      showEmail,
    });
    ways.hidden = true;
  });

  // --- the way out ---
  async function leave(everywhere: boolean): Promise<void> {
    await signOut(kit, everywhere);
    dialog.close();
    say(text("signedOut"));
  }
  const out = button("signOut", () => leave(false));
  const everywhere = button("signOutEverywhere", async (self) => {
    if (!self.classList.toggle("danger")) return leave(true);
    setText(self, text("confirmEverywhere"));
    self.onblur = () => {
      self.classList.remove("danger");
      setText(self, text("signOutEverywhere"));
    };
  });

  const { provider, email } = author;
  const facts = h("p", "quiet", { dir: "auto" });
  const found = session.ways.providers.find(({ id }) => id === provider)?.name;
  const way = { "": text("email"), passkey: text("passkey"), sso: text("siteSignIn") }[provider] ?? found ?? provider;
  function showEmail(email: string): void {
    setText(facts, [email, text("signedInBy", way)].filter(Boolean).join(" · "));
    gravatar.hidden = !email;
  }
  showEmail(email);
  const close = h("button", "act", { type: "button" }, text("close"));
  const dialog = h(
    "dialog",
    "account",
    { "aria-labelledby": title.id },
    h("div", "head", {}, title, close),
    h("div", "picture", {}, picture, h("div", "", {}, choose, gravatar, remove, file)),
    form,
    facts,
    list,
    h("div", "more", {}, mine, ways),
    place,
    error,
    h("div", "foot", {}, out, everywhere),
  );
  close.onclick = () => dialog.close();
  openDialog(dialog, asked, asked);
  // what is asked for later makes it longer, and the frame with it
  new ResizeObserver(() => {
    const main = dialog.parentElement;
    if (main) main.style.minHeight = `${dialog.offsetTop + dialog.offsetHeight + MARGIN_PX}px`;
  }).observe(dialog);
  if (showsWays) ways.click();
}

function reason(cause: unknown): string {
  const key = reasonKey(cause);
  return key ? text(key) : explain(cause);
}

/** Whoever shows who writes here follows (write/who.ts). */
function tellWho(session: Session): void {
  document.dispatchEvent(new CustomEvent(CHANGED, { detail: session }));
}

/** The first words of a post, as plain text; nothing of a template runs or loads. */
function beginning(html: string): string {
  const parsed = document.createElement("template");
  setHtml(parsed, html);
  const [...said] = parsed.content.textContent.trim();
  return said.length > EXCERPT_MAX_CHARS ? `${said.slice(0, EXCERPT_MAX_CHARS).join("")}…` : said.join("");
}

/** For showing it: the document's policy knows no addresses but our own and data. */
function dataUrl(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
