// The check that is the engine's none: what a reader was handed, against what it should have been.
import { expect, test } from "vitest";
import { RunRecord, Track } from "../record";

function tracked(snapshot: number, ...seqs: number[]) {
  const record = new RunRecord();
  const track = new Track(record, "k");
  track.takeSnapshot({ epoch: "e1", seq: snapshot });
  for (const seq of seqs) track.takeEvent(seq);
  return { record, track };
}

test.each([
  ["in order", [4, 5, 6], { repeated: 0, out_of_order: 0 }],
  ["handed out again", [4, 5, 5, 6, 4], { repeated: 2, out_of_order: 0 }],
  ["that the snapshot had", [3, 4], { repeated: 1, out_of_order: 0 }],
  ["after a hole", [5, 6, 8], { repeated: 0, out_of_order: 2 }],
])("events %s", (_, seqs, counted) => {
  const { record } = tracked(3, ...seqs);

  expect(record.collect()).toMatchObject(counted);
  expect(record.collect()).toMatchObject({ repeated: 0, out_of_order: 0 });
});

test("a newer snapshot's events arrive with it, and what follows is counted from there", () => {
  const { record, track } = tracked(3, 4);

  track.takeSnapshot({ epoch: "e1", seq: 6 });
  track.takeEvent(7);

  const { arrivals, repeated, out_of_order } = record.collect();
  expect({ seqs: Object.keys(arrivals.k ?? {}), repeated, out_of_order }).toEqual({
    seqs: ["4", "5", "6", "7"],
    repeated: 0,
    out_of_order: 0,
  });
});

test("an older snapshot's events are applied once more and arrive once", () => {
  const { record, track } = tracked(3, 4, 5);

  track.takeSnapshot({ epoch: "e1", seq: 3 });
  for (const seq of [4, 5, 6]) track.takeEvent(seq);

  const { arrivals, repeated, out_of_order } = record.collect();
  expect(Object.values(arrivals.k ?? {}).map(({ length }) => length)).toEqual([1, 1, 1]);
  expect({ repeated, out_of_order }).toEqual({ repeated: 0, out_of_order: 0 });
});
