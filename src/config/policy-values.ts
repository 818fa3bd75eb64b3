/** The values of policy fields that have a form of their own. */

import * as v from "valibot";
import { mayBeEchoed } from "../http/echo.ts";
import { isProbeTemplate } from "../http/probe-path.ts";
import { type ProblemCode, isProblemCode } from "../http/problem-codes.ts";
import { type FingerprintRule, resolveFingerprint } from "../identity/fingerprint.ts";
import { outermost } from "../identity/json-pointer.ts";
import { CALL_CHARACTERS_MAX } from "../identity/json-rpc.ts";
import { pointers } from "./key-values.ts";
import { DAY, countedName, duration, either, headerName, integer, listOf, oneOf, table, text } from "./values.ts";

/** Methods that a policy may cover: those that may change something and are not safe by definition. */
export const COVERABLE_METHODS = ["POST", "PATCH", "PUT", "DELETE"] as const;

export const methods: v.GenericSchema<unknown, readonly string[]> = v.array(
  oneOf(COVERABLE_METHODS),
  "must be a list of methods",
);

const rpcMethod = text(
  new RegExp(`^[!-~]{1,${CALL_CHARACTERS_MAX}}$`),
  'must be the name of a JSON-RPC method, such as "tools/call"',
);

export const rpcMethods: v.GenericSchema<unknown, readonly string[]> = v.pipe(
  listOf(rpcMethod, 'must be a list of JSON-RPC methods, such as ["tools/call"]'),
  v.minLength(1, "must not be empty"),
);

const FINGERPRINT_MESSAGE = 'must be "json", "bytes", or a table such as { ignore = ["/client_sent_at"] }';

const ALTERNATIVES_MESSAGE = 'must be a list of lists of JSON Pointers, such as [["/query_hash", "/query"]]';

/** Were one within another, of the same list or not, a body could be compared without both. */
const firstOf = v.pipe(
  listOf(v.pipe(pointers, v.minLength(2, "must name at least two members")), ALTERNATIVES_MESSAGE),
  v.check(
    (lists) => outermost(lists.flat()).length === lists.flat().length,
    "must not name a member twice, or one within another",
  ),
);

/** The pointers of the key's carriers are added when the policy is put together. */
export const fingerprint: v.GenericSchema<unknown, FingerprintRule> = either(
  v.pipe(
    v.picklist(["json", "bytes"], FINGERPRINT_MESSAGE),
    v.transform((body) => fingerprintBy(body)),
  ),
  v.pipe(
    table(
      {
        /** `json` compares by meaning, `bytes` by bytes. */
        body: v.optional(oneOf(["json", "bytes"]), "json"),
        /** JSON Pointers to members that may differ between retries. */
        ignore: v.optional(pointers, []),
        /** Lists of JSON Pointers. Of each list, only the first member that a body has is compared. */
        first_of: v.optional(firstOf, []),
        /** JSON Pointers to the only members that are compared. */
        only: v.optional(v.nullable(pointers), null),
        /** Headers that are compared too. */
        headers: v.optional(listOf(countedName, "must be a list of header names"), []),
      },
      FINGERPRINT_MESSAGE,
    ),
    v.check(
      ({ body, ignore, first_of, only }) =>
        body === "json" || (ignore.length === 0 && first_of.length === 0 && only === null),
      'must not have "ignore", "first_of" or "only" where bytes are compared: body must be "json"',
    ),
    v.check(
      ({ first_of, only }) => first_of.length === 0 || only === null,
      'must not have both "first_of" and "only": a member could replace a compared one without being compared',
    ),
    v.transform(({ first_of, ...settings }) => resolveFingerprint({ ...settings, firstOf: first_of }, [])),
  ),
);

/** The rule that compares the whole request, with no member or header treated differently. */
export function fingerprintBy(body: FingerprintRule["body"]): FingerprintRule {
  return resolveFingerprint({ body, ignore: [], firstOf: [], only: null, headers: [] }, []);
}

const REMEMBER_MESSAGE = 'must be false, or a duration from 1d to 365d, such as "30d" (ms, s, m, h, d)';

/** In milliseconds. Off, it is 0: then a record ends with its term. */
export const remember: v.GenericSchema<unknown, number> = v.union(
  [
    v.pipe(
      v.literal(false),
      v.transform(() => 0),
    ),
    duration({ min: DAY, max: 365 * DAY, example: 30 * DAY }),
  ],
  REMEMBER_MESSAGE,
);

const PROBE_MESSAGE = 'must be a path with one {key} in it, such as "/v1/idempotency/{key}"';

export const probe = v.pipe(v.string(PROBE_MESSAGE), v.check(isProbeTemplate, PROBE_MESSAGE));

const status = integer({ min: 400, max: 599 });

export const echoedHeaders: v.GenericSchema<unknown, readonly string[]> = listOf(
  v.pipe(
    headerName,
    v.check(mayBeEchoed, "must not be a header that describes the answer, grants something or holds a credential"),
  ),
  'must be a list of header names, such as ["Request-Id"]',
);

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
