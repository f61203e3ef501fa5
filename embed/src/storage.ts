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

function getJson<T>(key: string, otherwise: T): T {
  try {
    return JSON.parse(get(key)) as T;
  } catch {
    return otherwise;
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
    this.#thread = `${this.site + thread}:`; // so that all of a site is found
    this.own = new Set(getJson<number[]>(`${this.#thread}own`, []));
    this.votes = new Map(getJson<[number, number][]>(`${this.#thread}votes`, []));
  }

  get token(): string {
    return get(`${this.site}token`);
  }

  set token(token: string) {
    set(`${this.site}token`, token);
  }

  get author(): string {
    return get(`${this.site}author`);
  }

  set author(key: string) {
    set(`${this.site}author`, key);
  }

  /** What this reader chose on this site; empty: nothing. */
  option(name: string): string {
    return get(`${this.site}${name}`);
  }

  setOption(name: string, value: string): void {
    set(`${this.site}${name}`, value);
  }

  /** `place` is the parent's id, 0 for the thread itself, and below 0 a post's own id: of an edit. */
  draft(place: number): string {
    return this.mark(`draft:${place}`);
  }

  setDraft(place: number, text: string): void {
    this.setMark(`draft:${place}`, text);
  }

  /** Whatever else write/ remembers of this thread. */
  mark(name: string): string {
    return get(this.#thread + name);
  }

  setMark(name: string, value: string): void {
    set(this.#thread + name, value);
  }
}
