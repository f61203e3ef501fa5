// When what changed is drawn: everything of one frame together, and nothing while nobody sees it but the count.
import { text } from "../messages";
import type { State } from "../store";
import type { Settings } from "../wire";
import { setText } from "./dom";
import type { StatusView } from "./status";
import type { ThreadView } from "./thread";

const COUNT_MILLISECONDS = 200;

export interface DrawingContext {
  settings: Settings;
  isReadOnly: boolean;
  thread: ThreadView;
  status: StatusView;
  composer: HTMLElement;
  notice: HTMLElement;
  state(): State;
  /** The thread's posts, whenever they count otherwise. */
  counted(posts: number): void;
}

export interface Drawing {
  /** Draws one branch soon, with everything else that changes until then; without an argument, the whole list. */
  changed(...roots: (number | undefined)[]): void;
  draw(): void;
  /** Draws everything at once, because the reader asked for it. */
  redraw(): void;
  /** One more new post, to be said aloud. */
  heard(): void;
  /** While a post is on its way, what is new waits: it may be that one. */
  posting(isPosting: boolean): void;
}

export function createDrawing(context: DrawingContext): Drawing {
  const { settings, isReadOnly, thread, status, composer, notice, counted } = context;
  let dirty: Set<number | undefined> | null = new Set();
  let isPlanned = false;
  let isPosting = false;
  let newPosts = 0;
  let shownCount = -1;

  function changed(...roots: (number | undefined)[]): void {
    if (!roots.length) dirty = null;
    for (const id of roots) dirty?.add(id);
    if (isPlanned) return;
    isPlanned = true;
    thread.steady.change(draw);
    setTimeout(drawCount, COUNT_MILLISECONDS); // whoever does not see the list still has the count, in a tab's title
  }

  function draw(): void {
    const roots = dirty;
    isPlanned = false;
    dirty = new Set();
    thread.draw(context.state(), roots);
    drawNotices();
    thread.drawPill(context.state(), isPosting);
    drawCount();
    if (newPosts) status.say(text("newComments", newPosts));
    newPosts = 0;
  }

  function drawCount(): void {
    const { posts } = context.state().thread;
    if (posts === shownCount) return;
    shownCount = posts;
    status.count(posts);
    counted(posts);
  }

  function drawNotices(): void {
    const { locked, slow_mode_seconds: pause } = context.state().thread;
    const isClosed = locked || isReadOnly;
    composer.hidden = isClosed;
    const lines = [];
    if (locked) lines.push(text("locked"));
    else {
      if (settings.moderation !== "post") lines.push(text("moderated"));
      if (pause) lines.push(text("slowMode", pause));
    }
    notice.hidden = isReadOnly || !lines.length;
    setText(notice, lines.join(" "));
  }

  return {
    changed,
    draw,
    redraw() {
      dirty = null;
      thread.steady.release();
      draw();
    },
    heard() {
      newPosts++;
    },
    posting(value) {
      isPosting = value;
      changed(0);
    },
  };
}
