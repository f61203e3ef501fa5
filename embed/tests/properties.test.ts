// Whatever a carrier, a proxy and a server do: in the end the reader knows the thread, and got there in order.
import fc from "fast-check";
import { expect, test } from "vitest";
import { histories } from "./histories";
import { ANNOUNCED, heal, Player, RETURNED } from "./scenario";

const RUNS = 300;
const TIMEOUT_MILLISECONDS = 60_000; // a busy machine is no fault
// At the shortest waits: the gap's, the snapshot's and the connection's retries, each 5 times.
const OWN_REQUESTS_PER_SECOND = 16;

test("a reader converges to the thread within the 30 seconds that are promised", {
  timeout: TIMEOUT_MILLISECONDS,
}, async () => {
  await fc.assert(
    fc.asyncProperty(histories, fc.constantFrom(ANNOUNCED, RETURNED), async (steps, ending) => {
      const player = new Player();
      for (const step of steps) await player.play(step);

      await heal(player);
      for (const step of ending) await player.play(step);

      const [known, truth] = player.compared();
      expect(known).toEqual(truth);
    }),
    { numRuns: RUNS },
  );
});

test("every event is handed on once and in order, from the start and from each snapshot on", {
  timeout: TIMEOUT_MILLISECONDS,
}, async () => {
  await fc.assert(
    fc.asyncProperty(histories, async (steps) => {
      const player = new Player();
      const told: string[] = [];
      for (const step of steps.filter((step) => !("do" in step && step.do === "reload"))) {
        await player.play(step);
        told.push(...player.told);
      }

      let seq = 0;
      for (const line of told) {
        const number = Number(line.split(" ").at(-1));
        if (line.startsWith("takes snapshot")) seq = number;
        else if (line.startsWith("event")) expect(number).toBe(++seq);
      }
    }),
    { numRuns: RUNS },
  );
});

test("a reader asks only a few times a second, beyond what it is made to", {
  timeout: TIMEOUT_MILLISECONDS,
}, async () => {
  await fc.assert(
    fc.asyncProperty(histories, async (steps) => {
      const player = new Player();
      const deliveredAt: number[] = [];
      for (const step of [...steps.slice(0, 1), { server: { page: 200 } }, ...steps.slice(1)]) {
        if (!("advance" in step)) deliveredAt.push(player.clock.time / 1000);
        await player.play(step);
      }

      for (const since of player.askedAt) {
        const within = (at: number) => at >= since && at < since + 1;
        const made = deliveredAt.filter(within).length;
        expect(player.askedAt.filter(within).length).toBeLessThanOrEqual(OWN_REQUESTS_PER_SECOND + 2 * made);
      }
    }),
    { numRuns: RUNS },
  );
});

test("a reader whose server fails asks ever less", { timeout: TIMEOUT_MILLISECONDS }, async () => {
  await fc.assert(
    fc.asyncProperty(histories, fc.constantFrom(0, 503, null), async (steps, fails) => {
      const player = new Player();
      for (const step of steps) await player.play(step);
      await player.play({ dice: 0.5 });
      await player.play({ server: { fails, sockets: "refused", isLate: false } });
      await player.play({ break: 1006 });
      while (player.waiting) await player.play({ answer: 0 });
      player.askedAt.length = 0;

      await player.play({ advance: 60 });

      expect(player.askedAt.length).toBeLessThanOrEqual(40);
    }),
    { numRuns: RUNS },
  );
});
