// Random histories of a thread, delivered badly.
import fc from "fast-check";
import type { Step } from "./scenario";
import type { Change } from "./thread_on_server";

const change = fc.tuple(
  fc.constantFrom<Change[0]>("create", "create", "create", "pend", "edit", "delete", "hide", "approve", "vote", "lock"),
  fc.nat(8),
);

const tenths = (max: number) => fc.nat(max * 10).map((number) => number / 10);
const seq = fc.integer({ min: 1, max: 14 });
const oldEpoch = fc.constantFrom("e1", "e2");
const always = <T>(value: T) => fc.constant(value);

const happens = fc.array(change, { minLength: 1, maxLength: 3 }).map((changes): Step => ({ happens: changes }));
const frame = fc.tuple(fc.nat(4), fc.nat(4)).map(([a, b]): Step => ({ frame: [-Math.max(a, b), -Math.min(a, b)] }));
const advance = fc.oneof(tenths(2), tenths(2), tenths(50)).map((seconds): Step => ({ advance: seconds }));
const fails = fc.constantFrom(null, null, 0, 503);

const rare: fc.Arbitrary<Step>[] = [
  fc.tuple(seq, fc.nat(2), oldEpoch).map(([first, more, epoch]) => ({ frame: [first, first + more, epoch] })),
  always({ head: [] }),
  fc.tuple(seq, oldEpoch).map(([number, epoch]) => ({ head: [number, epoch] })),
  fc.nat(12).map((number) => ({ restore: number })),
  seq.map((number) => ({ forget: number })),
  fails.map((status) => ({ server: { fails: status } })),
  fc.boolean().map((isLate) => ({ server: { isLate } })),
  fc.nat(3).map((index) => ({ answer: index })),
  fc.nat(3).map((index) => ({ answer: index, fails: 503 })),
  fc.constantFrom(0, 0.5, 0.999).map((dice) => ({ dice })),
  fc.constantFrom(1006, 1001, 1012, 4029).map((code) => ({ break: code })),
  fc.constantFrom<"reload" | "online">("reload", "online").map((act) => ({ do: act })),
];

const manners = fc
  .record({ proxySeconds: fc.constantFrom(0, 1), page: fc.constantFrom(2, 200) })
  .map((server): Step => ({ server }));

/** The reader is connected at first; what then happens is as bad as it gets. */
export const histories: fc.Arbitrary<Step[]> = fc
  .tuple(
    manners,
    fc.array(
      fc.oneof(
        { arbitrary: happens, weight: 8 },
        { arbitrary: frame, weight: 8 },
        { arbitrary: advance, weight: 6 },
        ...rare.map((arbitrary) => ({ arbitrary, weight: 1 })),
      ),
      { maxLength: 40, size: "max" },
    ),
  )
  .map(([first, steps]) => [first, { do: "show" }, ...steps]);
