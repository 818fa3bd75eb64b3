import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CSV } from "../../../src/operator/export-formats.ts";
import { runs } from "../../support/runs.ts";

/** The line of an entry with this key, without the other columns. */
function keyIn(key: string): string {
  const line = CSV.line({ key });
  expect(line).toMatch(/^,,,,[^]*,,,,,,,,,,\r\n$/);
  return line.slice(",,,,".length, -",,,,,,,,,,\r\n".length);
}

describe("O5.6 a value in a CSV file", () => {
  test.each([
    ["plain", "plain"],
    ["order-1", "order-1"],
    ["a=b", "a=b"],
    ["=1", "'=1"],
    ["x;=cmd|'/c calc'!A1", `"x;'=cmd|'/c calc'!A1"`],
    ["x\t+1", `"x\t'+1"`],
    ["x|-1", `"x|'-1"`],
    ["x,@SUM(1)", `"x,'@SUM(1)"`],
    ["x\n=1", `"x\n'=1"`],
    ['x;"=1"', `"x;""'=1"""`],
    ["x; \u00a0\u200b=1", `"x; \u00a0\u200b'=1"`],
    ["\uff1d1", "'\uff1d1"],
    ["x;\uff0b1", `"x;'\uff0b1"`],
    ["\uff0d1", "'\uff0d1"],
    ["\uff20SUM(1)", "'\uff20SUM(1)"],
    ["\ufe661", "'\ufe661"],
    ["\u22121", "'\u22121"],
  ])("is inert, and quoted where it has a separator: %j", (key, written) => {
    expect(keyIn(key)).toBe(written);
  });

  test("begins no cell with a formula sign, whichever separator a spreadsheet splits at", () => {
    const characters = fc.constantFrom(
      ...Array.from(",;\t|\r\n\v\f\u0085\u2028 \"'=+-@\uff1d\uff0b\uff0d\uff20\u2212\u200b\ufeff:ab1"),
    );
    const text = fc.string({ unit: characters, maxLength: 12 });
    const entry = fc.record({ key: text, hostname: text, operation: text, error: text });
    fc.assert(
      fc.property(entry, (values) => {
        const line = CSV.line(values);
        for (const separator of [",", ";", "\t", "|", " ", /[\r\n]+/]) {
          for (const cell of line.split(separator)) {
            // What spreadsheets may drop before a value.
            expect(cell.replace(/^["\s\p{Cc}\p{Cf}]+/u, "")).not.toMatch(/^[=+\-@\uff1d\uff0b\uff0d\uff20\u2212]/);
          }
        }
      }),
      runs(1000),
    );
  });

  test("is read as what it was by a parser of RFC 4180, but for the marks", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 12 }), (key) => {
        const written = keyIn(key);
        const read = written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written;
        expect(read.replaceAll("'", "")).toBe(key.replaceAll("'", ""));
      }),
      runs(300),
    );
  });
});
