// The list: branches of posts, drawn from the state and patched in place.
import type { Post } from "../frames";
import { text } from "../messages";
import type { Storage } from "../storage";
import { branch, type Entry, type State, waitingCount } from "../store";
import type { Settings } from "../wire";
import { button, h, parts, reconcile, setText } from "./dom";
import { createPost, type PostView } from "./post";
import { createSteady, look, type Steady } from "./steady";

const POST_HEIGHT_PX = 110; // a guess for branches that were never on screen
const FOLLOW_MILLISECONDS = 400;
const NUMBER_MILLISECONDS = 200;
const UNKNOWN_SIZE = -1;
const DEPTH_NAMED = 2; // phones flatten below this, so deeper replies carry their parent's name

export interface ThreadContext {
  settings: Settings;
  isReadOnly: boolean;
  storage: Storage;
  url: string;
  now(): number;
  /** The list grew by so many pixels above what is being read. */
  shifted(shift: number): void;
}

export interface ThreadView {
  node: HTMLElement;
  feed: HTMLElement;
  view(id: number | undefined): PostView | undefined;
  /** What a part that came later adds to each post that is drawn. */
  decorate(post: Post, node: HTMLElement): void;
  steady: Steady;
  /** Draws the branches with these roots, or all. */
  draw(state: State, dirty: Set<number | undefined> | null): void;
  /** The new roots that wait; `isPosting` holds the news back, because one of them may be the reader's own. */
  drawPill(state: State, isPosting: boolean): void;
  /** May this reader still edit or delete it? */
  canChange(post: Post): boolean;
  fold(id: number): void;
  /** Opens whatever is folded around a post. */
  unfold(state: State, id: number): void;
  tick(): void;
}

/** Goes on with the list that came in the document. */
export function createThread(node: HTMLElement, context: ThreadContext): ThreadView {
  const { settings, storage, url, now, shifted } = context;
  const [pill, empty, feed, more] = parts<HTMLElement[] & Record<0 | 1 | 2 | 3, HTMLElement>>(node);
  const posts = new Map<number, PostView>();
  const boxes = new Map<number, HTMLElement>();
  const folded = new Set<number>();
  let numbering = 0;

  /** The branch as the document has it. */
  const served = (root: number) => document.getElementById(`kibitz-${root}`)?.parentElement;

  /** A member's by who wrote it, in every browser; a guest has nothing but what this one remembers. */
  function isOwn({ id, author }: Post): boolean {
    return storage.author ? author.key === storage.author : storage.own.has(id);
  }

  function canChange(post: Post): boolean {
    return isOwn(post) && now() - Date.parse(post.created) < settings.edit_window_seconds * 1000;
  }

  function drawPost(state: State, { post, depth }: Entry, replies: number, isHidden: boolean): HTMLElement {
    const { id } = post;
    const view = posts.get(id) ?? createPost(id);
    posts.set(id, view);
    const parent = depth > DEPTH_NAMED && state.entries.get(post.parent ?? 0);
    const model = {
      post,
      depth,
      replyTo: parent ? parent.post.author.name || text("deleted") : "",
      isOwn: isOwn(post),
      isPinned: state.thread.pinned === id,
      canReply: !context.isReadOnly && !state.thread.locked,
      canChange: canChange(post),
      canVote: settings.votes,
      vote: storage.votes.get(id) ?? 0,
      replies,
      isFolded: folded.has(id),
      isHidden,
      url,
    };
    view.update(model, now());
    self.decorate(post, view.node);
    return view.node;
  }

  function drawBranch(state: State, root: number, box: HTMLElement): HTMLElement {
    boxes.set(root, box);
    const { entries, below, hasMore } = branch(state, root);
    let foldDepth = Infinity;
    const nodes: HTMLElement[] = entries.map((entry) => {
      const { id } = entry.post;
      const isHidden = entry.depth > foldDepth;
      if (!isHidden) foldDepth = folded.has(id) ? entry.depth : Infinity;
      return drawPost(state, entry, below.get(id) ?? 0, isHidden);
    });
    if (hasMore) {
      const rest =
        box.querySelector<HTMLElement>(".more") ?? button("more act", "branch", "showReplies", { "data-id": root });
      rest.hidden = foldDepth === 0;
      nodes.push(rest);
    }
    box.style.containIntrinsicSize = `auto ${nodes.length * POST_HEIGHT_PX}px`;
    reconcile(box, nodes);
    return box;
  }

  /** Keeps the pill in sight. */
  function followReader(): void {
    if (pill.hidden) return;
    look(node, ({ intersectionRect, boundingClientRect }) => {
      const above = intersectionRect.top - boundingClientRect.top;
      pill.style.top = `${above > 0 ? above + 8 : -18}px`; // at the top of the view, or between composer and list
      setTimeout(followReader, FOLLOW_MILLISECONDS);
    });
  }

  /** Tells screen readers where in the list each post is; after a while, for a burst and a long list cost a frame. */
  function number(size: number): void {
    clearTimeout(numbering);
    numbering = setTimeout(() => {
      const shown = feed.querySelectorAll("article:not([hidden])");
      shown.forEach((post, index) => {
        post.ariaPosInSet = String(index + 1);
        post.ariaSetSize = String(size || shown.length);
      });
    }, NUMBER_MILLISECONDS);
  }

  const self: ThreadView = {
    node,
    feed,
    decorate() {},
    canChange,
    view: (id) => posts.get(id ?? 0),
    steady: createSteady(feed, pill, shifted),
    draw(state, dirty) {
      const { held, next, roots } = state;
      const drawn = roots.map((root) => {
        const box = boxes.get(root);
        return box && dirty && !dirty.has(root)
          ? box
          : drawBranch(state, root, box ?? served(root) ?? h("div", "branch"));
      });
      reconcile(feed, drawn);
      number(next || feed.querySelector(".more") ? UNKNOWN_SIZE : 0);
      feed.hidden = !roots.length; // a feed without an article is none
      more.hidden = !next;
      empty.hidden = roots.length + held.length > 0;
    },
    drawPill(state, isPosting) {
      const waiting = isPosting ? 0 : waitingCount(state);
      const wasHidden = pill.hidden;
      pill.hidden = waiting === 0;
      if (wasHidden) followReader();
      setText(pill, text("newComments", waiting));
    },
    fold(id) {
      if (!folded.delete(id)) folded.add(id);
    },
    unfold({ entries }, id) {
      for (let at = entries.get(id); at; at = entries.get(at.post.parent ?? 0)) folded.delete(at.post.parent ?? 0);
    },
    tick() {
      for (const view of posts.values()) view.tick(now());
    },
  };
  return self;
}
