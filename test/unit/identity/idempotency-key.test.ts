import { describe, expect, test } from "vitest";
import { parseIdempotencyKey } from "../../../src/identity/idempotency-key.ts";

const FORM =
  "The Idempotency-Key header must be one quoted string (RFC 9651), or characters from ! to ~ without quotes, commas and backslashes.";

describe("3.4 key, bare", () => {
  test.each([
    ["one character", "k"],
    ["a UUID", "8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ["a UUID in capitals", "8E03978E-40D5-43DD-BC93-6894A57F9324"],
    ["a ULID", "01ARZ3NDEKTSV4RRFFQ69G5FAV"],
    ["base64", "q83vEjRWeJq83/A+7w=="],
    ["slashes and colons", "orders/2026/11:17:charge"],
    ["semicolons, which begin no parameters here", "a;b=c"],
    ["a quote-like mark at the end of the range", "!#$%&'()*+-./:;<=>?@[]^_`{|}~"],
    ["brackets and braces", "{order}[1]"],
    ["what begins like another RFC 9651 type", ":cHJldGVuZA==:"],
  ])("accepts %s", (_, value) => {
    expect(parseIdempotencyKey(value)).toBe(value);
  });

  test.each([
    ["a space inside", "a b"],
    ["a tab inside", "a\tb"],
    ["a quote inside", 'a"b'],
    ["a quote at the end", 'a"'],
    ["a backslash", "a\\b"],
    ["a comma", "a,b"],
    ["only a comma", ","],
    ["a line feed", "a\nb"],
    ["a line feed at the end", "a\n"],
    ["NUL", "a\u0000b"],
    ["DEL", "a\u007fb"],
    ["a letter beyond ASCII", "schlüssel"],
    ["a character beyond the BMP", "🔑"],
    ["only a space", " "],
  ])("refuses %s", (_, value) => {
    expect(parseIdempotencyKey(value)).toEqual({ kind: "problem", code: "key_invalid", detail: FORM });
  });
});

describe("3.4 key, quoted", () => {
  test.each([
    ["a UUID", '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ["a comma and a space", '"a, b"', "a, b"],
    ["a space alone", '" "', " "],
    ["an escaped quote", String.raw`"a\"b"`, 'a"b'],
    ["an escaped backslash", String.raw`"a\\b"`, "a\\b"],
    ["an escaped backslash at the end", String.raw`"a\\"`, "a\\"],
    ["only escapes", String.raw`"\\\"\\"`, '\\"\\'],
    ["an escaped backslash before an escaped quote", String.raw`"\\\""`, '\\"'],
    ["what looks like parameters inside", '"k;a=1"', "k;a=1"],
  ])("unquotes %s", (_, value, key) => {
    expect(parseIdempotencyKey(value)).toBe(key);
  });

  test.each([
    ["a string that does not end", '"abc'],
    ["only a quote", '"'],
    ["an escaped end", String.raw`"abc\"`],
    ["an escape of another character", String.raw`"a\nb"`],
    ["a quote inside", '"a"b"'],
    ["a parameter", '"abc";a=1'],
    ["a parameter without a value", '"abc";a'],
    ["an empty parameter", '"abc";'],
    ["white space before the end", '"abc" '],
    ["a second string", '"a" "b"'],
    ["a control character", '"a\u0001b"'],
    ["a line feed", '"a\nb"'],
    ["a tab", '"a\tb"'],
    ["DEL", '"a\u007fb"'],
    ["a letter beyond ASCII", '"schlüssel"'],
    ["single quotes that close double ones", "\"abc'"],
  ])("refuses %s", (_, value) => {
    expect(parseIdempotencyKey(value)).toEqual({ kind: "problem", code: "key_invalid", detail: FORM });
  });
});

describe("3.4.4 one key in two spellings", () => {
  test.each(["k", "8e03978e-40d5-43dd-bc93-6894a57f9324", "q83vEjRWeJq83/A+7w==", "a/b:c;d=e"])(
    "parses %s the same quoted and bare",
    (key) => {
      expect(parseIdempotencyKey(`"${key}"`)).toBe(key);
      expect(parseIdempotencyKey(key)).toBe(key);
    },
  );

  test("does not treat single quotes as quotes", () => {
    expect(parseIdempotencyKey("'k'")).toBe("'k'");
  });
});

describe("3.4.3 length", () => {
  test("accepts 255 characters, bare and quoted", () => {
    expect(parseIdempotencyKey("k".repeat(255))).toBe("k".repeat(255));
    expect(parseIdempotencyKey(`"${"k".repeat(255)}"`)).toBe("k".repeat(255));
  });

  test("refuses 256 characters, bare and quoted, and reports the length", () => {
    const refusal = {
      kind: "problem",
      code: "key_invalid",
      detail: "An idempotency key has 1 to 255 characters; this one has 256.",
    };
    expect(parseIdempotencyKey("k".repeat(256))).toEqual(refusal);
    expect(parseIdempotencyKey(`"${"k".repeat(256)}"`)).toEqual(refusal);
  });

  test("counts an escaped character once", () => {
    expect(parseIdempotencyKey(`"${String.raw`\"`.repeat(255)}"`)).toBe('"'.repeat(255));
    expect(parseIdempotencyKey(`"${String.raw`\\`.repeat(256)}"`)).toMatchObject({
      kind: "problem",
      code: "key_invalid",
    });
  });

  test("refuses an empty quoted string", () => {
    expect(parseIdempotencyKey('""')).toEqual({
      kind: "problem",
      code: "key_invalid",
      detail: "An idempotency key has 1 to 255 characters; this one has 0.",
    });
  });

  test.each([
    ["bare", "k".repeat(1_000_000)],
    ["quoted", `"${"k".repeat(1_000_000)}"`],
    ["of escapes", `"${String.raw`\\`.repeat(500_000)}"`],
    ["quoted and not closed", `"${"k".repeat(1_000_000)}`],
  ])("refuses a megabyte in linear time: %s", (_, value) => {
    const start = performance.now();
    expect(parseIdempotencyKey(value)).toMatchObject({ kind: "problem", code: "key_invalid" });
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});

describe("3.4.5 one line with one key", () => {
  test("refuses an empty header instead of treating it as absent", () => {
    expect(parseIdempotencyKey("")).toEqual({
      kind: "problem",
      code: "key_invalid",
      detail: "The Idempotency-Key header is empty.",
    });
  });

  test.each([
    ["bare", ["a", "b"]],
    ["quoted", ['"a"', '"b"']],
    ["equal", ["a", "a"]],
    ["bare and quoted", ["a", '"b"']],
    ["quoted and bare", ['"a"', "b"]],
    ["empty first", ["", "a"]],
    ["empty last", ["a", ""]],
  ])("refuses two header lines, which arrive joined by a comma: %s", (_, lines) => {
    const headers = new Headers(lines.map((line): [string, string] => ["idempotency-key", line]));
    expect(parseIdempotencyKey(headers.get("idempotency-key") ?? "")).toMatchObject({
      kind: "problem",
      code: "key_invalid",
    });
  });
});
