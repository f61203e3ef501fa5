// Draws the status anew every few seconds: only what is inside #status changes, so the page keeps its place.
const EVERY_MILLISECONDS = 3000;
const region = document.getElementById("status");
const told = document.getElementById("refreshed");
const pause = document.getElementById("pause");
let isPaused = false;

async function draw() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const drawn = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("status");
    if (!drawn) throw new Error(`status ${answer.status}`);
    if (isPaused) return;
    const places = [...region.querySelectorAll(".scrolls")].map((node) => [node.ariaLabel, node.scrollLeft]);
    const focused = region.contains(document.activeElement) ? document.activeElement : null;
    const name = focused && (focused.id ? `#${focused.id}` : `[aria-label="${focused.ariaLabel}"]`);
    region.replaceChildren(...drawn.childNodes);
    for (const [label, left] of places) {
      const node = region.querySelector(`[aria-label="${label}"]`);
      if (node) node.scrollLeft = left;
    }
    if (name) region.querySelector(name)?.focus({ preventScroll: true });
    told.textContent = `Drawn at ${new Date().toLocaleTimeString()}, every 3 seconds.`;
  } catch {
    if (isPaused) return;
    told.textContent = "The server does not answer, or you are logged out. What you see is old.";
  }
}

async function repeat() {
  if (!isPaused && !document.hidden && !String(getSelection())) await draw();
  setTimeout(repeat, EVERY_MILLISECONDS);
}

pause.hidden = false;
pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.setAttribute("aria-pressed", String(isPaused));
  told.textContent = isPaused ? "Paused." : "Drawn every 3 seconds.";
});
setTimeout(repeat, EVERY_MILLISECONDS);
