// The line over the list: how many comments, whether they are live, who else is here; and what is said aloud.
import type { LiveState } from "../live";
import { roundNumber, text } from "../messages";
import { parts, setText } from "./dom";

const TYPING_MILLISECONDS = 8000; // nobody says that they stopped
const SPEAK_DELAY_MILLISECONDS = 350; // one sentence for a burst

export interface StatusView {
  count(posts: number): void;
  state(state: LiveState): void;
  readers(count: number): void;
  typing(count: number): void;
  say(sentence: string): void;
}

/** `region` is the one polite live region for everything: a list that speaks by itself would never stop. */
export function createStatus(total: Element, presence: Element, region: Element): StatusView {
  const [dot, readers, typing] = parts<[HTMLElement, Element, Element]>(presence);
  let typingTimer = 0;
  let speakTimer = 0;
  return {
    count: (posts) => setText(total, text("comments", posts)),
    state(state) {
      dot.dataset.state = state;
      setText(dot, text(state));
    },
    readers: (count) => setText(readers, count > 1 ? text("readers", roundNumber(count)) : ""),
    typing(count) {
      setText(typing, count > 0 ? text("typing", count) : "");
      clearTimeout(typingTimer);
      typingTimer = setTimeout(() => setText(typing, ""), TYPING_MILLISECONDS);
    },
    say(sentence) {
      clearTimeout(speakTimer);
      speakTimer = setTimeout(() => setText(region, sentence), SPEAK_DELAY_MILLISECONDS);
    },
  };
}
