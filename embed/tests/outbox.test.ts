// Posts on their way: the same key on each try, nothing lost, nothing sent twice.
import { expect, test } from "vitest";
import { ApiError } from "../src/api";
import type { Post } from "../src/frames";
import { createOutbox, type Letter } from "../src/write/outbox";

const letter = (key: string): Letter => ({
  key,
  parent: 0,
  body: `body of ${key}`,
  name: "alice",
  email: "",
  website: "",
  seconds_open: 9,
});
const answered = new ApiError(500);
const silence = new ApiError();

/** An outbox whose server answers as `answers` says, with the time in the test's hand. */
function outboxOf(answers: (ApiError | "ok")[], stored: Letter[] = []) {
  const log: string[] = [];
  const timers: { run: () => void; seconds: number }[] = [];
  const world = { isOnline: true, stored };
  const outbox = createOutbox(
    {
      read: () => world.stored,
      write: (letters) => {
        world.stored = letters;
      },
      async send({ key }) {
        log.push(`send ${key}`);
        const answer = answers.shift() ?? "ok";
        if (answer !== "ok") throw answer;
        return { id: 1 } as Post;
      },
      isOnline: () => world.isOnline,
      setTimeout: (run, milliseconds) => timers.push({ run, seconds: milliseconds / 1000 }),
      clearTimeout: () => undefined,
    },
    {
      sending: ({ key }) => log.push(`sending ${key}`),
      waiting: ({ key }) => log.push(`waiting ${key}`),
      sent: ({ key }) => log.push(`sent ${key}`),
      refused: ({ key }, { status }) => log.push(`refused ${key} ${status}`),
    },
  );
  return { log, outbox, timers, world };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

test("a post that is accepted leaves the outbox", async () => {
  const { log, outbox, timers, world } = outboxOf(["ok"]);

  outbox.post(letter("a"));
  await settled();

  expect(log).toEqual(["sending a", "send a", "sent a"]);
  expect(world.stored).toEqual([]);
  expect(timers).toEqual([]);
});

test("what got no answer stays, and is sent again under the same key after a while", async () => {
  const { log, outbox, timers, world } = outboxOf([silence, answered, "ok"]);

  outbox.post(letter("a"));
  await settled();
  expect(world.stored.map(({ key }) => key)).toEqual(["a"]);
  timers.shift()?.run();
  await settled();
  expect(timers.map(({ seconds }) => seconds)).toEqual([6]);
  timers.shift()?.run();
  await settled();

  expect(log.filter((line) => line.startsWith("send "))).toEqual(["send a", "send a", "send a"]);
  expect(world.stored).toEqual([]);
});

test("a server that asks for time gets it", async () => {
  const { outbox, timers } = outboxOf([new ApiError(503, {}, 20)]);

  outbox.post(letter("a"));
  await settled();

  expect(timers.map(({ seconds }) => seconds)).toEqual([20]);
});

test("who is offline waits for the network, not for the clock", async () => {
  const { log, outbox, timers, world } = outboxOf([silence, "ok"]);
  world.isOnline = false;

  outbox.post(letter("a"));
  await settled();
  expect(timers).toEqual([]);
  world.isOnline = true;
  await outbox.run();

  expect(log.at(-1)).toBe("sent a");
});

test("what the server does not want is let go of and handed back", async () => {
  const { log, outbox, timers, world } = outboxOf([new ApiError(400)]);

  outbox.post(letter("a"));
  await settled();

  expect(log.at(-1)).toBe("refused a 400");
  expect(world.stored).toEqual([]);
  expect(timers).toEqual([]);
});

test("a letter that fails does not hold up the one after it, and the order is kept", async () => {
  const { log, outbox } = outboxOf([silence, "ok", "ok"], [letter("a"), letter("b")]);

  await outbox.run();
  expect(log.filter((line) => !line.startsWith("send"))).toEqual(["waiting a", "sent b"]);
  await outbox.run();

  expect(log.at(-1)).toBe("sent a");
});

test("what is written while another is on its way is sent after it, by the same run", async () => {
  const { log, outbox } = outboxOf([]);

  outbox.post(letter("a"));
  outbox.post(letter("b"));
  await settled();

  expect(log).toEqual(["sending a", "send a", "sent a", "sending b", "send b", "sent b"]);
});

test("what was dropped in the meantime is not sent", async () => {
  const { log, outbox } = outboxOf([], [letter("a"), letter("b")]);

  const run = outbox.run();
  outbox.drop("b");
  await run;

  expect(log).not.toContain("send b");
});
