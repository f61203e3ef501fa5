// The program without its pipes: commands in, answers out, and the readers in between.
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError } from "../src/api";
import type { LiveState } from "../src/live";
import { createPorts } from "./browser";
import { BadCommand, type Order, parseCommand } from "./commands";
import { type HeldPosts, Reader } from "./reader";
import { type Collected, RunRecord } from "./record";

const OPENING_MAX = 20; // at a time: what is measured is not a storm of page loads
const OPEN_SECONDS = 60;

export interface ProgramOptions {
  /** Takes what is for whoever watches. */
  say?(text: string): void;
  /** How long an answer to "open" waits for readers that do not open. */
  openSeconds?: number;
}

export type Answer =
  | { done: "open"; open: number }
  | ({ done: "collect"; states: Record<LiveState, number>; at: [string, string, number][] } & Collected)
  | { done: "posts"; readers: { key: string; epoch: string; seq: number; posts: HeldPosts }[] }
  | { done: "forget" }
  | { error: string };

export interface Program {
  answer(line: string): Promise<Answer>;
  stop(): void;
}

/** Readers of the Kibitz at `base`, an http or https address. */
export function createProgram(base: string, options: ProgramOptions = {}): Program {
  const { say = () => {}, openSeconds = OPEN_SECONDS } = options;
  const { origin } = new URL(base);
  const ports = createPorts(origin);
  const record = new RunRecord();
  const readers: Reader[] = [];

  async function open(orders: Order[]): Promise<number> {
    const opening = orders.map((order) => new Reader(order, origin, record, ports));
    readers.push(...opening);
    const waiting = [...opening];
    const openOneByOne = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await next.open(say).catch(sayRefused);
    };
    const all = Promise.all(Array.from({ length: OPENING_MAX }, openOneByOne));
    await Promise.race([all, sleep(openSeconds * 1000, undefined, { ref: false })]);
    return opening.filter(({ state }) => state === "live").length;
  }

  function sayRefused(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    say(`a page is refused: ${error.status} ${error.code} ${error.message}`);
  }

  function collect(): Answer {
    const states = { live: 0, reconnecting: 0, offline: 0 };
    for (const { state } of readers) states[state]++;
    return { done: "collect", ...record.collect(), states, at: readers.map(({ at }) => at) };
  }

  function posts(from: number): Answer {
    const held = readers.map((reader) => {
      const [key, epoch, seq] = reader.at;
      return { key, epoch, seq, posts: reader.postsFrom(from) };
    });
    return { done: "posts", readers: held };
  }

  async function obey(line: string): Promise<Answer> {
    const command = parseCommand(line);
    switch (command.do) {
      case "open":
        return { done: "open", open: await open(command.readers) };
      case "collect":
        return collect();
      case "posts":
        return posts(command.from);
      case "forget":
        for (const reader of readers) reader.forget(command.below);
        return { done: "forget" };
    }
  }

  return {
    async answer(line) {
      try {
        return await obey(line);
      } catch (error) {
        if (error instanceof BadCommand) return { error: error.message };
        throw error;
      }
    },
    stop() {
      for (const reader of readers) reader.stop();
    },
  };
}
