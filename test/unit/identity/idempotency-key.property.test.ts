// The same question put to another implementation of RFC 9651.

import * as fc from "fast-check";
import { parseItem, serializeItem } from "structured-headers";
import { describe, expect, test } from "vitest";

import { parseIdempotencyKey } from "../../../src/identity/idempotency-key.ts";
import { isRefusal } from "../../../src/http/problem.ts";
import { runs } from "../../support/runs.ts";

/** The key in a value that begins with a quote, by the oracle; null where 3.4 has it refused. */
function keyByOracle(value: string): string | null {
  try {
    const [bare, parameters] = parseItem(value);
    return typeof bare === "string" && parameters.size === 0 && bare.length >= 1 && bare.length <= 255 ? bare : null;
  } catch {
    // The oracle's way to say that it is not an Item.
    return null;
  }
}

function keyByGateway(value: string): string | null {
  const key = parseIdempotencyKey(value);
  return isRefusal(key) ? null : key;
}

/** Characters among which the grammar decides, and any other. */
const character = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('"', "\\", " ", "~", "a", ";", "=", ",", "\u007f", "\t", "\u0000", "é") },
  { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 1, unit: "binary" }) },
);
/** A header value can't end in a space, so neither do these. */
const afterQuote = fc.string({ unit: character, maxLength: 12 }).map((text) => text.replace(/ +$/, ""));

describe("3.4.2 quoted keys", () => {
  test("accepts exactly the Strings that another parser accepts, with the same value", () => {
    fc.assert(
      fc.property(afterQuote, (text) => {
        expect(keyByGateway(`"${text}`)).toBe(keyByOracle(`"${text}`));
      }),
      runs(200),
    );
  });

  test("accepts the same Strings where most of them are well-formed", () => {
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

  test("reads back every value that another serialiser writes", () => {
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
  test("reads every bare key as its quoted spelling is read", () => {
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
  test("refuses every two lines that hold a key each, which arrive joined by a comma", () => {
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
