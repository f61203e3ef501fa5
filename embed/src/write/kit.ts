// What the lazy parts borrow from the app, so that no byte is loaded twice. The app hands it over as it starts.
import type { Api, Page } from "../api";
import type { Cursor } from "../frames";
import type { ToHost } from "../host_messages";
import type { later as laterOf } from "../later";
import type { text as textOf } from "../messages";
import type { Storage } from "../storage";
import type { addBranchPage as addBranchPageTo, addOne as addOneTo, reveal as revealIn, State } from "../store";
import type * as dom from "../view/dom";
import type { createPost as createPostOf } from "../view/post";
import type { ThreadView } from "../view/thread";
import type { Settings } from "../wire";

export interface Kit extends Pick<typeof dom, "button" | "h" | "setHtml" | "setText"> {
  text: typeof textOf;
  later: typeof laterOf;
  addBranchPage: typeof addBranchPageTo;
  addOne: typeof addOneTo;
  reveal: typeof revealIn;
  createPost: typeof createPostOf;
  api: Api;
  storage: Storage;
  settings: Settings;
  page: Page;
  thread: ThreadView;
  composer: HTMLFormElement;
  /** A form without a place yet. */
  newForm(place: number): HTMLFormElement;
  /** Opens the form under a post. */
  reply(id: number): void;
  state(): State;
  /** Draws the branches with these roots soon; without one, the whole list. */
  changed(...roots: (number | undefined)[]): void;
  /** What came with a page may be older than what came live: the line asks again from there. */
  rewind(found: Cursor): void;
  draw(): void;
  /** Draws everything at once. */
  redraw(): void;
  say(sentence: string): void;
  explain(error: unknown): string;
  /** Brings a post of this thread into view, wherever it is. */
  goto(id: number): Promise<void>;
  /** Says that the reader writes, once in a while; true where the live line cannot, and the API is to be told. */
  typing(): boolean;
  posting(isPosting: boolean): void;
  /** Brings what writers need, and who writes. */
  prepare(): void;
  tellHost(message: ToHost): void;
}

export let button: Kit["button"];
export let h: Kit["h"];
export let setHtml: Kit["setHtml"];
export let setText: Kit["setText"];
export let text: Kit["text"];
export let addOne: Kit["addOne"];
export let createPost: Kit["createPost"];
export let explain: Kit["explain"];

export function takeKit(kit: Kit): void {
  ({ button, h, setHtml, setText, text, addOne, createPost, explain } = kit);
}
