// Hears what changes: a socket that comes back by itself, and a question every 10 s while there is none.

/**
 * @typedef {object} News
 * @property {number[]} [entered]
 * @property {number[]} [changed]
 * @property {string} [by]
 * @property {Record<string, string>} [claims]
 *
 * @typedef {object} Listener
 * @property {(news: News) => void} news
 * @property {(state: "live" | "polling") => void} state
 * @property {() => void} ask asks for everything: something may have been missed
 *
 * @typedef {object} Ports
 * @property {typeof WebSocket} WebSocket
 * @property {(run: () => void, milliseconds: number) => number} setTimeout
 * @property {(timer: number) => void} clearTimeout
 * @property {() => number} random
 */

export const POLL_MILLISECONDS = 10_000;
export const SURE_MILLISECONDS = 60_000; // with a socket: a message may be lost, and a dead socket looks like a quiet one
const FIRST_MILLISECONDS = 500;
const LONGEST_MILLISECONDS = 20_000;
const OPEN_MILLISECONDS = 8_000; // neither open nor failed by then: swallowed

/**
 * @param {string} url
 * @param {Listener} listener
 * @param {Ports} ports
 */
export function createLive(url, listener, ports) {
  /** @type {WebSocket | null} */
  let socket = null;
  let isOpen = false;
  let isStopped = true;
  let attempts = 0;
  let again = 0;
  let poll = 0;
  let patience = 0;

  function connect() {
    ports.clearTimeout(again);
    drop();
    const opened = new ports.WebSocket(url);
    socket = opened;
    patience = ports.setTimeout(lost, OPEN_MILLISECONDS);
    opened.onopen = () => {
      ports.clearTimeout(patience);
      isOpen = true;
      listener.state("live");
      listener.ask();
      askLater();
    };
    opened.onmessage = ({ data }) => {
      attempts = 0; // not when it opened: a server that closes at once is not to be hammered
      const news = parsed(data);
      if (news) listener.news(news);
    };
    opened.onclose = lost;
  }

  function lost() {
    const wasOpen = isOpen;
    drop();
    if (isStopped) return;
    listener.state("polling");
    if (wasOpen) askLater(); // sooner than with a socket; later losses must not put it off
    const longest = Math.min(LONGEST_MILLISECONDS, FIRST_MILLISECONDS * 2 ** attempts++);
    again = ports.setTimeout(connect, ports.random() * longest);
  }

  function drop() {
    ports.clearTimeout(patience);
    isOpen = false;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    socket = null;
  }

  function askLater() {
    ports.clearTimeout(poll);
    const wait = isOpen ? SURE_MILLISECONDS : POLL_MILLISECONDS;
    poll = ports.setTimeout(() => {
      listener.ask();
      askLater();
    }, wait);
  }

  return {
    /** Connects, or looks whether a connection that was left alone is still one. */
    start() {
      isStopped = false;
      attempts = 0;
      connect();
      askLater();
    },
    stop() {
      isStopped = true;
      ports.clearTimeout(again);
      ports.clearTimeout(poll);
      drop();
    },
  };
}

/** @param {unknown} data @returns {News | null} */
function parsed(data) {
  try {
    const frame = JSON.parse(String(data));
    return frame !== null && typeof frame === "object" && typeof frame.moderation === "object"
      ? frame.moderation
      : null;
  } catch {
    return null;
  }
}
