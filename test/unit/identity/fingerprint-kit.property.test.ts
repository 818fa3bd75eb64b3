import * as fc from "fast-check";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import { type JsonPointer, outermost } from "../../../src/identity/json-pointer.ts";
import { RUN_FACTOR, runs } from "../../support/runs.ts";
import { areEqual } from "./exact-json.ts";
import { choices, isDecimal, type JsonValue, jsonValues, spell } from "./json-spelling.ts";
import { identityOf } from "./requests.ts";

/** More than generating the values takes on a busy machine. */
const TIMEOUT_MS = 60_000 * RUN_FACTOR;

const token = fc.constantFrom("a", "b", "0", "1");
const scalar = fc.constantFrom({ negative: false, digits: "1", power: 0 }, { negative: false, digits: "2", power: 0 });
const pointer = fc.array(token, { minLength: 1, maxLength: 3 });
const pointers = fc.array(pointer, { maxLength: 3 });
const document = jsonValues(token, scalar);

/** A document, and a copy of it with some values changed. */
const two = fc.oneof(
  fc.tuple(document, document),
  fc
    .tuple(document, fc.array(fc.tuple(pointer, document), { maxLength: 3 }))
    .map(([value, edits]) => [value, edits.reduce((before, [at, to]) => put(before, at, to), value)] as const),
);

function put(value: JsonValue, [name, ...rest]: JsonPointer, to: JsonValue): JsonValue {
  if (name === undefined) return to;
  if (isMembers(value)) {
    const child = value.get(name) ?? null;
    return new Map([...value, [name, put(child, rest, to)]]);
  }
  if (!isElements(value)) return value;
  return value.map((child, index) => (String(index) === name ? put(child, rest, to) : child));
}

function isMembers(value: JsonValue): value is ReadonlyMap<string, JsonValue> {
  return value instanceof Map;
}

function isElements(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Replaces an ignored element. */
const HOLE = undefined as unknown as JsonValue;

/** `value` without the values at `ignored`. */
function without(value: JsonValue, ignored: readonly JsonPointer[]): JsonValue {
  const below = (name: string): JsonPointer[] => ignored.filter(([first]) => first === name).map(([, ...rest]) => rest);
  const isIgnored = (name: string): boolean => below(name).some((rest) => rest.length === 0);
  if (isMembers(value)) {
    const seen = [...value].filter(([name]) => !isIgnored(name));
    return new Map(seen.map(([name, child]) => [name, without(child, below(name))]));
  }
  if (!isElements(value)) return value;
  return value.map((child, index) => (isIgnored(String(index)) ? HOLE : without(child, below(String(index)))));
}

function get(value: JsonValue | undefined, [name, ...rest]: JsonPointer): JsonValue | undefined {
  if (name === undefined) return value;
  if (typeof value !== "object" || value === null || isDecimal(value)) return undefined;
  return get(isMembers(value) ? value.get(name) : Object.entries(value).find(([index]) => index === name)?.[1], rest);
}

interface Rule {
  readonly ignore: readonly JsonPointer[];
  readonly only: readonly JsonPointer[] | null;
  readonly firstOf?: readonly (readonly JsonPointer[])[];
}

/** Lists as a configuration may have them: no member is within another. */
const lists = fc
  .array(pointer, { minLength: 2, maxLength: 5 })
  .map(outermost)
  .map((members) => [members.slice(0, 2), members.slice(2)]);

/** The members that a document has twice, by `firstOf`. */
function repeated(value: JsonValue, { firstOf = [], ignore }: Rule): readonly JsonPointer[] {
  const seen = without(value, ignore);
  const isThere = (at: JsonPointer): boolean => (get(seen, at) ?? null) !== null;
  return firstOf.flatMap((list) => (list.some(isThere) ? list.slice(list.findIndex(isThere) + 1) : []));
}

/** Whether two documents are the same by a second implementation of the rule, from the values that they are spelled from. */
function same(one: JsonValue, other: JsonValue, rule: Rule): boolean {
  const { ignore, only } = rule;
  const [a, b] = [one, other].map((value) => without(value, [...ignore, ...repeated(value, rule)]));
  if (a === undefined || b === undefined) throw new Error("there are two documents");
  const [selectedA, selectedB] = [a, b].map((seen) => (only ?? []).map((at) => get(seen, at)));
  const isNothing = (all: readonly unknown[] | undefined): boolean =>
    all?.every((value) => value === undefined) ?? true;
  if (isNothing(selectedA) && isNothing(selectedB)) return areEqual(a, b);
  return isDeepStrictEqual(selectedA, selectedB);
}

async function check(rules: fc.Arbitrary<Rule>): Promise<void> {
  let merged = 0;
  await fc.assert(
    fc.asyncProperty(two, rules, choices, async ([one, other], rule, choose) => {
      const [a, b] = await Promise.all([
        identityOf({ body: spell(one, choose) }, rule),
        identityOf({ body: spell(other, choose) }, rule),
      ]);
      const expected = same(one, other, rule);
      if (expected && !areEqual(one, other)) merged++;
      expect(a.fingerprint === b.fingerprint).toBe(expected);
    }),
    runs(1000),
  );
  // Otherwise the test would say little.
  expect(merged).toBeGreaterThan(2);
}

describe("3.8.5, 3.8.6, 3.8.18 two documents", { timeout: TIMEOUT_MS }, () => {
  test("are the same if and only if they are equal except for ignored members", async () => {
    await check(fc.record({ ignore: pointers, only: fc.constant(null) }));
  });

  test("are the same if and only if they are equal except for members that repeat another", async () => {
    const ignore = fc.oneof(fc.constant([]), pointers);
    await check(fc.record({ ignore, only: fc.constant(null), firstOf: lists }));
  });

  test("are the same if and only if the members in `only` are equal", async () => {
    await check(fc.record({ ignore: fc.constant([]), only: pointers }));
  });

  test("are the same if and only if the members in `only` are equal except for ignored ones", async () => {
    await check(fc.record({ ignore: pointers, only: pointers }));
  });
});
