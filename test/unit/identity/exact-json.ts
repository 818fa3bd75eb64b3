/**
 * The oracle of the JSON property tests. It shares no code and no method with the gateway's parser. It
 * compares the values that texts are spelled from, with numbers as integers scaled by a power of ten. It finds what
 * 3.8.3 excepts in the tokens of a text. `JSON.parse` decides whether a text is JSON, but its members are not used: that
 * of V8 13.6 loses some with escaped names, such as `A` in `{"n":1,"\u0041":1,"\\":1}`.
 */

import { isDeepStrictEqual } from "node:util";
import { type Decimal, isDecimal, type JsonValue } from "./json-spelling.ts";

/** Beyond the exponents of generated numbers, so that every scaled number is an integer. */
const SCALE = 400;

export function areEqual(one: JsonValue, other: JsonValue): boolean {
  return isDeepStrictEqual(exact(one), exact(other));
}

class Exact {
  readonly scaled: string;

  constructor({ negative, digits, power }: Decimal) {
    // The sign is separate, since a BigInt has no negative zero.
    this.scaled = (negative ? "-" : "") + String(BigInt(digits) * 10n ** BigInt(power + SCALE));
  }
}

function exact(value: JsonValue): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (isDecimal(value)) return new Exact(value);
  if (value instanceof Map) return new Map([...value].map(([name, child]) => [name, exact(child)]));
  return (value as readonly JsonValue[]).map(exact);
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // Not JSON.
    return false;
  }
}

const TOKEN = /(?<string>"(?:[^"\\]|\\.)*")(?<colon>\s*:)?|(?<open>[[{])|(?<close>[\]}])|[eE](?<exponent>[+-]?\d+)/g;

/** The reason why 3.8.3 compares a JSON text by its bytes; null if it does not. */
export function excuse(text: string): string | null {
  const names: Set<string>[] = [];
  for (const { groups = {} } of text.matchAll(TOKEN)) {
    const { string, colon, open, close, exponent = "" } = groups;
    if (open !== undefined && names.push(new Set()) > 64) return "too deep";
    if (close !== undefined) names.pop();
    if (exponent.length > 15) return "long exponent";
    if (string === undefined) continue;
    const value = JSON.parse(string) as string;
    if (!value.isWellFormed()) return "lone surrogates";
    if (colon === undefined) continue;
    if (names.at(-1)?.has(value) === true) return "duplicate members";
    names.at(-1)?.add(value);
  }
  return null;
}
