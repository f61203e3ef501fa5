// How many comments pages have, for every <kibitz-count>: one request for all that a page shows at once, and one
// socket, while any is seen, for all that changes.

/** What this page was told of a thread: its posts as of a number. */
interface Known {
  key: string;
  epoch: string;
  seq: number;
  posts: number;
}

/** Tells a site's counts to an element. */
type Follow = (element: HTMLElement) => void;

const IDS_A_REQUEST = 50; // a longer address is refused
const SPREAD_MILLISECONDS = 2000; // over which those who lost their connection together ask again
const FRESH_MILLISECONDS = 2000; // what changed since an answer as young as this is said again
const RETRY_MILLISECONDS = 10_000;
const RETRY_MAX = 6; // times as long
const HIDDEN_MILLISECONDS = 45_000;
const TRIES_UNPROVEN = 3; // then this page's policy, or what lies between, takes no sockets

const sites = new Map<string, Follow>();
/** To which site each element belongs now. */
const places = new Map<HTMLElement, Follow>();

/** Fills the element, and again whenever its page's comments count otherwise. */
export function start(element: HTMLElement, origin: string, ofPage = ""): void {
  const key = element.getAttribute("site") ?? ofPage;
  const site = sites.get(key) ?? follow(`${origin}/api/v1/sites/${key}/counts/?`);
  sites.set(key, site);
  places.set(element, site);
  site(element);
}

function follow(address: string): Follow {
  const known = new Map<string, Known>();
  const keys = new Map<string, string>();
  const wanted = new Set<string>();
  let url: string | undefined;
  let socket: WebSocket | undefined;
  let isSeen = false;
  let isProven = false;
  let tries = 0;
  let askedAt: number;

  const eye = new IntersectionObserver((entries) => {
    isSeen ||= entries.some((entry) => entry.isIntersecting);
    connect();
  });

  function site(element: HTMLElement): void {
    if (!wanted.size) {
      if (document.readyState === "loading") addEventListener("DOMContentLoaded", ask);
      else setTimeout(ask);
    }
    wanted.add(pageOf(element));
    eye.observe(element);
  }

  async function ask(): Promise<void> {
    const ids = [...wanted];
    wanted.clear();
    askedAt = Date.now();
    try {
      while (ids.length) {
        const query = new URLSearchParams(ids.splice(0, IDS_A_REQUEST).map((id) => ["page_id", id]));
        const { counts, heads, live } = await (await fetch(address + query)).json();
        url = live?.ws;
        for (const id in counts) {
          keys.set(id, heads[id].key);
          take(heads[id].key, { posts: counts[id], ...heads[id] });
        }
      }
    } catch {
      // Kibitz is gone: what stands in the elements stays
    }
    connect();
  }

  function askAgain(): void {
    for (const [element, of] of places) if (of === site) wanted.add(pageOf(element));
    ask();
  }

  /** Of two counts of one epoch the one with the higher number holds, in whatever order they come. */
  function take(key: string, told: Known): void {
    const before = known.get(key);
    const newest = before && before.epoch === told.epoch && before.seq > told.seq ? before : told;
    known.set(key, newest);
    for (const [element, of] of places) {
      if (!element.isConnected) places.delete(element);
      else if (of === site && keys.get(pageOf(element)) === key) show(element, newest.posts);
    }
  }

  function connect(): void {
    if (socket || !isSeen || !url || document.hidden) return;
    let again = askAgain; // an address that does not open may be too old; the answer brings another
    socket = new WebSocket(url);
    socket.onopen = () => {
      again = connect;
      tries = 0;
      if (Date.now() - askedAt > FRESH_MILLISECONDS) setTimeout(askAgain, SPREAD_MILLISECONDS * Math.random());
      isProven = true;
    };
    socket.onmessage = ({ data }) => {
      const { counts, heads } = JSON.parse(data);
      for (const key in counts) take(key, { posts: counts[key], ...heads[key] });
    };
    socket.onclose = () => {
      socket = undefined;
      if (++tries < TRIES_UNPROVEN || isProven)
        setTimeout(again, RETRY_MILLISECONDS * Math.min(tries, RETRY_MAX) * Math.random());
    };
  }

  addEventListener("visibilitychange", () => {
    setTimeout(() => document.hidden && socket?.close(), HIDDEN_MILLISECONDS * (1 + Math.random()));
    connect();
  });
  addEventListener("pagehide", () => socket?.close()); // an open socket keeps a page out of the back/forward cache
  return site;
}

function pageOf(element: Element): string {
  return element.getAttribute?.("page-id") ?? "";
}

/** `zero`, `one`, `other` and so on are the owner's sentences, {n} in them the number; without them it is the number. */
function show(element: HTMLElement, posts: number): void {
  const language = element.closest<HTMLElement>("[lang]")?.lang || "en";
  const said = (form: string) => element.getAttribute(form);
  const plural = said(new Intl.PluralRules(language).select(posts)) ?? said("other") ?? "{n}";
  const sentence = (posts ? null : said("zero")) ?? plural;
  element.textContent = sentence.replace("{n}", posts.toLocaleString(language));
}

addEventListener("kibitz:count", ({ target, detail }: CustomEventInit & Event) => {
  for (const element of places.keys())
    if (pageOf(element) === pageOf(target as Element)) show(element, Number(detail.count) || 0);
});
