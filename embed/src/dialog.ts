// Dialogs, for the files that have one.

/** Their style, minified; the build puts it in. */
declare const DIALOG_CSS: string;

export const MARGIN_PX = 8;

export function styleDialogs(): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(DIALOG_CSS);
  document.adoptedStyleSheets.push(sheet);
}

/** Opens it beside `near`: the frame is as high as the whole thread, so the middle of it may be far away. */
export function openDialog(dialog: HTMLDialogElement, near: Element, returnFocusTo: HTMLElement): void {
  const main = document.getElementById("kibitz") as HTMLElement;
  dialog.onclick = (event) => {
    if (event.target === dialog) dialog.close(); // beside it
  };
  dialog.onclose = () => {
    main.style.minHeight = "";
    dialog.remove();
    returnFocusTo.focus({ preventScroll: true });
  };
  main.append(dialog);
  dialog.showModal();
  const height = dialog.offsetHeight + 2 * MARGIN_PX;
  const top = near.getBoundingClientRect().top + scrollY;
  main.style.minHeight = `${height}px`;
  dialog.style.top = `${Math.max(MARGIN_PX, Math.min(top, main.offsetHeight - height))}px`;
}
