// What a link to one comment needs, as a file of its own that comes when a page's address names one.
import type { Post } from "./frames";
import type { Kit } from "./write/kit";

const ANCESTORS_MAX = 30; // of a linked post that no loaded page has
const SETTLED_MILLISECONDS = 300; // branches above it get their real height only by being scrolled to

/** Finds a post, with the posts above it, wherever it is, and brings it into view. */
export async function goto(id: number, kit: Kit): Promise<void> {
  const { addOne, api, redraw, reveal, tellHost, thread } = kit;
  const state = kit.state();
  const missing: Post[] = [];
  for (let at: number | null = id; at !== null && !state.entries.has(at) && missing.length < ANCESTORS_MAX; ) {
    const post: Post = await api.post(at);
    missing.unshift(post);
    at = post.parent;
  }
  for (const post of missing) addOne(state, post);
  const target = state.entries.get(id);
  if (!target) return;
  if (state.held.includes(target.root)) reveal(state);
  thread.unfold(state, id);
  redraw();
  const node = thread.view(id)?.node;
  if (!node) return;
  for (const old of thread.feed.querySelectorAll(".target")) old.classList.remove("target");
  node.classList.add("target");
  node.focus({ preventScroll: true });
  const scroll = () => tellHost({ kibitz: "scroll", top: node.getBoundingClientRect().top + scrollY });
  scroll();
  setTimeout(scroll, SETTLED_MILLISECONDS);
}
