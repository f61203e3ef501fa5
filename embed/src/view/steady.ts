// Holds what is being read in its place while the list changes above it. A frame cannot scroll its page: the host does.

// After the page had to scroll, what the frame is told of its view is older than its size for a moment.
const SETTLING_MILLISECONDS = 300;

/** Which part of an element is visible: a frame cannot see its page scroll, but it can ask. Waits while it is hidden. */
export function look(element: Element, then: (seen: IntersectionObserverEntry) => void): void {
  new IntersectionObserver(([seen], observer) => {
    observer.disconnect();
    if (seen) then(seen);
  }).observe(element);
}

/** A post, or the button under the last one of a branch. */
const itemAround = (element: Element | null) => element?.closest(".branch > *") ?? null;

/** The item that must not move: the one in which somebody writes, or the first one under the upper edge of the view. */
function anchorIn(list: Element, { intersectionRect, boundingClientRect }: IntersectionObserverEntry): Element | null {
  // by their distance in the list: the page may have scrolled, and the frame grown, since this was seen
  const since = list.getBoundingClientRect().top - boundingClientRect.top;
  const top = intersectionRect.top + since;
  const focused = itemAround(document.activeElement);
  const place = focused?.getBoundingClientRect();
  if (place && place.bottom > top && place.top < intersectionRect.bottom + since) return focused;
  if (intersectionRect.top <= boundingClientRect.top) return null; // all that is above it is in view, or nothing is
  return itemAround(document.elementFromPoint(4, top + 1));
}

export interface Steady {
  /** Changes the list soon, once for each picture, and nothing moves that is being read. */
  change(make: () => void): void;
  /** The next change is what the reader asked for: let it move whatever it moves. */
  release(): void;
}

/**
 * What moved down, the frame scrolls by at once, and its page when it makes room: the frame gets its new size together
 * with that, and then has nothing left to scroll. No picture shows the one without the other.
 */
export function createSteady(list: HTMLElement, pill: HTMLElement, tell: (shift: number) => void): Steady {
  let anchor: Element | null = null;
  let place = 0;
  let rest = 0; // of a pixel, by which pages do not scroll
  let shiftedAt = 0;

  const topOf = (element: Element) => element.getBoundingClientRect().top + scrollY;

  const release = () => {
    anchor = null;
  };
  const hold = (seen: IntersectionObserverEntry) => {
    anchor = anchorIn(list, seen);
    if (anchor) place = topOf(anchor);
  };
  const isSettled = () => performance.now() - shiftedAt > SETTLING_MILLISECONDS;
  const renew = () => look(list, (seen) => isSettled() && hold(seen));
  const asked = () => {
    release();
    renew();
  };

  function settle(): void {
    if (!anchor?.getClientRects().length) return;
    const moved = topOf(anchor);
    rest += moved - place;
    place = moved;
    const shift = Math.round(rest);
    if (!shift) return;
    rest -= shift;
    scrollBy(0, shift);
    pill.style.top = `${Number.parseFloat(pill.style.top) + shift}px`;
    tell(shift);
    shiftedAt = performance.now();
  }

  addEventListener("resize", () => {
    if (!isSettled()) shiftedAt = performance.now();
  });
  // a branch gets its real height when it comes into view, which is above what is read when one scrolls up
  new ResizeObserver(settle).observe(list);
  list.addEventListener("contentvisibilityautostatechange", renew);
  addEventListener("click", asked, true);
  addEventListener("keydown", asked, true);

  return {
    release,
    change(make) {
      if (!isSettled()) setTimeout(() => this.change(make), SETTLING_MILLISECONDS);
      else
        look(list, (seen) => {
          hold(seen);
          make();
          settle();
        });
    },
  };
}
