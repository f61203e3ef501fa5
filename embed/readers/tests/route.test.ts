// The way of a reader's live line.
import { expect, test } from "vitest";
import { addresses } from "../../tests/fakes";
import { routed } from "../route";

const given = addresses("push.example:8081", "?e=1&s=x");

test.each([
  ["push", "http://a.example", given],
  ["10.0.0.1:99", "http://a.example", addresses("10.0.0.1:99", "?e=1&s=x")],
  ["[::1]:99", "http://a.example", addresses("[::1]:99", "?e=1&s=x")],
  ["front", "http://a.example:8080", addresses("a.example:8080")],
  ["front", "https://a.example", { ws: "wss://a.example/live/k", sse: "https://a.example/live/k" }],
])("by %s of %s", (via, base, way) => {
  expect(routed(given, via, base, "k")).toEqual(way);
});
