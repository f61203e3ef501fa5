// Runs in the host page: defines <kibitz-comments> and <kibitz-count>. No HTML sink, no style text, no host storage.
import { type Theme, TOKENS, type ToFrame, type ToHost } from "./host_messages";

const script = (document.currentScript ?? document.querySelector('script[src$="/embed.js"]')) as HTMLScriptElement;
const { origin } = new URL(script.src);
const page = document.documentElement;
const osDark = matchMedia("(prefers-color-scheme: dark)");

const HEIGHT_MIN_PX = 160;
const HEIGHT_MAX_PX = 1e6;
const LATE_MILLISECONDS = 15_000;
const SCROLL_MARGIN_PX = 80; // room for a sticky header of the host page
const SANDBOX =
  "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-storage-access-by-user-activation";
const ALLOW = "clipboard-write; publickey-credentials-get; identity-credentials-get";

/** Any CSS colour as its four bytes; a canvas knows every notation. */
function rgba(color: string): Uint8ClampedArray | number[] {
  const canvas = document.createElement("canvas").getContext("2d");
  if (!canvas) return [];
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  return canvas.getImageData(0, 0, 1, 1).data;
}

/** What the reader sees behind the element decides; the system's wish only where the page follows it too. */
function themeBehind(element: Element | null): Theme {
  for (let behind = element; behind; behind = behind.parentElement) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = rgba(getComputedStyle(behind).backgroundColor);
    if (alpha > 127) return 0.299 * red + 0.587 * green + 0.114 * blue < 128 ? "dark" : "light";
  }
  const scheme = getComputedStyle(page).colorScheme;
  return scheme.includes("dark") && (osDark.matches || !scheme.includes("light")) ? "dark" : "light";
}

/** 0 or NaN where the address names none. */
function linkedPost(): number {
  return Number(location.hash.split("#kibitz-")[1]);
}

/** What only some pages need. */
function later(name: string, element: HTMLElement, message?: ToHost): void {
  import(`${origin}/embed/${name}.js`).then(
    ({ start }) => start(element, origin, script.dataset.site, message),
    () => {}, // Kibitz is gone: what the page shows stays
  );
}

class Comments extends HTMLElement {
  static observedAttributes = ["site", "page-id", "page-url", "theme", "lang", "sort", "label", "read-only"];
  #frame: HTMLIFrameElement | undefined;
  #leaving!: AbortController;
  #wanted = 0;
  #reloading = 0;
  #late = 0;

  connectedCallback(): void {
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    // an owner's own inline height comes last and wins: who reserves room has nothing move
    this.style.cssText = `display:block;min-height:${HEIGHT_MIN_PX}px;${this.style.cssText}`;
    addEventListener("message", (event) => this.#receive(event), { signal });
    addEventListener("hashchange", () => this.#goto(linkedPost()), { signal });
    osDark.addEventListener("change", () => this.#sendTheme(), { signal });
    const restyled = new MutationObserver(() => this.#sendTheme());
    for (const node of [page, document.body, this])
      restyled.observe(node, { attributeFilter: ["class", "data-theme", "style"] });
    const near = new IntersectionObserver(
      ([entry]) => {
        if (!entry?.isIntersecting) return;
        near.disconnect();
        this.#load();
      },
      { rootMargin: "600px" },
    );
    signal.onabort = () => {
      restyled.disconnect();
      near.disconnect();
      clearTimeout(this.#late);
    };
    if (this.getAttribute("loading") === "eager" || linkedPost()) this.#load();
    else near.observe(this);
  }

  disconnectedCallback(): void {
    this.#leaving.abort();
    this.#frame?.remove();
    this.#frame = undefined;
  }

  attributeChangedCallback(name: string): void {
    if (name === "theme") this.#sendTheme();
    else this.reload();
  }

  /** Shows the comments of the page as it is now; several wishes in one task are one. */
  reload(): void {
    clearTimeout(this.#reloading);
    this.#reloading = setTimeout(() => this.#frame && this.#load());
  }

  scrollToComment(id: number): void {
    if (!this.#frame) this.#load();
    this.#goto(id);
  }

  #load(): void {
    this.#frame?.remove(); // another address in the same frame would be one more step for the back button
    const frame = document.createElement("iframe");
    this.#frame = frame;
    frame.title = this.getAttribute("label") ?? "Comments";
    frame.sandbox.value = SANDBOX;
    frame.allow = ALLOW;
    frame.style.cssText = `display:block;width:100%;border:0;height:${HEIGHT_MIN_PX}px;color-scheme:${this.#theme()}`;
    frame.onload = () => this.#sendTheme();
    frame.src = this.#address();
    this.append(frame);
    clearTimeout(this.#late);
    this.#late = setTimeout(() => this.#tell("error", { code: "timeout" }), LATE_MILLISECONDS);
  }

  #address(): string {
    const asked = (name: string) => this.getAttribute(name) ?? "";
    const query = new URLSearchParams({
      url:
        asked("page-url") ||
        document.querySelector<HTMLLinkElement>("link[rel=canonical]")?.href ||
        (location.href.split("#")[0] as string),
      page_id: asked("page-id"),
      title: document.title,
      theme: this.#theme(),
      lang: asked("lang") || page.lang,
      sort: asked("sort"),
      read_only: this.hasAttribute("read-only") ? "1" : "",
    });
    return `${origin}/embed/${encodeURIComponent(asked("site") || script.dataset.site || "")}/?${query}`;
  }

  #theme(): Theme {
    const wish = this.getAttribute("theme");
    return wish === "light" || wish === "dark" ? wish : themeBehind(this);
  }

  #sendTheme(): void {
    if (!this.#frame) return;
    const theme = this.#theme();
    this.#frame.style.colorScheme = theme; // where it differs from the document's, browsers paint an opaque box
    this.#send({
      kibitz: "theme",
      theme,
      tokens: TOKENS.map((name) => getComputedStyle(this).getPropertyValue(`--kibitz-${name}`)),
    });
  }

  /** The frame may not listen yet; when it does, it is told again. */
  #goto(id: number): void {
    this.#wanted = id;
    if (id) this.#send({ kibitz: "goto", id });
  }

  #send(message: ToFrame): void {
    this.#frame?.contentWindow?.postMessage(message, origin);
  }

  #receive(event: MessageEvent): void {
    const frame = this.#frame as HTMLIFrameElement;
    if (event.origin !== origin || event.source !== frame?.contentWindow) return;
    const message = event.data as ToHost;
    const kind = message?.kibitz;
    if (kind === "height") {
      frame.style.height = `${Math.min(Math.max(Number(message.height) || 0, HEIGHT_MIN_PX), HEIGHT_MAX_PX)}px`;
      // in the task of the height, or the page jumps
      if (message.shift) scrollBy({ top: Number(message.shift), behavior: "instant" });
    } else if (kind === "scroll") {
      scrollBy({ top: frame.getBoundingClientRect().top + Number(message.top) - SCROLL_MARGIN_PX });
    } else if (kind === "ready" || kind === "count" || kind === "post") {
      clearTimeout(this.#late);
      this.#tell(kind, message);
      if (kind !== "ready") return;
      for (const placeholder of [...this.childNodes]) if (placeholder !== frame) placeholder.remove();
      this.#goto(this.#wanted || linkedPost());
      this.#wanted = 0;
    } else if (kind) later("host_sso", this, message); // of sites with a sign-in of their own
  }

  #tell(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(`kibitz:${name}`, { bubbles: true, detail }));
  }
}

class Count extends HTMLElement {
  static observedAttributes = ["site", "page-id"];

  connectedCallback(): void {
    later("counts", this);
  }

  attributeChangedCallback(): void {
    if (this.isConnected) this.connectedCallback();
  }
}

if (!customElements.get("kibitz-comments")) {
  customElements.define("kibitz-comments", Comments);
  customElements.define("kibitz-count", Count);
}
if (script.dataset.site && script.parentNode !== document.head && !document.querySelector("kibitz-comments")) {
  const element = document.createElement("kibitz-comments");
  for (const { name, value } of script.attributes) {
    if (name.startsWith("data-")) element.setAttribute(name.slice(5), value);
  }
  script.after(element);
}
