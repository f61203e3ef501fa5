/// <reference types="vite/client" />
// What the reader does, step by step; loadtest/client, its twin in Python, is held to the same files.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { histories } from "./histories";
import { ANNOUNCED, heal, Player, type Scenario, type Step } from "./scenario";

const RANDOM = "../../tests/vectors/random.json";
const RANDOM_SCENARIOS = 50;
const RANDOM_SEED = 2026;

const files = import.meta.glob<Scenario[]>("../../tests/vectors/*.json", { eager: true, import: "default" });

describe.for(Object.entries(files))("%s", ([, scenarios]) => {
  test.for(scenarios)("$name", async ({ steps }) => {
    const player = new Player();
    for (const [at, step] of steps.entries()) {
      const told = await player.play(step);

      expect({ at, step, told }).toEqual({ at, step, told: step.told ?? [] });
      if ("knows" in step) expect(player.knows()).toEqual(step.knows);
    }
  });
});

test("random.json is what this engine does; `npx vitest run tests/vectors.test.ts -u` writes it anew", async () => {
  const sampled = fc.sample(histories, { seed: RANDOM_SEED, numRuns: RANDOM_SCENARIOS });
  const played: Scenario[] = [];
  for (const [at, steps] of sampled.entries()) {
    played.push({ name: `random history ${at + 1}`, steps: await recorded(steps) });
  }

  await expect(textOf(played)).toMatchFileSnapshot(RANDOM);
});

async function recorded(steps: Step[]): Promise<Step[]> {
  const player = new Player();
  const done: Step[] = [];
  const play = async (step: Step) => {
    const told = await player.play(step);
    done.push(told.length ? { ...step, told } : step);
  };
  for (const step of steps) await play(step);
  await heal(player, play);
  for (const step of ANNOUNCED) await play(step);
  return [...done, { knows: player.knows() }];
}

/** A line a step. */
function textOf(scenarios: Scenario[]): string {
  const texts = scenarios.map(({ name, steps }) => {
    const lines = steps.map((step) => `      ${JSON.stringify(step)}`);
    return `  {\n    "name": ${JSON.stringify(name)},\n    "steps": [\n${lines.join(",\n")}\n    ]\n  }`;
  });
  return `[\n${texts.join(",\n")}\n]\n`;
}
