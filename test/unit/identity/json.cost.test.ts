// Clients choose bodies: none of at most 1 MB may take long or throw.

import { describe, expect, test } from "vitest";
import { canonicalForm } from "./canonical-form.ts";

const MEGABYTE = 1_000_000;

/** Far more than a linear parser needs on a busy machine, and far less than a quadratic one needs on a fast one. */
const MS_MAX = 15_000;

/** Repeats `part` up to a megabyte. */
function megabyteOf(part: string): string {
  return part.repeat(MEGABYTE / part.length);
}

/** A megabyte of `levels` nested arrays around many elements. */
function wideAndDeep(levels: number): string {
  return "[".repeat(levels) + megabyteOf("1,") + "1" + "]".repeat(levels);
}

function measured(text: string): string | null {
  const start = performance.now();
  const form = canonicalForm(text);
  expect(performance.now() - start).toBeLessThan(MS_MAX);
  return form;
}

describe("3.8.3 a body of a megabyte", () => {
  test.each([
    ["zeros after a one", `1${megabyteOf("0")}`, "1e1000000"],
    ["zeros before a one, in a fraction", `0.${megabyteOf("0")}1`, "1e-1000001"],
    ["zeros between ones", `1${megabyteOf("0")}1`, `1${"0".repeat(MEGABYTE)}1e0`],
    ["zeros in a fraction", `0.${megabyteOf("0")}`, "0"],
    ["backslashes", `"${megabyteOf("\\\\")}"`, `"${megabyteOf("\\\\")}"`],
    ["white space", `${megabyteOf(" \n")}1${megabyteOf("\t\r")}`, "1e0"],
  ])("is parsed quickly: %s", (_, text, form) => {
    expect(measured(text) === form).toBe(true);
  });

  test.each([
    ["escapes", `"${megabyteOf("\\u0061")}"`],
    ["members", `{${Array.from({ length: 49_000 }, (_, index) => `"the-name-of-${index}":1`).join(",")}}`],
    [
      "members in reverse order",
      `{${Array.from({ length: 49_000 }, (_, index) => `"the-name-of-${99_999 - index}":1`).join(",")}}`,
    ],
    [
      "names that share a long beginning",
      `{${Array.from({ length: 100 }, (_, index) => `"${"n".repeat(9000)}${index}":1`).join(",")}}`,
    ],
  ])("is parsed quickly with any content: %s", (_, text) => {
    expect(measured(text)).not.toBeNull();
  });

  test.each([
    ["zeros in an exponent", `1e${megabyteOf("0")}`],
    ["digits in an exponent", `1e${megabyteOf("9")}`],
    ["digits and a wrong end", `${megabyteOf("1")}x`],
    ["zeros in front", megabyteOf("0")],
    ["points", `1${megabyteOf(".1")}`],
    ["minus signs", megabyteOf("-")],
    ["an odd number of backslashes", `"${megabyteOf("\\")}\\"`],
    ["a string that does not end", `"${megabyteOf("a")}`],
    ["quotes", megabyteOf('"')],
    ["empty arrays", `[${megabyteOf("[],")}[]]`],
    ["elements at 64 levels", wideAndDeep(64)],
    ["opening brackets", megabyteOf("[")],
    ["100,000 opening brackets", "[".repeat(100_000)],
    ["100,000 closed brackets", "[".repeat(100_000) + "]".repeat(100_000)],
    ["opening braces", megabyteOf('{"a":')],
    ["duplicate members", `{${megabyteOf('"a":1,')}"a":1}`],
    ["white space only", megabyteOf(" ")],
    ["commas", `[${megabyteOf(",")}]`],
  ])("is rejected quickly: %s", (_, text) => {
    expect(measured(text)).toBeNull();
  });
});
