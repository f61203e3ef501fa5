// The moderators' page hears what changes, and asks while it cannot.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import {
  createLive,
  type News,
  POLL_MILLISECONDS,
  SURE_MILLISECONDS,
} from "../../comments/moderation/static/moderation/live.js";

class FakeSocket {
  static made: FakeSocket[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  constructor(readonly url: string) {
    FakeSocket.made.push(this);
  }
  close(): void {}
}

function started() {
  const heard: News[] = [];
  const states: string[] = [];
  const ask = vi.fn();
  const live = createLive(
    "ws://kibitz/live/moderation/x",
    { news: (news) => heard.push(news), state: (state) => states.push(state), ask },
    {
      WebSocket: FakeSocket as unknown as typeof WebSocket,
      setTimeout: (run, wait) => setTimeout(run, wait) as unknown as number,
      clearTimeout: (timer) => clearTimeout(timer),
      random: () => 1,
    },
  );
  live.start();
  return { live, heard, states, ask };
}

const socket = () => FakeSocket.made.at(-1) as FakeSocket;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
});
afterEach(() => {
  vi.useRealTimers();
});

it("hears the news and ignores what it does not know", () => {
  const { heard, states, ask } = started();

  socket().onopen?.();
  for (const data of ['{"moderation":{"entered":[3]}}', '{"readers":2}', "no JSON", "null", "7"])
    socket().onmessage?.({ data });

  expect(states).toEqual(["live"]);
  expect(ask).toHaveBeenCalledOnce();
  expect(heard).toEqual([{ entered: [3] }]);
});

it("asks every ten seconds while every socket fails, and tries ever more rarely", () => {
  const { ask } = started();
  const until = Date.now() + 60_000;

  while (Date.now() < until) {
    if (socket().onclose) socket().onclose?.();
    vi.advanceTimersByTime(500);
  }

  expect(ask).toHaveBeenCalledTimes(60_000 / POLL_MILLISECONDS);
  expect(FakeSocket.made.length).toBeGreaterThan(4);
  expect(FakeSocket.made.length).toBeLessThan(10);
});

it("gives up a socket that neither opens nor fails", () => {
  const { states } = started();

  vi.advanceTimersByTime(8_000);

  expect(states).toEqual(["polling"]);
  vi.advanceTimersByTime(500);
  expect(FakeSocket.made).toHaveLength(2);
});

it("asks now and then with a socket, too, and never once it is stopped", () => {
  const { live, ask } = started();
  socket().onopen?.();

  vi.advanceTimersByTime(2 * SURE_MILLISECONDS);
  expect(ask).toHaveBeenCalledTimes(3);

  live.stop();
  vi.advanceTimersByTime(10 * SURE_MILLISECONDS);
  expect(ask).toHaveBeenCalledTimes(3);
  expect(FakeSocket.made).toHaveLength(1);
});
