/** What operators send: bounded, and told what is wrong with it. */

import * as v from "valibot";
import { UPLOAD_TIMEOUTS, readUpTo } from "../http/body.ts";
import { duration, integer, table } from "../config/values.ts";
import { COVERABLE_METHODS } from "../config/policy.ts";
import { OPERATION_CHARACTERS_MAX } from "../journal/entries.ts";
import { JOURNAL_STATES } from "../journal/journal-event.ts";
import { operatorProblem } from "./problem.ts";
import { HOURS_MAX } from "../journal/tallies.ts";

/** An answer of more than a megabyte is nothing that somebody gives by hand, and the request is held as a whole. */
export const REQUEST_BYTES_MAX = 2_000_000;

/** A sentence or two, and the number of a ticket. */
const WHY_CHARACTERS_MAX = 1000;

/** As many as a platform lets a request have, roughly. */
const HEADERS_MAX = 100;
const HEADER_CHARACTERS_MAX = 8192;

export const PAGE_MAX = 100;

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

export const RECORD_ID = /^[0-9a-f]{64}$/;

function object<const T extends v.ObjectEntries>(entries: T) {
  return table(entries, "must be an object");
}

const why = v.pipe(
  v.string("must say why"),
  v.trim(),
  v.minLength(1, "must say why"),
  v.maxLength(WHY_CHARACTERS_MAX, `must have at most ${WHY_CHARACTERS_MAX} characters`),
);

/** RFC 9110, 5.1 and 5.5. */
const headers = v.pipe(
  v.record(
    v.pipe(v.string(), v.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "must be the name of a header")),
    v.pipe(
      v.string("must be a header's value"),
      v.maxLength(HEADER_CHARACTERS_MAX, `must have at most ${HEADER_CHARACTERS_MAX} characters`),
      v.regex(/^[\t\x20-\x7e\x80-\xff]*$/, "must be a header's value"),
    ),
    "must be a table of headers",
  ),
  v.check((table) => Object.keys(table).length <= HEADERS_MAX, `must have at most ${HEADERS_MAX} headers`),
);

const status = integer({ min: 200, max: 599 });
const base64 = v.pipe(v.string("must be base64"), v.base64("must be base64"));

export const SETTLE = v.variant(
  "outcome",
  [
    object({
      outcome: v.literal("final"),
      status,
      headers: v.optional(headers, {}),
      body: v.optional(v.string("must be a string")),
      body_base64: v.optional(base64),
      why,
    }),
    object({ outcome: v.literal("not-executed"), why }),
  ],
  'must be "final" or "not-executed"',
);

export const WHY = object({ why });

const CERTIFICATE_MESSAGE = "must be the SHA-256 fingerprint of a certificate, in hex";

const operation = v.pipe(
  v.string('must be a method, a space and a path, such as "POST /v1/charges"'),
  v.regex(
    new RegExp(`^(?:${COVERABLE_METHODS.join("|")}) /\\S*$`),
    'must be a method, a space and a path, such as "POST /v1/charges"',
  ),
  v.maxLength(16_384, "must have at most 16384 characters"),
);

/** As tools print it: in any letter case, with colons or without. */
const certificate = v.pipe(
  v.string(CERTIFICATE_MESSAGE),
  v.transform((written) => written.replaceAll(":", "").toLowerCase()),
  v.regex(/^[0-9a-f]{64}$/, CERTIFICATE_MESSAGE),
);

export const FIND = object({
  operation,
  headers: v.optional(headers, {}),
  certificate: v.optional(certificate),
  key: v.pipe(v.string("must be the key"), v.minLength(1, "must be the key")),
});

const cursor = v.optional(v.pipe(v.string(), v.maxLength(200, "must be a cursor that was given")));
const limit = v.optional(
  v.pipe(v.string(), v.regex(/^[0-9]{1,4}$/), v.transform(Number), integer({ min: 1, max: PAGE_MAX })),
  String(PAGE_MAX),
);

export const JOURNAL_QUERY = object({
  state: v.optional(v.picklist(JOURNAL_STATES, `must be one of ${JOURNAL_STATES.join(", ")}`)),
  // As long operations are kept.
  operation: v.optional(
    v.pipe(
      v.string(),
      v.transform((written) => written.slice(0, OPERATION_CHARACTERS_MAX)),
    ),
  ),
  older_than: v.optional(duration({ min: 0, max: YEAR_MS }, "0s to 365d")),
  cursor,
  limit,
});

export const AUDIT_QUERY = object({
  record: v.optional(v.pipe(v.string(), v.regex(RECORD_ID, "must be a record's id"))),
  cursor,
  limit,
});

export const COUNTS_QUERY = object({
  hours: v.optional(
    v.pipe(
      v.string(),
      v.transform((written) => (/^[0-9]{1,4}$/.test(written) ? Number(written) : Number.NaN)),
      integer({ min: 1, max: HOURS_MAX }),
    ),
    "24",
  ),
});

export const OPERATOR_NAME = /^[\x20-\x7e]{1,100}$/;

/** The request's JSON by `schema`, or what is wrong with it. */
export async function readBody<const T extends v.GenericSchema>(
  request: Request,
  schema: T,
): Promise<v.InferOutput<T> | Response> {
  const reading = await readUpTo(request.body, REQUEST_BYTES_MAX, { timeouts: UPLOAD_TIMEOUTS });
  if (reading.end === "overflowed") return operatorProblem("body_too_large");
  if (reading.end !== "whole") return operatorProblem("invalid_request");
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(reading.bytes);
    return checked(JSON.parse(text), schema);
  } catch {
    // Neither UTF-8 nor JSON: there is nothing to say of its parts.
    return operatorProblem("invalid_request", "The body must be JSON.");
  }
}

export function readQuery<const T extends v.GenericSchema>(url: URL, schema: T): v.InferOutput<T> | Response {
  return checked(Object.fromEntries(url.searchParams), schema);
}

export function checked<const T extends v.GenericSchema>(value: unknown, schema: T): v.InferOutput<T> | Response {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const faults = result.issues.map((issue) => `${v.getDotPath(issue) ?? "it"} ${issue.message}`);
  return operatorProblem("invalid_request", faults.join("; "));
}
