// The program as its user starts it: one bundled file, commands on stdin, answers on stdout.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeKibitz } from "./fake_kibitz";
import { eventually } from "./waiting";

const directory = mkdtempSync(join(tmpdir(), "kibitz-readers-"));
const program = join(directory, "readers.js");
const kibitz = new FakeKibitz();

beforeAll(async () => {
  execFileSync(process.execPath, [fileURLToPath(new URL("../bundle.mjs", import.meta.url)), program]);
  await kibitz.start();
});

afterAll(async () => {
  await kibitz.stop();
  rmSync(directory, { recursive: true });
});

interface Run {
  process: ChildProcess;
  answers: { done?: string; error?: string }[];
  ended: Promise<unknown[]>;
}

function started(...parameters: string[]): Run {
  const child = spawn(process.execPath, [program, ...parameters], { stdio: ["pipe", "pipe", "pipe"] });
  let text = "";
  const run: Run = { process: child, answers: [], ended: once(child, "exit") };
  child.stdout.on("data", (part) => {
    text += part;
    run.answers = text
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  });
  return run;
}

test("answers line by line, bad ones too, and ends with its input", async () => {
  const page = { site: "chaos", page_id: "p1", url: `${kibitz.base}/p1`, via: "push" };
  const run = started(kibitz.base);

  run.process.stdin?.write(`${JSON.stringify({ do: "open", readers: [page] })}\nnonsense\n`);
  await eventually(() => expect(run.answers).toHaveLength(2));
  kibitz.post();
  run.process.stdin?.end('{"do":"collect"}\n');

  expect(await run.ended).toEqual([0, null]);
  expect(run.answers).toMatchObject([
    { done: "open", open: 1 },
    { error: expect.stringMatching(/^not JSON/) },
    { done: "collect", states: { live: 1 } },
  ]);
});

test("ends on SIGTERM, whatever it waits for", async () => {
  kibitz.push.isDeaf = true;
  const page = { site: "chaos", page_id: "p2", url: `${kibitz.base}/p2`, via: "push" };
  const run = started(kibitz.base);
  const before = kibitz.push.visits.length;
  run.process.stdin?.write(`${JSON.stringify({ do: "open", readers: [page] })}\n`);
  await eventually(() => expect(kibitz.push.visits.length).toBeGreaterThan(before));

  run.process.kill("SIGTERM");

  expect(await run.ended).toEqual([0, null]);
});

test.each([[[]], [["127.0.0.1:8080"]]])("says how it is used when started with %j", async (parameters) => {
  const run = started(...parameters);
  let complaint = "";
  run.process.stderr?.on("data", (part) => {
    complaint += part;
  });

  expect(await run.ended).toEqual([2, null]);
  expect(complaint).toMatch(/^usage: node readers.cjs BASE_URL/);
});
