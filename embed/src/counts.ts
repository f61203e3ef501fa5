// How many comments pages have, for every <kibitz-count>: one request for all that a page shows at once.
type Pages = Map<string, Set<HTMLElement>>;

const asked = new Map<string, Pages>();
const shown: Pages = new Map();

/** Fills the element, and again whenever comments on the same page count otherwise. */
export function count(element: HTMLElement, origin: string, site = ""): void {
  const id = element.getAttribute("page-id") ?? "";
  if (!asked.size) {
    if (document.readyState === "loading") addEventListener("DOMContentLoaded", () => ask(origin), { once: true });
    else setTimeout(() => ask(origin));
  }
  const pages = asked.get(site) ?? new Map();
  asked.set(site, pages);
  join(pages, id, element);
}

function join(pages: Pages, id: string, element: HTMLElement): void {
  pages.set(id, (pages.get(id) ?? new Set()).add(element));
}

async function ask(origin: string): Promise<void> {
  const now = [...asked];
  asked.clear();
  for (const [site, pages] of now) {
    const query = new URLSearchParams([...pages.keys()].map((id) => ["page_id", id]));
    const url = `${origin}/api/v1/sites/${encodeURIComponent(site)}/counts/?${query}`;
    try {
      const { counts } = await (await fetch(url, { credentials: "omit" })).json();
      for (const [id, elements] of pages) {
        for (const element of elements) {
          show(element, Number(counts[id]) || 0);
          join(shown, id, element);
        }
      }
    } catch {
      // Kibitz is gone: what stands in the elements stays
    }
  }
}

/** `zero`, `one`, `other` and so on are the owner's sentences, {n} in them the number; without them it is the number. */
function show(element: HTMLElement, posts: number): void {
  const language = element.closest<HTMLElement>("[lang]")?.lang || "en";
  const said = (form: string) => element.getAttribute(form);
  const forms = [posts ? "" : "zero", new Intl.PluralRules(language).select(posts), "other"];
  const sentence = forms.map(said).find((form) => form !== null) ?? "{n}";
  element.textContent = sentence.replace("{n}", posts.toLocaleString(language));
}

addEventListener("kibitz:count", ({ target, detail }: CustomEventInit & Event) => {
  const id = (target as Element).getAttribute?.("page-id") ?? "";
  for (const element of shown.get(id) ?? []) if (element.isConnected) show(element, Number(detail.count) || 0);
});
