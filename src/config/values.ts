/** The kinds of values that fields hold, as they are written. Each says what would be right where it is not. */

import * as v from "valibot";
import { type FingerprintSettings } from "../identity/fingerprint.ts";
import { type JsonPointer, parseJsonPointer } from "../identity/json-pointer.ts";
import { type KeyCarrier } from "../identity/key-carrier.ts";
import { type ProblemCode, isProblemCode } from "../http/problem-codes.ts";
import { type DeriveKey, LIMITS } from "./policy.ts";
import { isTable } from "../identity/json.ts";

const UNIT_MS = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);
const DURATION = /^([0-9]{1,12})(ms|s|m|h|d)$/;

/** `{ min, max }` in milliseconds; `said` is how the bounds are written in a configuration. */
export function duration({ min, max }: { min: number; max: number }, said: string) {
  const message = `must be a duration from ${said}, such as "90s" (ms, s, m, h, d)`;
  return v.pipe(
    v.string(message),
    v.transform((text) => {
      const [, count, unit = ""] = DURATION.exec(text) ?? [];
      return Number(count) * (UNIT_MS.get(unit) ?? Number.NaN);
    }),
    v.check((ms) => ms >= min && ms <= max, message),
  );
}

export function integer({ min, max }: { min: number; max: number }) {
  const message = `must be a whole number from ${min} to ${max}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(min, message), v.maxValue(max, message));
}

export function oneOf<const T extends readonly string[]>(options: T) {
  return v.picklist(options, `must be ${options.map((option) => `"${option}"`).join(" or ")}`);
}

export function text(pattern: RegExp, message: string) {
  return v.pipe(v.string(message), v.regex(pattern, message));
}

/** A string that `parse` can read. */
export function parsed<T>(parse: (text: string) => T | null, message: string) {
  return v.pipe(
    v.string(message),
    v.rawTransform(({ dataset, addIssue, NEVER }): T => {
      const value = parse(dataset.value);
      if (value !== null) return value;
      addIssue({ message });
      return NEVER;
    }),
  );
}

export function listOf<const T extends v.GenericSchema>(item: T, message: string) {
  const tooLong = `must not have more than ${LIMITS.listItems} items`;
  return v.pipe(v.array(item, message), v.maxLength(LIMITS.listItems, tooLong));
}

/** A table with these fields and no others. What is wrong inside is told with its own path. */
export function table<const T extends v.ObjectEntries>(entries: T, message: string) {
  return v.strictObject(entries, ({ expected, input }) => {
    if (expected === "never") return "is not a field that may stand here";
    return input === undefined ? "is required" : message;
  });
}

/** One of two spellings of a value, so that a fault is told of the one that was meant. */
export function either<const A extends v.GenericSchema, const B extends v.GenericSchema>(plain: A, tabular: B) {
  return v.lazy((input): A | B => (isTable(input) ? tabular : plain));
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

export const headerName = v.pipe(
  text(HEADER_NAME, "must be a header name"),
  v.transform((name) => name.toLowerCase()),
);

/** To a member: the whole document is none. */
function parseMemberPointer(written: string): JsonPointer | null {
  return written === "" ? null : parseJsonPointer(written);
}

const pointers = listOf(
  parsed(parseMemberPointer, 'must be a JSON Pointer to a member, such as "/order_id"'),
  'must be a list of JSON Pointers, such as ["/order_id"]',
);

export const statuses = v.array(integer({ min: 400, max: 599 }), "must be a list of status codes from 400 to 599");

export const keyCarriers = v.pipe(
  listOf(
    parsed(parseCarrier, 'must be a header name, or a JSON Pointer such as "/idempotency_key"'),
    'must be a list of header names and JSON Pointers, such as ["Idempotency-Key", "/idempotency_key"]',
  ),
  v.minLength(1, 'must not be empty; key = "off" turns keys off'),
);

function parseCarrier(written: string): KeyCarrier | null {
  if (HEADER_NAME.test(written)) return { kind: "header", name: written.toLowerCase() };
  const pointer = parseMemberPointer(written);
  return pointer === null ? null : { kind: "body", pointer };
}

const DERIVE_MESSAGE = 'must be false, or a table such as { window = "5m", from = ["/order_id"] }';

/** `false` takes back what stands for the whole entry. */
export const deriveKey = either(
  v.pipe(
    v.literal(false, DERIVE_MESSAGE),
    v.transform(() => null),
  ),
  v.pipe(
    table({ window: duration(LIMITS.deriveWindowMs, "1s to 1d"), from: v.optional(pointers, []) }, DERIVE_MESSAGE),
    v.transform(({ window, from }): DeriveKey => ({ windowMs: window, from })),
  ),
);

const FINGERPRINT_MESSAGE = 'must be "json", "bytes", or a table such as { ignore = ["/client_sent_at"] }';

export const fingerprint = either(
  v.pipe(
    v.picklist(["json", "bytes"], FINGERPRINT_MESSAGE),
    v.transform((body): FingerprintSettings => ({ body, ignore: [], only: null, headers: [] })),
  ),
  v.pipe(
    table(
      {
        body: v.optional(oneOf(["json", "bytes"]), "json"),
        ignore: v.optional(pointers, []),
        only: v.optional(v.nullable(pointers), null),
        headers: v.optional(listOf(headerName, "must be a list of header names"), []),
      },
      FINGERPRINT_MESSAGE,
    ),
    v.check(
      ({ body, ignore, only }) => body === "json" || (ignore.length === 0 && only === null),
      'can\'t have "ignore" or "only" where bytes are compared: body must be "json"',
    ),
  ),
);

/** A table by problem code (docs/protocol.md 6.4). */
export function byCode<const T extends v.GenericSchema>(value: T) {
  return v.pipe(
    v.record(v.string(), value, "must be a table by problem code, such as { key_reused = 409 }"),
    v.check(
      (codes) => Object.keys(codes).every(isProblemCode),
      "must have problem codes for names, such as key_reused",
    ),
    v.transform((codes): Partial<Record<ProblemCode, v.InferOutput<T>>> => codes),
  );
}
