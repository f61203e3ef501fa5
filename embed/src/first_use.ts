// What brings files that only some readers have a use for.
import { type Files, LOAD_MILLISECONDS } from "./files";
import type { Kit } from "./write/kit";

/** The first key that is used in the list brings what its keys do. */
export function awaitKey(files: Files, kit: Kit): void {
  const load = (event: KeyboardEvent) =>
    void files
      .keys()
      .then(({ listen }) => listen(kit, event))
      .catch(() => awaitKey(files, kit));
  kit.thread.feed.addEventListener("keydown", load, { once: true });
}

/** What the reader has muted before is hidden from the first drawing on, and says so once the file is there. */
export function muteAgain(files: Files, kit: Kit): void {
  const muted = kit.storage.option("muted");
  if (!muted) return;
  kit.thread.decorate = ({ author }, node) => node.classList.toggle("muted", muted.includes(author.key ?? "-"));
  files.mute().catch(() => setTimeout(muteAgain, LOAD_MILLISECONDS, files, kit));
}
