// Many readers in one process, with the embed's own engine: a JSON command a line on stdin, an answer a line on stdout.
import { createInterface } from "node:readline";
import { createProgram } from "./program";

async function main(base: string | undefined): Promise<never> {
  if (!base || !/^https?:/.test(base) || !URL.canParse(base)) {
    console.error("usage: node readers.cjs BASE_URL, as in http://127.0.0.1:8080");
    process.exit(2);
  }
  process.once("SIGTERM", () => process.exit(0));
  process.stdout.on("error", () => process.exit(1)); // nobody is left to answer
  const program = createProgram(base, { say: console.error });
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await program.answer(line))}\n`);
  }
  process.exit(0);
}

void main(process.argv[2]);
