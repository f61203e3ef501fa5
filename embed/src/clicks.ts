// What a click on anything with data-act does.
import { fail } from "./failures";
import type { ThreadView } from "./view/thread";

export type Acts = Record<string, (id: number, clicked: HTMLElement) => void | Promise<void>>;

/** `more` are those of writers, which come later. */
export function listen(main: HTMLElement, thread: ThreadView, acts: Acts, more: () => Promise<{ acts: Acts }>): void {
  main.addEventListener("click", async (event) => {
    const target = (event.target as Element).closest<HTMLElement>("[data-act]");
    const name = target?.dataset.act;
    if (!target || !name) return;
    event.preventDefault();
    const id = Number(target.closest<HTMLElement>("[data-id]")?.dataset.id);
    try {
      await (acts[name] ?? (await more()).acts[name])?.(id, target);
    } catch (error) {
      fail(thread.view(id)?.acts ?? target, error);
    }
  });
}
