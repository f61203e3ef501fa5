// Keeps a thread current: the ladder of carriers, reconnecting, and letting go while nobody looks.
import { type Carrier, type CarrierEvents, openPoll, openSocket, openStream } from "./carriers";
import { type CatchupListener, type CatchupSource, createCatchup } from "./catchup";
import type { Cursor, EventsFrame, Frame } from "./frames";
import { type Clock, Timers } from "./timers";
import type { Bootstrap } from "./wire";

export type LiveState = "live" | "reconnecting" | "offline";

/** Everything that decides by time, chance or the network comes in here: the window, or a test's. */
export interface LivePorts extends Clock {
  WebSocket: typeof WebSocket;
  EventSource: typeof EventSource;
  navigator: { onLine: boolean };
}

export interface LiveListener extends CatchupListener {
  readers(count: number): void;
  typing(count: number): void;
  state(state: LiveState): void;
}

/** Where the thread's sockets are, for the next hours. */
export type LiveAddresses = Pick<Bootstrap["live"], "ws" | "sse">;

export interface LiveSource extends CatchupSource {
  /** Other ones, as good as they were at the start. */
  addresses(): Promise<LiveAddresses>;
}

export interface LiveOptions {
  /** Where to connect first, and how the site wants it: what the bootstrap says. */
  live: LiveAddresses;
  settings: Pick<Bootstrap["settings"], "realtime" | "reconnect_spread_seconds" | "silence_seconds">;
  cursor: Cursor;
  source: LiveSource;
  listener: LiveListener;
  ports: LivePorts;
}

const POLL = 2; // the ladder: 0 WebSocket, 1 EventSource, 2 poll
const TRIES_UNPROVEN = 3; // failures of a carrier that never opened here before the next one is tried
const TRIES_PROVEN = 8; // about a minute of backoff: it did work, so the server is down rather than the way blocked
const OPEN_SECONDS = 8; // a connection that neither opens nor fails is a swallowed one
const STABLE_SECONDS = 5; // a shorter life does not reset the backoff, or a flapping server is hammered
const CATCHUP_SECONDS = 2; // over which those who lost their connection together ask for what they missed
const TOO_MANY_SOCKETS = 4029;

export interface Live {
  /** Connects, or checks a connection that was left alone for a while; also what a returning tab calls. */
  show(): void;
  /** Lets the connection go when the tab stays hidden; the spread keeps tabs from coming back in step. */
  hide(): void;
  /** Closes at once: the page is leaving, perhaps into the back/forward cache. */
  stop(): void;
  /** The network is back or has changed: the old connection may be dead without knowing it. */
  online(): void;
  offline(): void;
  /** Says that the reader writes, where the connection takes that, which is the answer. */
  typing(): boolean | undefined;
  /** The store took in a page that stands at `cursor`. */
  rewind(cursor: Cursor): void;
}

export function createLive(options: LiveOptions): Live {
  const { settings, cursor, source, listener, ports } = options;
  // connects and listens, but shows nothing: a site tries the load before its readers see it
  const isDark = settings.realtime === "dark";
  const timers = new Timers(ports);
  const catchup = createCatchup(cursor, source, listener, timers);
  const proven = [false, false, true];
  let { live: addresses } = options;
  let current: Carrier | null = null;
  let candidate: Carrier | null = null;
  let rung = 0;
  let failures = 0;
  let attempt = 0;
  let climbs = 0;
  let openedAt = 0; // seconds; 0 while nothing is open
  let isWanted = false;

  function connectNow(): void {
    attempt = 0;
    void connect();
  }

  async function connect(): Promise<void> {
    timers.clear("connect");
    if (failures && rung < POLL) await renewAddresses();
    if (!isWanted || current) return;
    try {
      current = dial(rung);
    } catch {
      lost(0); // this browser or its policy has no such carrier
      return;
    }
    // a way that is known to work and fails is crowded: who gives up soon has to begin again
    const isCrowded = proven[rung] && failures;
    if (rung < POLL) timers.after("open", isCrowded ? 2 * OPEN_SECONDS : OPEN_SECONDS, () => lost(0));
  }

  /** What did not open may have expired, or its node be gone. While the API is away the old ones are as good as any. */
  async function renewAddresses(): Promise<void> {
    addresses = await source.addresses().catch(() => addresses);
  }

  function dial(to: number): Carrier {
    const on: CarrierEvents = {
      opened() {
        if (carrier !== current) adopt(carrier, to);
        opened();
      },
      frame: takeFrame,
      closed(code) {
        if (carrier === current) lost(code);
        else planClimb();
      },
    };
    const carrier =
      to === POLL
        ? openPoll(async () => isDark || catchup.fill(), timers, on)
        : to === 1
          ? openStream(ports.EventSource, addresses.sse, on)
          : openSocket(ports.WebSocket, addresses.ws, on);
    return carrier;
  }

  function opened(): void {
    timers.clear("open");
    failures = 0;
    proven[rung] = true;
    openedAt = timers.now();
    listener.state("live");
    if (rung < POLL && !isDark) {
      listenForSilence();
      if (attempt) timers.after("catchup", timers.between(0, CATCHUP_SECONDS), catchup.fill);
      else void catchup.fill();
    }
    planClimb();
  }

  function lost(code: number): void {
    const wasOpen = openedAt;
    if (wasOpen && timers.now() - wasOpen > STABLE_SECONDS) attempt = 0;
    drop();
    if (code >= 4400 && code < 4500) {
      isWanted = false;
      listener.state("offline");
      return;
    }
    const isOnline = ports.navigator.onLine;
    if (!wasOpen && isOnline) countFailure();
    listener.state(isOnline ? "reconnecting" : "offline");
    timers.after("connect", delaySeconds(code), connect);
  }

  function countFailure(): void {
    failures++;
    if (rung === POLL || failures < (proven[rung] ? TRIES_PROVEN : TRIES_UNPROVEN)) return;
    rung++;
    failures = attempt = 0;
  }

  function delaySeconds(code: number): number {
    if (code === TOO_MANY_SOCKETS) return timers.between(30, 90);
    if (code === 1001 || code === 1012) return timers.between(0, settings.reconnect_spread_seconds);
    return timers.backoff(attempt++);
  }

  /** From a lower rung, now and then try a better one beside the connection that works. */
  function planClimb(): void {
    candidate?.close();
    candidate = null;
    timers.clear("climb");
    if (rung === 0) return;
    timers.after("climb", timers.between(60, 120) * 2 ** Math.min(climbs, 3), async () => {
      const beside = current;
      await renewAddresses();
      if (current !== beside) return; // it broke or was let go in the meantime
      timers.after("climb", OPEN_SECONDS, planClimb);
      candidate = dial(climbs++ % rung);
    });
  }

  function adopt(carrier: Carrier, to: number): void {
    candidate = null;
    current?.close();
    current = carrier;
    rung = to;
    climbs = 0;
  }

  function drop(): void {
    current?.close();
    candidate?.close();
    current = candidate = null;
    openedAt = 0;
    timers.clear("open", "silence", "climb", "catchup");
  }

  function takeFrame(text: string): void {
    if (isDark) return;
    listenForSilence();
    const frame: Frame = JSON.parse(text);
    if (frame.readers !== undefined) listener.readers(frame.readers);
    if (frame.typing !== undefined) listener.typing(frame.typing);
    if (frame.totals) listener.totals(frame.totals);
    if (frame.events) catchup.takeFrame(frame as EventsFrame);
    else if (frame.head !== undefined) catchup.takeHead({ epoch: frame.epoch as string, seq: frame.head });
  }

  function listenForSilence(): void {
    timers.after("silence", timers.between(0.5, 1.5) * settings.silence_seconds, checkHead);
  }

  /** A connection that brings nothing while the thread moves on is dead, whatever it says; a server's error is not. */
  async function checkHead(): Promise<void> {
    const checked = current;
    if (rung === POLL || isDark) return;
    const isSuspect = await source.head().then(catchup.takeHead, ({ status }) => !status);
    if (checked !== current) return;
    if (isSuspect) lost(0);
    else listenForSilence();
  }

  function stop(): void {
    isWanted = false;
    drop();
    timers.clear("connect", "release");
  }

  return {
    stop,
    show() {
      timers.clear("release");
      isWanted = true;
      if (openedAt) void checkHead();
      else if (!current) connectNow();
    },
    hide: () => timers.after("release", timers.between(45, 75), stop),
    online() {
      if (!isWanted) return;
      drop();
      connectNow();
    },
    offline: () => listener.state("offline"),
    typing: () => current?.typing?.(),
    rewind: catchup.rewind,
  };
}
