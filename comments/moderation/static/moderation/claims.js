// Says to the others which comment one looks after, as long as one does.

const DWELL_MILLISECONDS = 200; // who runs through the list looks after nothing on the way
const RENEW_MILLISECONDS = 20_000;

/**
 * @param {import("./api.js").Api} api
 * @param {(id: number, by: string) => void} told who has it now
 */
export function createClaims(api, told) {
  /** @type {number | null} */
  let held = null;
  let isClaimed = false;
  let timer = 0;

  /** @param {boolean} [takeOver] */
  async function claim(takeOver = false) {
    clearTimeout(timer);
    const id = held;
    if (id === null) return;
    isClaimed = true;
    timer = setTimeout(claim, RENEW_MILLISECONDS);
    try {
      const { claims } = await api.claim([id], takeOver);
      told(id, claims[id] ?? "");
    } catch {
      // it is a courtesy: what is decided without one is decided all the same
    }
  }

  return {
    /** @param {number | null} id the comment that one looks at now */
    hold(id) {
      if (id === held) return;
      this.release();
      held = id;
      if (id !== null) timer = setTimeout(claim, DWELL_MILLISECONDS);
    },
    /** @param {number} id */
    takeOver(id) {
      if (id !== held) this.release();
      held = id;
      return claim(true);
    },
    release() {
      clearTimeout(timer);
      if (held !== null && isClaimed) api.release([held]).catch(() => {});
      held = null;
      isClaimed = false;
    },
    /** It was decided, and with that the claim has ended. @param {number} id */
    ended(id) {
      if (id !== held) return;
      clearTimeout(timer);
      held = null;
      isClaimed = false;
    },
  };
}
