/** The values of policy fields that have a form of their own. */

import * as v from "valibot";
import { type ProblemCode, isProblemCode } from "../http/problem-codes.ts";
import { isProbeTemplate } from "../http/probe-path.ts";
import { type FingerprintRule, resolveFingerprint } from "../identity/fingerprint.ts";
import { type JsonPointer, parseJsonPointer } from "../identity/json-pointer.ts";
import { type KeyCarrier } from "../identity/key-carrier.ts";
import {
  DAY,
  HEADER_NAME,
  MINUTE,
  SECOND,
  duration,
  either,
  headerName,
  integer,
  listOf,
  oneOf,
  parsed,
  table,
  text,
} from "./values.ts";

/** Methods that a policy may cover: those that may change something and are not safe by definition. */
export const COVERABLE_METHODS = ["POST", "PATCH", "PUT", "DELETE"] as const;

export const methods: v.GenericSchema<unknown, readonly string[]> = v.array(
  oneOf(COVERABLE_METHODS),
  "must be a list of methods",
);

/** The empty pointer is not valid: it means the whole document. */
function parseMemberPointer(written: string): JsonPointer | null {
  return written === "" ? null : parseJsonPointer(written);
}

export const memberPointer = parsed(parseMemberPointer, 'must be a JSON Pointer to a member, such as "/order_id"');

const pointers = listOf(memberPointer, 'must be a list of JSON Pointers, such as ["/order_id"]');

export const keyCarriers: v.GenericSchema<unknown, readonly KeyCarrier[]> = v.pipe(
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

export interface DeriveKey {
  /** For how long equal requests count as one. */
  readonly windowMs: number;
  /** The members of the body that make the key. Empty: the whole body. */
  readonly from: readonly JsonPointer[];
}

const DERIVE_MESSAGE = 'must be false, or a table such as { window = "5m", from = ["/order_id"] }';

export const deriveKey: v.GenericSchema<unknown, DeriveKey | null> = either(
  v.pipe(
    v.literal(false, DERIVE_MESSAGE),
    v.transform(() => null),
  ),
  v.pipe(
    table(
      {
        /** For how long equal requests count as one. On one day, two equal requests may well be two operations. */
        window: duration({ min: SECOND, max: DAY, example: 5 * MINUTE }),
        /** JSON Pointers to the members of the body that make the key. Without any, the whole body does. */
        from: v.optional(pointers, []),
      },
      DERIVE_MESSAGE,
    ),
    v.transform(({ window, from }) => ({ windowMs: window, from })),
  ),
);

const FINGERPRINT_MESSAGE = 'must be "json", "bytes", or a table such as { ignore = ["/client_sent_at"] }';

/** The pointers of the key's carriers are added when the policy is put together. */
export const fingerprint: v.GenericSchema<unknown, FingerprintRule> = either(
  v.pipe(
    v.picklist(["json", "bytes"], FINGERPRINT_MESSAGE),
    v.transform((body) => fingerprintBy(body)),
  ),
  v.pipe(
    table(
      {
        /** `json` compares JSON and forms by meaning, `bytes` compares bytes. */
        body: v.optional(oneOf(["json", "bytes"]), "json"),
        /** JSON Pointers to members that may differ between retries. */
        ignore: v.optional(pointers, []),
        /** JSON Pointers to the only members that are compared. */
        only: v.optional(v.nullable(pointers), null),
        /** Headers that are compared too. */
        headers: v.optional(listOf(headerName, "must be a list of header names"), []),
      },
      FINGERPRINT_MESSAGE,
    ),
    v.check(
      ({ body, ignore, only }) => body === "json" || (ignore.length === 0 && only === null),
      'must not have "ignore" or "only" where bytes are compared: body must be "json"',
    ),
    v.transform((settings) => resolveFingerprint(settings, [])),
  ),
);

/** The rule that compares the whole request, with no member or header treated differently. */
export function fingerprintBy(body: FingerprintRule["body"]): FingerprintRule {
  return resolveFingerprint({ body, ignore: [], only: null, headers: [] }, []);
}

const PROBE_MESSAGE = 'must be a path with one {key} in it, such as "/v1/idempotency/{key}"';

export const probe = v.pipe(v.string(PROBE_MESSAGE), v.check(isProbeTemplate, PROBE_MESSAGE));

const status = integer({ min: 400, max: 599 });

export const errorStatus = byCode(status);

export const errorCode = byCode(
  text(/^[A-Za-z0-9_.-]{1,64}$/, "must be a code of 1 to 64 letters, digits, _, . and -"),
);

/** A table by problem code (docs/protocol.md 6.4). */
function byCode<const T extends v.GenericSchema>(value: T) {
  return v.pipe(
    v.record(v.string(), value, "must be a table by problem code, such as { key_reused = 409 }"),
    v.check((codes) => Object.keys(codes).every(isProblemCode), "must have problem codes as names, such as key_reused"),
    v.transform((codes): Readonly<Partial<Record<ProblemCode, v.InferOutput<T>>>> => codes),
  );
}
