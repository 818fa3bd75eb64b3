import { expect, test } from "vitest";
import { listMembers, trimBlanks } from "../../../src/http/blanks.ts";

test.each([
  [" \t a b\t ", "a b"],
  ["\u00A0a\u00A0", "\u00A0a\u00A0"],
  ["\v a", "\v a"],
  [" \t ", ""],
  ["", ""],
])("blanks and tabs around %j are optional", (written, text) => {
  expect(trimBlanks(written)).toBe(text);
});

test("a list has the members between its commas that are not empty", () => {
  expect(listMembers(" a ,,\tb, ,\u00A0,c d")).toEqual(["a", "b", "\u00A0", "c d"]);
});
