// Own posts that wait for a moderator: no snapshot has what they say, so this browser remembers which they are.
import type { Post } from "../frames";
import type { Kit } from "./kit";

export interface Held {
  add(id: number): void;
  /** Brings them back after a new snapshot. What was decided in the meantime is shown as it is now, once. */
  load(accept: (post: Post) => void): Promise<void>;
}

/** Whether snapshots have it. One without a number no reader ever saw, whatever its status says. */
export const isKnown = ({ seq, status }: Post) => seq > 0 && status !== "pending";

export function createHeld({ api, storage }: Pick<Kit, "api" | "storage">): Held {
  const read = (): number[] => JSON.parse(storage.mark("held") || "[]");
  const write = (ids: number[]) => storage.setMark("held", ids.length ? JSON.stringify(ids) : "");
  const forget = (gone: number) => write(read().filter((id) => id !== gone));
  return {
    add: (id) => write([...new Set(read()).add(id)]),
    async load(accept) {
      for (const id of read()) {
        try {
          const post = await api.post(id);
          if (isKnown(post)) forget(id);
          if (post.status !== "published" || !isKnown(post)) accept(post);
        } catch (error) {
          if ((error as { status?: number }).status === 404) forget(id);
        }
      }
    },
  };
}
