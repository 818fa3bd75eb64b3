// Compares the parser with another implementation of RFC 9651.

import * as fc from "fast-check";
import { parseItem, serializeItem } from "structured-headers";
import { describe, expect, test } from "vitest";
import { isRefusal } from "../../../src/http/problem.ts";
import { parseIdempotencyKey } from "../../../src/identity/idempotency-key.ts";
import { runs } from "../../support/runs.ts";

/** The oracle's key in a value that begins with a quote; null if 3.4 refuses it. */
function keyByOracle(value: string): string | null {
  try {
    const [bare, parameters] = parseItem(value);
    return typeof bare === "string" && parameters.size === 0 && bare.length >= 1 && bare.length <= 255 ? bare : null;
  } catch {
    // The oracle throws if the value is not an Item.
    return null;
  }
}

function keyByGateway(value: string): string | null {
  const key = parseIdempotencyKey(value);
  return isRefusal(key) ? null : key;
}

/** Characters that the grammar distinguishes, and any other. */
const character = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('"', "\\", " ", "~", "a", ";", "=", ",", "\u007f", "\t", "\u0000", "é") },
  { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 1, unit: "binary" }) },
);
/** A header value can't end in a space, so neither do these. */
const afterQuote = fc.string({ unit: character, maxLength: 12 }).map((text) => text.replace(/ +$/, ""));

describe("3.4.2 quoted keys", () => {
  test("accepts the same Strings as another parser, with the same value", () => {
    fc.assert(
      fc.property(afterQuote, (text) => {
        expect(keyByGateway(`"${text}`)).toBe(keyByOracle(`"${text}`));
      }),
      runs(200),
    );
  });

  test("accepts the same Strings if most of them are well-formed", () => {
    const escaped = fc.string({ unit: fc.constantFrom("a", " ", ",", "\\\\", '\\"'), maxLength: 270 });
    const end = fc
      .constantFrom('"', '"', '"', "", '" ', '";a', '";a=1', '",', '""', '\\"')
      .map((text) => text.trimEnd());
    fc.assert(
      fc.property(escaped, end, (text, end) => {
        expect(keyByGateway(`"${text}${end}`)).toBe(keyByOracle(`"${text}${end}`));
      }),
      runs(200),
    );
  });

  test("parses every value that another serializer writes", () => {
    const printable = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 255 });
    fc.assert(
      fc.property(printable, (key) => {
        expect(parseIdempotencyKey(serializeItem(key))).toBe(key);
      }),
      runs(200),
    );
  });
});

describe("3.4.4 one key in two spellings", () => {
  test("parses every bare key like its quoted form", () => {
    const bare = fc
      .string({ unit: "grapheme-ascii", minLength: 1, maxLength: 255 })
      .filter((key) => !/[ ",\\]/.test(key));
    fc.assert(
      fc.property(bare, (key) => {
        expect(parseIdempotencyKey(key)).toBe(key);
        expect(parseIdempotencyKey(serializeItem(key))).toBe(key);
      }),
    );
  });
});

describe("3.4.5 one line with one key", () => {
  test("refuses any two lines with one key each, which arrive joined by a comma", () => {
    const line = fc
      .string({ unit: "grapheme-ascii", minLength: 1, maxLength: 12 })
      .chain((key) => fc.constantFrom(serializeItem(key), ...(/[ ",\\]/.test(key) ? [] : [key])));
    fc.assert(
      fc.property(line, line, (first, second) => {
        const joined = new Headers([
          ["idempotency-key", first],
          ["idempotency-key", second],
        ]);
        expect(parseIdempotencyKey(joined.get("idempotency-key") ?? "")).toMatchObject({
          kind: "problem",
          code: "key_invalid",
        });
      }),
      runs(100),
    );
  });
});
