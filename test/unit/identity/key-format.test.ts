import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hasFormat, type KeyFormat, wordsOfFormat, writeFormat } from "../../../src/identity/key-format.ts";
import { parseKeyPattern } from "../../../src/identity/key-pattern.ts";
import { runs } from "../../support/runs.ts";

const UUIDS = {
  v4: "8e03978e-40d5-43dd-bc93-6894a57f9324",
  v7: "019ad3c2-8f2e-7a1b-9c3d-0123456789ab",
  capitals: "019AD3C2-8F2E-7A1B-9C3D-0123456789AB",
};

function lengthOf(min: number, max: number, pattern: string | null = null): KeyFormat {
  return { kind: "pattern", pattern: pattern === null ? null : parseKeyPattern(pattern), min, max };
}

describe("3.4.10 the form of a key", () => {
  test.each<[KeyFormat, readonly string[], readonly string[]]>([
    [{ kind: "any" }, ["k", "a b", UUIDS.v4], []],
    [
      { kind: "uuid" },
      Object.values(UUIDS),
      ["", `${UUIDS.v4}0`, `0${UUIDS.v4}`, UUIDS.v4.replaceAll("-", ""), `{${UUIDS.v4}}`, "g".repeat(36)],
    ],
    [
      { kind: "uuidv7" },
      [UUIDS.v7, UUIDS.capitals],
      [UUIDS.v4, UUIDS.v7.replace("-9", "-c"), `${UUIDS.v7}\n`, `0${UUIDS.v7}`],
    ],
    [lengthOf(3, 4), ["abc", "a  d"], ["ab", "abcde"]],
    [lengthOf(1, 255, "ord_[a-z0-9]{4}"), ["ord_a1b2"], ["ord_a1b", "ord_a1b2c", "xord_a1b2", "ord_A1b2"]],
    [lengthOf(3, 5, "a*"), ["aaa", "aaaaa"], ["aa", "aaaaaa", "aab"]],
  ])("%j has the keys that are of it, and no others", (format, of, notOf) => {
    expect(of.filter((key) => !hasFormat(key, format))).toEqual([]);
    expect(notOf.filter((key) => hasFormat(key, format))).toEqual([]);
  });

  test.each<[KeyFormat, unknown]>([
    [{ kind: "any" }, "any"],
    [{ kind: "uuid" }, "uuid"],
    [{ kind: "uuidv7" }, "uuidv7"],
    [lengthOf(16, 64), { pattern: null, min: 16, max: 64 }],
    [lengthOf(1, 20, "^[a-z]+$"), { pattern: "^[a-z]+$", min: 1, max: 20 }],
  ])("is written as it is configured", (format, written) => {
    expect(writeFormat(format)).toEqual(written);
  });

  test.each<[KeyFormat, string]>([
    [{ kind: "any" }, "1 to 255 characters"],
    [{ kind: "uuid" }, "a UUID"],
    [{ kind: "uuidv7" }, "a UUID of version 7"],
    [lengthOf(16, 64), "16 to 64 characters"],
    [lengthOf(1, 20, "[a-z]+"), "1 to 20 characters that match [a-z]+"],
  ])("has words for people", (format, words) => {
    expect(wordsOfFormat(format)).toBe(words);
  });
});

/** Patterns, with texts of which some match. */
const PATTERNS: readonly (readonly [string, readonly string[]])[] = [
  ["", ["", "a"]],
  ["abc", ["abc", "abcd", "ab", ""]],
  ["^abc$", ["abc", "^abc$"]],
  ["a.c", ["abc", "a c", "ac", "abbc"]],
  [String.raw`a\.c\-\\`, [String.raw`a.c-\ `.trim(), "abc-"]],
  [String.raw`\d+\w`, ["12a", "1_", "1", "a1"]],
  ["[a-c1-3_-]+", ["a", "c3_-b", "d", "", "-"]],
  ["[^a-c ]x?", ["d", "dx", "a", "ax", " "]],
  [String.raw`[\d\]\-a]*`, ["12]-a", "b", ""]],
  ["[.*+?^$(|)]+", [".*+?^$(|)", "a"]],
  ["(ord|pay)_[a-z]{2,3}", ["ord_ab", "pay_abc", "ord_a", "pay_abcd", "ordpay_ab"]],
  ["(?:a|b|)c", ["ac", "bc", "c", "abc"]],
  ["(a|b)*c+", ["c", "ababcc", "abab", "abc "]],
  ["a{0}b{2}c{1,}d{0,1}", ["bbc", "bbcccd", "abbc", "bbcdd"]],
  ["((a?)b?)*", ["", "abab", "aab", "abc"]],
  ["((a*)*)*", ["", "aaaa", "b"]],
];

describe("a pattern", () => {
  test.each(PATTERNS)("means what it means in JavaScript, for the whole text: %s", (pattern, texts) => {
    const parsed = parseKeyPattern(pattern);
    const expected = new RegExp(`^(?:${pattern})$`);
    expect(texts.map((text) => parsed?.matches(text))).toEqual(texts.map((text) => expected.test(text)));
  });

  test.each([
    ".",
    String.raw`\d`,
    String.raw`\w`,
    "[^a]",
    "[^]",
    "[]",
    "[a-a]",
    "[a-]",
    "[-a]",
    String.raw`[\d-z]`,
    String.raw`[\[-\]]`,
    String.raw`[ -\/]`,
    String.raw`[^\w]`,
    String.raw`\.`,
    String.raw`\ `,
    String.raw`\$`,
    String.raw`^\^$`,
    "$",
    "^",
    "[$]",
    "[a^]",
    "[^^]",
  ])("has the characters that it has in JavaScript, of those of a key: %s", (pattern) => {
    const parsed = parseKeyPattern(pattern);
    expect(parsed).not.toBeNull();
    const expected = new RegExp(`^(?:${pattern})$`);
    const texts = ["", ...Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index))];
    expect(texts.filter((text) => parsed?.matches(text))).toEqual(texts.filter((text) => expected.test(text)));
  });

  test("has no other characters than a key has", () => {
    for (const pattern of [".", "[^a]", "[^]", String.raw`\w`, String.raw`\d`]) {
      const texts = ["\u001f", "\u007f", "\n", "\u00e9", "\u0660"];
      expect(texts.filter((text) => parseKeyPattern(pattern)?.matches(text))).toEqual([]);
    }
  });

  test.each([
    ["a{2}", [2]],
    ["a{2,}", [2, 3, 4, 5, 6]],
    ["a{2,4}", [2, 3, 4]],
    ["a{0,2}", [0, 1, 2]],
    ["a{3,3}", [3]],
    ["a{0}", [0]],
    ["a{0,}", [0, 1, 2, 3, 4, 5, 6]],
    ["a?", [0, 1]],
    ["a+", [1, 2, 3, 4, 5, 6]],
    ["a*", [0, 1, 2, 3, 4, 5, 6]],
    ["(a{2}){2}", [4]],
    ["(a|aa){2}", [2, 3, 4]],
    ["(a{2}|a{5})?", [0, 2, 5]],
    ["()", [0]],
    ["(?:)a|", [0, 1]],
  ])("repeats: %s", (pattern, counts) => {
    const parsed = parseKeyPattern(pattern);
    expect([0, 1, 2, 3, 4, 5, 6].filter((count) => parsed?.matches("a".repeat(count)))).toEqual(counts);
  });

  test("is kept as it is written", () => {
    expect(parseKeyPattern("^a$")?.text).toBe("^a$");
  });

  test("has at most 256 characters and 1,000 states", () => {
    expect(parseKeyPattern("a".repeat(256))).not.toBeNull();
    // One for each letter, one for the choice, and the end.
    expect(parseKeyPattern("a{998}")).not.toBeNull();
    expect(parseKeyPattern("a{999}")).toBeNull();
    expect(parseKeyPattern("(a{998}|b{998}|c)")).toBeNull();
  });

  test("means what it means in JavaScript, for any text", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "c", "1", "_", "-", "d"), maxLength: 8 });
    fc.assert(
      fc.property(fc.constantFrom(...PATTERNS), text, ([pattern], key) => {
        expect(parseKeyPattern(pattern)?.matches(key)).toBe(new RegExp(`^(?:${pattern})$`).test(key));
      }),
      runs(2000),
    );
  });

  test.each([
    "(",
    ")",
    "(a",
    "a)",
    "[",
    "[a",
    "[b-a]",
    String.raw`[a-\d]`,
    "*",
    "+a",
    "a**",
    "a+?",
    "{2}",
    "a{2,1}",
    "a{1000}",
    "a{",
    "a{}",
    "a{,2}",
    "a{2",
    "a{2;3}",
    "a{2}{3}",
    "a{1,1000}",
    "(?",
    "(?:a",
    "(?!a)",
    "^^a",
    "a$$",
    "[a-z",
    "[a-",
    "[a[]",
    "[z-a]",
    String.raw`[\w-\d`,
    String.raw`[a-\w]`,
    String.raw`\é`,
    String.raw`a\d\b`,
    "}",
    "]",
    "a^b",
    "a$b",
    String.raw`\b`,
    String.raw`\1`,
    String.raw`\u0061`,
    "\\",
    "(?=a)",
    "(?<a>b)",
    "é",
    "[é]",
    "[é-z]",
    "a\n",
    "a".repeat(257),
    "(a{100}){100}",
    "((a{255}){255}){255}",
  ])("is not %j", (pattern) => {
    expect(parseKeyPattern(pattern)).toBeNull();
  });

  test.each(["(a+)+", "(a|a)*", "(a*)*b", "((a?){50}){6}a", "(.*)(.*)(.*)(.*)[^a]", "[a-z]{255}(a|aa)+"])(
    "is matched in bounded time: %s",
    (pattern) => {
      const parsed = parseKeyPattern(pattern);
      expect(parsed).not.toBeNull();
      const start = performance.now();
      for (let times = 0; times < 10; times++) parsed?.matches(`${"a".repeat(254)}!`);
      expect(performance.now() - start).toBeLessThan(10_000);
    },
  );

  test("takes no longer for many equal alternatives", () => {
    const processorMs = (pattern: string): number => {
      const parsed = parseKeyPattern(pattern);
      expect(parsed).not.toBeNull();
      const start = process.threadCpuUsage();
      parsed?.matches("a".repeat(255));
      return process.threadCpuUsage(start).user / 1000;
    };
    expect(processorMs(`(a${"|".repeat(240)}){499}`)).toBeLessThan(100 + 10 * processorMs("(a|){499}"));
  });
});
