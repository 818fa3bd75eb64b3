/** The `Idempotency-Key` header (docs/protocol.md 3.4). */

import { type Refusal, refuse } from "./problem.ts";

/** Longer keys are refused: twice a UUID with a long prefix fits, a pasted document does not. */
const KEY_CHARACTERS_MAX = 255;

/** RFC 9651, 3.3.3: printable ASCII, in which `"` and `\` are escaped by `\`. */
const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

/** Visible ASCII without `"`, `,` and `\`: a comma would make two header lines, joined by the platform, look like one. */
const BARE = /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/;

/** Reads a header value. The key is unquoted, so that `"k"` and `k` are one key. */
export function parseIdempotencyKey(value: string): string | Refusal {
  if (value === "") return refuse("key_invalid", "The Idempotency-Key header is empty.");
  const key = value.startsWith('"') ? unquote(value) : BARE.test(value) ? value : null;
  if (key === null) {
    return refuse(
      "key_invalid",
      "The Idempotency-Key header must be one quoted string (RFC 9651), or characters from ! to ~ without quotes, commas and backslashes.",
    );
  }
  if (key.length < 1 || key.length > KEY_CHARACTERS_MAX) {
    return refuse(
      "key_invalid",
      `An idempotency key has 1 to ${KEY_CHARACTERS_MAX} characters; this one has ${key.length}.`,
    );
  }
  return key;
}

function unquote(value: string): string | null {
  const match = QUOTED.exec(value);
  return match?.[1]?.replaceAll(/\\(.)/g, "$1") ?? null;
}
