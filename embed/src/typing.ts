// That this reader writes, as far as it is to be told to others.
const TYPING_MILLISECONDS = 4000; // one sign of life in this time; the server forgets it after 5 s

let typedAt = 0;

/** Whether this reader is among those who write, as the server counts them. */
export const isTyping = (): boolean => Date.now() - typedAt < TYPING_MILLISECONDS;

/** True where it is to be told again. */
export function startsTyping(): boolean {
  if (isTyping()) return false;
  typedAt = Date.now();
  return true;
}
