// What is remembered of whom a reader has muted.
import { describe, expect, it } from "vitest";
import { toggled } from "../src/mute";

const key = (number: number) => String(number).padStart(12, "a");

describe("muted authors", () => {
  it("are remembered by their keys, the newest last", () => {
    expect(toggled("", key(1))).toBe(key(1));
    expect(toggled(key(1), key(2))).toBe(`${key(1)},${key(2)}`);
  });

  it("are heard again one by one", () => {
    const all = [1, 2, 3].map(key).reduce(toggled, "");

    expect(toggled(all, key(2))).toBe(`${key(1)},${key(3)}`);
    expect(toggled(key(1), key(1))).toBe("");
  });

  it("are at most 500, of whom the oldest go first", () => {
    const all = Array.from({ length: 502 }, (_, number) => key(number)).reduce(toggled, "");

    expect(all.split(",")).toEqual(Array.from({ length: 500 }, (_, number) => key(number + 2)));
  });
});
