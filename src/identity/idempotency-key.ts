/** The syntax of a key, in a header and in a body (docs/protocol.md 3.4). */

import { type Refusal, refuse } from "../http/problem.ts";
import { type JsonPointer, writeJsonPointer } from "./json-pointer.ts";
import { type JsonNode } from "./json.ts";

/** Two UUIDs with a long prefix fit. */
export const KEY_CHARACTERS_MAX = 255;

/** A String of RFC 9651, 3.3.3: printable ASCII, with `"` and `\` escaped by `\`. */
const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

/** Visible ASCII without `"`, `,` and `\`. The platform joins two header lines by a comma, so a bare key may not contain one. */
const BARE = /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/;

/** The characters of an RFC 9651 String, so that a header can carry a key from a body too. */
const PRINTABLE = /^[\x20-\x7e]*$/;

/** Parses the value of the header `name`. Returns the key without quotes: `"k"` and `k` are the same key. */
export function parseIdempotencyKey(value: string, name = "idempotency-key"): string | Refusal {
  const header = name.replaceAll(/(?<![a-z])[a-z]/g, (letter) => letter.toUpperCase());
  if (value === "") return refuse("key_invalid", `The ${header} header is empty.`);
  const key = value.startsWith('"') ? unquote(value) : BARE.test(value) ? value : null;
  if (key === null) {
    return refuse(
      "key_invalid",
      `The ${header} header must be one quoted string (RFC 9651), or characters from ! to ~ without quotes, commas and backslashes.`,
    );
  }
  return checkedLength(key);
}

/** Parses the key in the body member at `pointer`. It is a JSON string, so quotes in it belong to the key. */
export function parseBodyKey(node: JsonNode, pointer: JsonPointer): string | Refusal {
  const where = writeJsonPointer(pointer);
  const value: unknown = typeof node === "string" ? JSON.parse(node) : null;
  if (typeof value !== "string" || !PRINTABLE.test(value)) {
    return refuse("key_invalid", `The key at ${where} in the body must be a string of printable ASCII characters.`);
  }
  return checkedLength(value);
}

/** Parses the key in a query or in a form, where quotes belong to it. `where` is for people. */
export function parsePlainKey(value: string, where: string): string | Refusal {
  if (!PRINTABLE.test(value)) return refuse("key_invalid", `${where} must consist of printable ASCII characters.`);
  return checkedLength(value);
}

/** One key of several parts, each with its length before it, so that no character moves from one part to the next. */
export function composedKey(parts: readonly string[]): string | Refusal {
  return checkedLength(parts.map((part) => `${part.length}:${part}`).join(""));
}

/** Writes the key as a header value: bare if possible, otherwise as an RFC 9651 String. */
export function writeIdempotencyKey(key: string): string {
  return BARE.test(key) ? key : `"${key.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

function checkedLength(key: string): string | Refusal {
  if (key.length >= 1 && key.length <= KEY_CHARACTERS_MAX) return key;
  return refuse(
    "key_invalid",
    `An idempotency key has 1 to ${KEY_CHARACTERS_MAX} characters; this one has ${key.length}.`,
  );
}

function unquote(value: string): string | null {
  const match = QUOTED.exec(value);
  return match?.[1]?.replaceAll(/\\(.)/g, "$1") ?? null;
}
