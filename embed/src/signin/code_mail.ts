// What becomes of a mail with a code, which the server sends when it can.
import { type Kit, setText, text } from "../write/kit";
import type { Field } from "./fields";

const ASK_MILLISECONDS = 1500; // how the mail is doing
const ASKS_MAX = 20;

/** A mail with a code on its way. */
export interface Sent {
  id: string;
  resend_seconds: number;
}

/** Says it over the field where the code is typed, while that `isHere`. */
export async function follow(
  { api, page, say }: Kit,
  { id }: Sent,
  address: string,
  lead: Element,
  field: Field,
  isHere: () => boolean,
): Promise<void> {
  for (let asks = 0; asks < ASKS_MAX; asks++) {
    await new Promise((resolve) => setTimeout(resolve, ASK_MILLISECONDS));
    const answer = await api.send<{ state: string }>("GET", `sites/${page.site}/codes/${id}/`).catch(() => null);
    if (!isHere()) return;
    if (answer?.state === "failed") {
      setText(lead, "");
      return field.fail(text("codeFailed", address), false);
    }
    if (answer?.state === "sent") {
      setText(lead, text("codeSent", address));
      return say(text("codeSent", address));
    }
  }
}
