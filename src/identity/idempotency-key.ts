/** What a key may look like, in a header and in a body (docs/protocol.md 3.4). */

import { type JsonNode } from "./json.ts";
import { type JsonPointer, writeJsonPointer } from "./json-pointer.ts";
import { type Refusal, refuse } from "../http/problem.ts";

/** Longer keys are refused: twice a UUID with a long prefix fits, a pasted document does not. */
const KEY_CHARACTERS_MAX = 255;

/** RFC 9651, 3.3.3: printable ASCII, in which `"` and `\` are escaped by `\`. */
const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

/** Visible ASCII without `"`, `,` and `\`: a comma would make two header lines, joined by the platform, look like one. */
const BARE = /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/;

/** What an RFC 9651 String can hold, so that a key from a body can stand in a header too. */
const PRINTABLE = /^[\x20-\x7e]*$/;

/** Reads the value of the header `name`. The key is unquoted, so that `"k"` and `k` are one key. */
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
  return ofAllowedLength(key);
}

/** Reads a key from the member of a body at `pointer`. It is a JSON string, so nothing in it is quoted again. */
export function parseBodyKey(node: JsonNode, pointer: JsonPointer): string | Refusal {
  const where = writeJsonPointer(pointer);
  const value: unknown = typeof node === "string" && node.startsWith('"') ? JSON.parse(node) : null;
  if (typeof value !== "string" || !PRINTABLE.test(value)) {
    return refuse("key_invalid", `The key at ${where} in the body must be a string of printable ASCII characters.`);
  }
  return ofAllowedLength(value);
}

/** As a header can carry it: bare where that is possible, otherwise as an RFC 9651 String. */
export function writeIdempotencyKey(key: string): string {
  return BARE.test(key) ? key : `"${key.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

function ofAllowedLength(key: string): string | Refusal {
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
