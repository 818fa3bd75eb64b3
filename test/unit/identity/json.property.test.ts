import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RUN_FACTOR, runs } from "../../support/runs.ts";
import { canonicalForm } from "./canonical-form.ts";
import { areEqual, excuse, isJson } from "./exact-json.ts";
import { choices, type Decimal, type JsonValue, jsonValues, spell } from "./json-spelling.ts";

const anyDecimal: fc.Arbitrary<Decimal> = fc.record({
  negative: fc.boolean(),
  digits: fc.string({
    unit: fc.constantFrom("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
    minLength: 1,
    maxLength: 25,
  }),
  power: fc.integer({ min: -280, max: 280 }),
});
const anyString = fc.oneof(
  fc.string({ unit: "binary", maxLength: 10 }),
  fc.constantFrom("__proto__", "constructor", "toString", ""),
);

/** A small set, so that two values are often equal or nearly so, with the characters of the canonical form. */
const fewDecimals: fc.Arbitrary<Decimal> = fc.record({
  negative: fc.boolean(),
  digits: fc.constantFrom("0", "1", "10", "01", "11", "9007199254740992", "9007199254740993"),
  power: fc.integer({ min: -1, max: 1 }),
});
const fewStrings = fc.string({ unit: fc.constantFrom(...Array.from('"\\,:{}[]1e0-nA')), maxLength: 3 });

/** A value, and one of its texts. */
function spelled(values: fc.Arbitrary<JsonValue>): fc.Arbitrary<{ readonly value: JsonValue; readonly text: string }> {
  return fc.tuple(values, choices).map(([value, choose]) => ({ value, text: spell(value, choose) }));
}

/** More than generating the values takes on a busy machine. */
const TIMEOUT_MS = 60_000 * RUN_FACTOR;

describe("3.8.2 the canonical form", { timeout: TIMEOUT_MS }, () => {
  test("is the same for two texts of one value", () => {
    fc.assert(
      fc.property(jsonValues(anyString, anyDecimal), choices, choices, (value, one, other) => {
        const [form, otherForm] = [canonicalForm(spell(value, one)), canonicalForm(spell(value, other))];
        expect(form).not.toBeNull();
        expect(form).toBe(otherForm);
      }),
      runs(100),
    );
  });

  test("is the same for two values if and only if they are equal", () => {
    const few = spelled(jsonValues(fewStrings, fewDecimals));
    let equal = 0;
    fc.assert(
      fc.property(few, few, (one, other) => {
        const same = areEqual(one.value, other.value);
        if (same) equal++;
        expect(canonicalForm(one.text) === canonicalForm(other.text)).toBe(same);
      }),
      runs(1000),
    );
    // Otherwise the test would compare only different values.
    expect(equal).toBeGreaterThan(3);
  });

  test.each([
    ["numbers", fewDecimals],
    ["strings", fewStrings],
  ])("is the same for two %s if and only if they are equal", (_, values) => {
    const few = spelled(values);
    fc.assert(
      fc.property(few, few, (one, other) => {
        expect(canonicalForm(one.text) === canonicalForm(other.text)).toBe(areEqual(one.value, other.value));
      }),
      runs(200),
    );
  });

  test("is its own form", () => {
    fc.assert(
      fc.property(spelled(jsonValues(anyString, anyDecimal)), ({ text }) => {
        const form = canonicalForm(text) ?? "";
        expect(canonicalForm(form)).toBe(form);
      }),
    );
  });

  // After the first text, JSON.parse of V8 13.6 loses the member A of the second.
  test("keeps members that some engines' JSON.parse loses", () => {
    JSON.parse(String.raw`{"n":1,"\\":1,"b":1}`);
    expect(canonicalForm(String.raw`{"n":1,"\u0041":1,"\\":1}`)).toBe(String.raw`{"A":1e0,"\\":1e0,"n":1e0}`);
  });
});

describe("3.8.3 what is compared by meaning", { timeout: TIMEOUT_MS }, () => {
  const isAccepted = (text: string): boolean => isJson(text) && excuse(text) === null;

  const character = fc.constantFrom(
    ...Array.from('{}[]":,\\/0123456789.eE+- \t\n\r'),
    "\\u00",
    "\\ud83d",
    "true",
    "null",
    "\u0000",
    "\ufeff",
    "é",
    "\u2028",
  );

  test("is any text of JSON characters that JSON.parse accepts and 3.8.3 does not except", () => {
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 12 }), (text) => {
        expect(canonicalForm(text) !== null).toBe(isAccepted(text));
      }),
      runs(1000),
    );
  });

  test("is the same after a character of a JSON text is removed, added or exchanged", () => {
    const original = spelled(jsonValues(fewStrings, fewDecimals));
    const edit = fc.record({ at: fc.nat(200), removed: fc.nat(1), added: fc.oneof(character, fc.constant("")) });
    fc.assert(
      fc.property(original, fc.array(edit, { maxLength: 2 }), ({ text }, edits) => {
        const edited = edits.reduce((before, { at, removed, added }) => {
          const start = at % (before.length + 1);
          return before.slice(0, start) + added + before.slice(start + removed);
        }, text);
        expect(canonicalForm(edited) !== null).toBe(isAccepted(edited));
      }),
      runs(1000),
    );
  });

  test.each([
    ["duplicate members", '{"a":{"b":1},"a":2}'],
    ["lone surrogates", String.raw`["\ud800"]`],
    ["too deep", "[".repeat(65) + "]".repeat(65)],
    ["long exponent", "1e+000000000000001"],
  ])("has the exception: %s", (name, text) => {
    expect(excuse(text)).toBe(name);
    expect(canonicalForm(text)).toBeNull();
  });
});
