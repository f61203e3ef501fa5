// Runs in the host page of a site that has a sign-in of its own; the loader brings it when the frame asks. It hands the
// site's token for this reader to the frame, and to nobody else.
import type { ToFrame, ToHost } from "./host_messages";

/** What the element can do from then on. */
interface Element extends HTMLElement {
  signIn?: () => void;
  signOut?: () => void;
}

/** From the page: a fresh token for its reader, or nothing where nobody is signed in. */
type Source = () => unknown;

const ATTRIBUTE = "sso-token";

const connected = new WeakSet<HTMLElement>();

/** What the frame at hand says that the loader does not know. */
export function start(element: Element, origin: string, _site: string | undefined, message: ToHost): void {
  if (message.kibitz === "sso") connect(element, origin);
  else if (message.kibitz === "login") login(element, String(message.url));
  else if (message.kibitz === "refused") {
    const { code, detail } = message;
    tell(element, "error", { code, detail });
  }
}

function connect(element: Element, origin: string): void {
  if (connected.has(element)) {
    element.signIn?.(); // another frame than before
    return;
  }
  connected.add(element);
  const send = (token: string) => {
    const message: ToFrame = { kibitz: "sso", token };
    element.querySelector("iframe")?.contentWindow?.postMessage(message, origin);
  };
  let asked = 0;
  const ask = async () => {
    const source = (window as { kibitzToken?: Source }).kibitzToken;
    const attribute = element.getAttribute(ATTRIBUTE);
    if (!source && attribute === null) return; // the page says nothing of its reader
    const number = ++asked;
    try {
      const token = source ? await source() : attribute;
      if (number === asked) send(typeof token === "string" ? token : "");
    } catch (error) {
      tell(element, "error", { code: "token", detail: String(error) }); // unknown is not signed out
    }
  };
  new MutationObserver(ask).observe(element, { attributeFilter: [ATTRIBUTE] });
  element.signIn = ask;
  element.signOut = () => {
    asked++;
    send("");
  };
  void ask();
}

/** The page may show a form of its own instead, and call signIn() after it. */
function login(element: Element, url: string): void {
  if (!tell(element, "login", {}) || !URL.canParse(url)) return;
  if (["http:", "https:"].includes(new URL(url).protocol)) location.assign(url);
}

function tell(element: Element, name: string, detail: object): boolean {
  return element.dispatchEvent(new CustomEvent(`kibitz:${name}`, { bubbles: true, cancelable: true, detail }));
}
