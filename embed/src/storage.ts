// What this reader's browser remembers. Where storage is refused, it remembers until the page closes.
const memory = new Map<string, string>();

/** Empty where nothing is remembered. */
function get(key: string): string {
  try {
    return memory.get(key) ?? localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

/** An empty value forgets. Memory has what storage refused, and nothing else: another tab may change what is there. */
function set(key: string, value: string): void {
  try {
    if (value) localStorage.setItem(key, value);
    else localStorage.removeItem(key);
    memory.delete(key);
  } catch {
    memory.set(key, value); // refused or full
  }
}

/** The author's identity on one site and their marks on one thread. */
export class Storage {
  /** Of all that is kept of the site and its threads. */
  readonly site: string;
  readonly #thread: string;
  readonly memory = memory;
  readonly own: Set<number>;
  /** Post id -> 1 or -1. The thread's public data is the same for everybody, so it cannot say. */
  readonly votes: Map<number, number>;

  constructor(site: string, thread: string) {
    this.site = `kibitz:${site}:`;
    this.#thread = `${thread}:`;
    this.own = new Set(this.#list<number>("own"));
    this.votes = new Map(this.#list<[number, number]>("votes"));
  }

  get token(): string {
    return this.option("token");
  }

  set token(token: string) {
    this.setOption("token", token);
  }

  get author(): string {
    return this.option("author");
  }

  set author(key: string) {
    this.setOption("author", key);
  }

  /** What this reader chose on this site; empty: nothing. */
  option(name: string): string {
    return get(this.site + name);
  }

  setOption(name: string, value: string): void {
    set(this.site + name, value);
  }

  /** `place` is the parent's id, 0 for the thread itself, and below 0 a post's own id: of an edit. */
  draft(place: number): string {
    return this.mark(`draft:${place}`);
  }

  setDraft(place: number, text: string): void {
    this.setMark(`draft:${place}`, text);
  }

  /** Whatever else write/ remembers of this thread. It lies under the site, so that all of a site is found. */
  mark(name: string): string {
    return this.option(this.#thread + name);
  }

  setMark(name: string, value: string): void {
    this.setOption(this.#thread + name, value);
  }

  #list<Item>(name: string): Item[] {
    try {
      return JSON.parse(this.mark(name));
    } catch {
      return [];
    }
  }
}
