// What a link to one comment needs, as a file of its own that comes when a page's address names one.
import type { ApiError } from "./api";
import type { Post } from "./frames";
import type { Kit } from "./write/kit";

const ANCESTORS_MAX = 30; // of a linked post that no loaded page has
const SETTLED_MILLISECONDS = 300; // branches above it get their real height only by being scrolled to

let notice: HTMLElement | null = null;

/** Finds a post, with the posts above it, wherever it is, and brings it into view; or says why it cannot. */
export async function goto(id: number, kit: Kit): Promise<void> {
  notice?.remove();
  let node: HTMLElement | undefined;
  let reason = "";
  try {
    node = await find(id, kit);
  } catch (error) {
    if ((error as ApiError).status !== 404) reason = kit.explain(error);
  }
  if (node) {
    const post = kit.state().entries.get(id)?.post;
    node.classList.add("target");
    if (post) kit.thread.decorate(post, node); // shows one of whom the reader has muted
    node.focus({ preventScroll: true });
    bringIntoView(node, kit);
    setTimeout(bringIntoView, SETTLED_MILLISECONDS, node, kit);
    return;
  }
  reason ||= String((await kit.api.writingTexts(document.documentElement.lang)).gone);
  notice = kit.h("p", "notice", {}, reason);
  kit.composer.before(notice);
  kit.say(reason);
  bringIntoView(notice, kit);
}

/** Undefined where there is nothing to show of it: it was deleted, and nothing hangs on it. */
async function find(id: number, kit: Kit): Promise<HTMLElement | undefined> {
  const { addBranchPage, addOne, api, redraw, reveal, rewind, thread } = kit;
  const state = kit.state();
  const above: Post[] = [];
  for (let at: number | null = id; at !== null && !state.entries.has(at) && above.length < ANCESTORS_MAX; ) {
    const post: Post = await api.post(at);
    above.unshift(post);
    at = post.parent;
  }
  const [top] = above;
  if (top?.parent === null) {
    // the number of a post says nothing of its thread; its branch is asked of this one
    const found = await api.branch(top.id, top.id);
    addOne(state, top);
    addBranchPage(state, top.id, found);
    rewind(found);
  }
  for (const post of above) addOne(state, post);
  const target = state.entries.get(id);
  if (target && state.held.includes(target.root)) reveal(state);
  thread.unfold(state, id);
  redraw();
  for (const old of thread.feed.querySelectorAll(".target")) old.classList.remove("target");
  const node = thread.view(id)?.node;
  return node?.isConnected ? node : undefined;
}

function bringIntoView(node: HTMLElement, { tellHost }: Kit): void {
  tellHost({ kibitz: "scroll", top: node.getBoundingClientRect().top + scrollY });
}
