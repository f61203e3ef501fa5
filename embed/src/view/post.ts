// One post: built once, then patched in place.

import type { Post } from "../frames";
import { roundNumber, text, timeAgo } from "../messages";
import { h, parts, setHtml, setText } from "./dom";

const DEPTH_SHOWN = 6; // deeper replies stay at this indent and name whom they answer
const HUES = 360;

/** Everything a post's look depends on. */
export interface PostModel {
  post: Post;
  depth: number;
  /** The name of the post that this one answers, where its place does not show it. */
  replyTo: string;
  isOwn: boolean;
  isPinned: boolean;
  canReply: boolean;
  canChange: boolean;
  canVote: boolean;
  vote: number;
  /** Loaded replies under it, for the button that folds them away. */
  replies: number;
  isFolded: boolean;
  isHidden: boolean;
  url: string;
}

export interface PostView {
  node: HTMLElement;
  acts: HTMLElement;
  update(model: PostModel, now: number): void;
  /** Writes the passing of time again. */
  tick(now: number): void;
}

type Part = HTMLButtonElement & HTMLTimeElement & HTMLAnchorElement; // each is one of these
type Parts = [Part, Part, Part, Part, Part, Part, Part];

const pattern = (document.querySelector("template") as HTMLTemplateElement).content.firstElementChild as HTMLElement;

/** Takes the article that came in the document, where there is one. */
export function createPost(id: number): PostView {
  const node = document.getElementById(`kibitz-${id}`) ?? (pattern.cloneNode(true) as HTMLElement);
  const [avatar, meta, body, acts] = parts<Parts>(node);
  const [name, badge, note, replyTo, time, edited, fold] = parts<Parts>(meta);
  const [votes, reply, link, report, mute, edit, remove] = parts<Parts>(acts);
  const [up, score, down] = parts<Parts>(votes);
  node.id = `kibitz-${id}`;
  node.dataset.id = String(id);
  for (const [relation, part] of Object.entries({ labelledby: name, describedby: body })) {
    part.id = `${relation}-${id}`;
    node.setAttribute(`aria-${relation}`, part.id);
  }
  let last: PostModel | undefined;

  function tick(now: number): void {
    if (last) setText(time, timeAgo(Date.parse(last.post.created), now));
  }

  function updateActs({ post, ...model }: PostModel, isStub: boolean): void {
    const isPublic = post.status === "published";
    acts.hidden = isStub;
    votes.hidden = !model.canVote || !isPublic;
    reply.hidden = !model.canReply || !isPublic;
    link.hidden = !isPublic;
    report.hidden = !isPublic || model.isOwn;
    mute.hidden = report.hidden || !post.author.key;
    edit.hidden = remove.hidden = !model.canChange;
    setText(score, roundNumber(post.score));
    up.ariaPressed = String(model.vote > 0);
    down.ariaPressed = String(model.vote < 0);
    up.disabled = down.disabled = model.isOwn;
    link.href = `${model.url}#kibitz-${id}`;
  }

  function update(model: PostModel, now: number): void {
    const before = last;
    if (before && (Object.keys(model) as (keyof PostModel)[]).every((key) => before[key] === model[key])) return;
    last = model;
    const { post, depth, isFolded } = model;
    const stub = post.status === "deleted" ? text("deleted") : post.status === "hidden" ? text("removed") : "";
    const shownName = stub || post.author.name;
    node.style.setProperty("--depth", String(depth));
    node.classList.toggle("deep", depth > DEPTH_SHOWN);
    node.classList.toggle("stub", stub !== "");
    node.hidden = model.isHidden;
    setText(avatar, stub ? "" : ([...shownName][0] ?? "").toUpperCase());
    // over the letter, which is seen until it is there and where it never comes
    if (post.author.avatar && !avatar.firstElementChild) avatar.append(createPicture(post.author.avatar));
    avatar.style.setProperty("--hue", String(hue(shownName)));
    setText(name, shownName);
    const role = post.author.badge ?? "";
    setText(badge, role === "moderator" || role === "owner" ? text(role) : role);
    const key = post.status === "pending" ? "awaiting" : model.isPinned ? "pinned" : post.featured && "featured";
    setText(note, key ? text(key) : "");
    setText(replyTo, model.replyTo && text("replyTo", model.replyTo));
    edited.hidden = !post.edited || stub !== "";
    fold.hidden = model.replies === 0;
    fold.ariaExpanded = String(!isFolded);
    setText(fold, isFolded ? text("expand", model.replies) : text("collapse"));
    time.dateTime = post.created;
    time.title = new Date(post.created).toLocaleString();
    updateActs(model, stub !== "");
    tick(now);
    if (before?.post.html !== post.html) setHtml(body, post.html);
  }

  return { node, acts, update, tick };
}

/** As comments/pages/templates/kibitz/embed_post.html has it; `loading` comes first, for `src` begins to load. */
export function createPicture(src: string): HTMLElement {
  return h("img", "", { loading: "lazy", decoding: "async", alt: "", width: 32, height: 32, src });
}

/** The same name has the same colour everywhere. */
function hue(name: string): number {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.charCodeAt(0)) % HUES;
  return sum;
}
