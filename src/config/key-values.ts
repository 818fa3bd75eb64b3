/** The values of fields that define keys. */

import * as v from "valibot";
import { KEY_CHARACTERS_MAX } from "../identity/idempotency-key.ts";
import { type JsonPointer, parseJsonPointer } from "../identity/json-pointer.ts";
import { type KeyCarrier, type KeySource } from "../identity/key-carrier.ts";
import { type KeyFormat } from "../identity/key-format.ts";
import { parseKeyPattern } from "../identity/key-pattern.ts";
import {
  DAY,
  COUNTED_NAME,
  MINUTE,
  SECOND,
  duration,
  either,
  integer,
  listOf,
  oneOf,
  parsed,
  table,
} from "./values.ts";

/** The empty pointer is not valid: it means the whole document. */
function parseMemberPointer(written: string): JsonPointer | null {
  return written === "" ? null : parseJsonPointer(written);
}

export const memberPointer = parsed(parseMemberPointer, 'must be a JSON Pointer to a member, such as "/order_id"');

export const pointers = listOf(memberPointer, 'must be a list of JSON Pointers, such as ["/order_id"]');

/** Names of parameters and fields are compared exactly, after decoding. */
const QUERY_OR_FORM = /^(query|form):(.{1,128})$/;

type ContentSource = Exclude<KeySource, { readonly kind: "header" }>;

function parseContentSource(written: string): ContentSource | null {
  const [, kind, name = ""] = QUERY_OR_FORM.exec(written) ?? [];
  if (kind === "query" || kind === "form") return { kind, name };
  const pointer = parseMemberPointer(written);
  return pointer === null ? null : { kind: "body", pointer };
}

function parseSource(written: string): KeySource | null {
  return COUNTED_NAME.test(written) ? { kind: "header", name: written.toLowerCase() } : parseContentSource(written);
}

const SOURCE_MESSAGE =
  'must be a header name (letters, digits and hyphens), a JSON Pointer such as "/idempotency_key", "query:NAME", "form:NAME", or a list of 2 to 16 of them that make one key together';

const source = parsed(parseSource, SOURCE_MESSAGE);

const composite = v.pipe(listOf(source, SOURCE_MESSAGE), v.minLength(2, "must name at least two parts of the key"));

const carrier = v.union(
  [
    v.pipe(
      source,
      v.transform((one): KeyCarrier => [one]),
    ),
    composite,
  ],
  SOURCE_MESSAGE,
);

export const keyCarriers: v.GenericSchema<unknown, readonly KeyCarrier[]> = v.pipe(
  listOf(
    carrier,
    'must be a list of where keys are, such as ["Idempotency-Key", "/idempotency_key", "query:request_id"]',
  ),
  v.minLength(1, 'must not be empty; key = "off" turns keys off'),
);

export interface DeriveKey {
  /** For how long equal requests count as one. */
  readonly windowMs: number;
  /** The values that make the key. Empty: the whole request. */
  readonly from: readonly ContentSource[];
}

const DERIVE_MESSAGE = 'must be false, or a table such as { window = "5m", from = ["/order_id"] }';

const contentSources = listOf(
  parsed(parseContentSource, 'must be a JSON Pointer such as "/order_id", "query:NAME" or "form:NAME"'),
  'must be a list of values that name an operation, such as ["/order_id", "form:order_token"]',
);

export const deriveKey: v.GenericSchema<unknown, DeriveKey | null> = either(
  v.pipe(
    v.literal(false, DERIVE_MESSAGE),
    v.transform(() => null),
  ),
  v.pipe(
    table(
      {
        /** How long equal requests count as one. Within a day, two may well be two operations. */
        window: duration({ min: SECOND, max: DAY, example: 5 * MINUTE }),
        /** What makes the key, as in `key_from` but for headers. Without any, the whole request does. */
        from: v.optional(contentSources, []),
      },
      DERIVE_MESSAGE,
    ),
    v.transform(({ window, from }) => ({ windowMs: window, from })),
  ),
);

const FORMAT_MESSAGE = 'must be "any", "uuid", "uuidv7", or a table such as { pattern = "ord_[a-z0-9]{24}" }';

const length = integer({ min: 1, max: KEY_CHARACTERS_MAX });

const PATTERN_MESSAGE =
  "must be a pattern of at most 256 characters and 1,000 states: characters, classes such as [a-z0-9] or \\d, groups, |, and the repetitions *, +, ? and {m,n}";

export const keyFormat: v.GenericSchema<unknown, KeyFormat> = either(
  v.pipe(
    oneOf(["any", "uuid", "uuidv7"]),
    v.transform((kind): KeyFormat => ({ kind })),
  ),
  v.pipe(
    table(
      {
        /** A [regular expression](protocol.md#34-key) that matches the whole key. */
        pattern: v.optional(parsed(parseKeyPattern, PATTERN_MESSAGE)),
        /** The fewest characters. */
        min: v.optional(length, 1),
        /** The most characters. */
        max: v.optional(length, KEY_CHARACTERS_MAX),
      },
      FORMAT_MESSAGE,
    ),
    v.check(({ min, max }) => min <= max, "must not have a min above its max"),
    v.transform(({ pattern = null, min, max }): KeyFormat => ({ kind: "pattern", pattern, min, max })),
  ),
);
