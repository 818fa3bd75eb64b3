/** JSON values, and the many texts of the same value, for property tests. */

import * as fc from "fast-check";

/** `digits` × 10^`power`. */
export interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly power: number;
}
export type JsonValue = null | boolean | string | Decimal | readonly JsonValue[] | ReadonlyMap<string, JsonValue>;

export function isDecimal(value: JsonValue): value is Decimal {
  return typeof value === "object" && value !== null && "digits" in value;
}

/** A whole number from 0 to below `count`. Each freedom in writing a JSON text is such a choice. */
export type Choose = (count: number) => number;

/** Choices that fast-check can replay, and that it shrinks to 0, the plainest text. */
export const choices: fc.Arbitrary<Choose> = fc.infiniteStream(fc.nat(999)).map((stream) => (count) => {
  const next = stream.next();
  return next.done === true ? 0 : next.value % count;
});

/** Values made of `strings` and `decimals`. Names of members are strings, too. */
export function jsonValues(strings: fc.Arbitrary<string>, decimals: fc.Arbitrary<Decimal>): fc.Arbitrary<JsonValue> {
  return fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, depthSize: "small", withCrossShrink: true },
      fc.oneof(fc.constant(null), fc.boolean(), strings, decimals),
      fc.array(tie("value"), { maxLength: 4 }),
      fc
        .uniqueArray(fc.tuple(strings, tie("value")), { maxLength: 4, selector: ([name]) => name })
        .map((members) => new Map(members)),
    ),
  })).value;
}

export function spell(value: JsonValue, choose: Choose): string {
  return space(choose) + spellBare(value, choose) + space(choose);
}

function spellBare(value: JsonValue, choose: Choose): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return spellString(value, choose);
  if (value instanceof Map) {
    const members = shuffled([...(value as ReadonlyMap<string, JsonValue>)], choose);
    const spelled = members.map(
      ([name, child]) => `${space(choose)}${spellString(name, choose)}${space(choose)}:${spell(child, choose)}`,
    );
    return `{${spelled.join(",") || space(choose)}}`;
  }
  if (isDecimal(value)) return spellDecimal(value, choose);
  return `[${(value as readonly JsonValue[]).map((child) => spell(child, choose)).join(",") || space(choose)}]`;
}

function space(choose: Choose): string {
  return ["", "", "", " ", "\n", "\t\r ", "  "][choose(7)] ?? "";
}

function shuffled<T>(items: readonly T[], choose: Choose): T[] {
  const left = [...items];
  return items.flatMap(() => left.splice(choose(left.length), 1));
}

const SHORT: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["/", "\\/"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

function spellString(text: string, choose: Choose): string {
  return `"${Array.from(text, (character) => spellCharacter(character, choose)).join("")}"`;
}

function spellCharacter(character: string, choose: Choose): string {
  const escaped = [...Array(character.length).keys()]
    .map((unit) => hexEscape(character.charCodeAt(unit), choose))
    .join("");
  const mayStand = character >= " " && character !== '"' && character !== "\\";
  const spellings = [...(mayStand ? [character, character] : []), SHORT.get(character), escaped].filter(
    (spelling) => spelling !== undefined,
  );
  return spellings[choose(spellings.length)] ?? escaped;
}

function hexEscape(unit: number, choose: Choose): string {
  const hex = unit.toString(16).padStart(4, "0");
  return `\\u${choose(2) === 0 ? hex : hex.toUpperCase()}`;
}

function spellDecimal({ negative, digits, power }: Decimal, choose: Choose): string {
  const trailing = choose(3);
  const all = digits + "0".repeat(trailing);
  const fractionLength = choose(all.length + 2);
  const padded = all.padStart(fractionLength + 1, "0");
  const integer = padded.slice(0, padded.length - fractionLength).replace(/^0+(?=\d)/, "");
  const fraction = padded.slice(padded.length - fractionLength);
  const exponent = power - trailing + fractionLength;
  return `${negative ? "-" : ""}${integer}${fractionLength > 0 ? `.${fraction}` : ""}${spellExponent(exponent, choose)}`;
}

function spellExponent(exponent: number, choose: Choose): string {
  if (exponent === 0 && choose(2) === 0) return "";
  const sign = exponent < 0 ? "-" : (["", "+", "-"][choose(exponent === 0 ? 3 : 2)] ?? "");
  return `${"eE"[choose(2)]}${sign}${"0".repeat(choose(3))}${Math.abs(exponent)}`;
}
