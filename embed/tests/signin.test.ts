// What is typed to sign in, and what is said where it is refused.
import { expect, test } from "vitest";
import { ApiError } from "../src/api";
import { DIGITS, digitsIn } from "../src/signin/digits";
import { reasonKey } from "../src/signin/reasons";

test.each([
  ["123456", "123456"],
  ["123 456", "123456"],
  [" 12-34-56\n", "123456"],
  ["１２３４５６", "123456"],
  ["١٢٣٤٥٦", "123456"],
  ["۱۲۳۴۵۶", "123456"],
  ["Your code: 123 456.", "123456"],
  ["1234567", "123456"],
  ["12", "12"],
  ["", ""],
])("%j has the digits %j", (typed, digits) => {
  expect(digitsIn(typed)).toBe(digits);
  expect(digitsIn(typed).length).toBeLessThanOrEqual(DIGITS);
});

test.each([
  [{ field_codes: { email: ["invalid"] } }, "emailInvalid"],
  [{ field_codes: { name: ["blank"] } }, "writeFirst"],
  [{ field_codes: { name: ["unheard_of"] } }, undefined],
  [{}, undefined],
])("%j is said as %s", (problem, key) => {
  expect(reasonKey(new ApiError(400, problem))).toBe(key);
});
