/** The form that a policy requires of keys (docs/protocol.md 3.4.10). */

import { unreachable } from "../record/record.ts";
import { KEY_CHARACTERS_MAX } from "./idempotency-key.ts";
import { type KeyPattern } from "./key-pattern.ts";

export type KeyFormat =
  | { readonly kind: "any" | "uuid" | "uuidv7" }
  | {
      readonly kind: "pattern";
      /** Null where only the length counts. */
      readonly pattern: KeyPattern | null;
      /** The bounds of the length, in characters. */
      readonly min: number;
      readonly max: number;
    };

/** RFC 9562, 4. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

export function hasFormat(key: string, format: KeyFormat): boolean {
  switch (format.kind) {
    case "any":
      return true;
    case "uuid":
      return UUID.test(key);
    case "uuidv7":
      return UUID_V7.test(key);
    case "pattern":
      return key.length >= format.min && key.length <= format.max && (format.pattern?.matches(key) ?? true);
    default:
      return unreachable(format);
  }
}

/** For people, after "a key is". */
export function wordsOfFormat(format: KeyFormat): string {
  switch (format.kind) {
    case "any":
      return `1 to ${KEY_CHARACTERS_MAX} characters`;
    case "uuid":
      return "a UUID";
    case "uuidv7":
      return "a UUID of version 7";
    case "pattern": {
      const length = `${format.min} to ${format.max} characters`;
      return format.pattern === null ? length : `${length} that match ${format.pattern.text}`;
    }
    default:
      return unreachable(format);
  }
}

/** As it is written in a configuration. */
export function writeFormat(format: KeyFormat): unknown {
  if (format.kind !== "pattern") return format.kind;
  const { pattern, min, max } = format;
  return { pattern: pattern?.text ?? null, min, max };
}
