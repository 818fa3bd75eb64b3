/**
 * The requests of operators, with a bound on each part and a message for each fault. The request half of the API's description
 * is made from these schemas (`npm run schema`), and a doc comment is the description of its field.
 */

import * as v from "valibot";
import { HEADER_NAME, integer, table } from "../config/values.ts";
import { UPLOAD_TIMEOUTS, readUpTo } from "../http/body.ts";
import { type OperatorProblem, operatorProblem } from "./problem.ts";

/** Operators write answers by hand, which are far smaller. The request is held in memory. */
export const REQUEST_BYTES_MAX = 2_000_000;

/** A sentence or two, and the number of a ticket. */
const WHY_CHARACTERS_MAX = 1000;

/** About as many as platforms accept in one request. */
const HEADERS_MAX = 100;
const HEADER_CHARACTERS_MAX = 8192;
/** Each line of the audit log has the names, and a batch writes 100 lines. */
const HEADER_NAME_CHARACTERS_MAX = 256;

/** A longer request is read up to its first fault: two megabytes could have a million of them. */
const ALL_FAULTS_CHARACTERS_MAX = 20_000;

/** In the detail of a refusal. */
const FAULTS_NAMED_MAX = 20;
const PATH_CHARACTERS_MAX = 100;

export const RECORD_ID = /^[0-9a-f]{64}$/;

export function object<const T extends v.ObjectEntries>(entries: T) {
  return table(entries, "must be an object");
}

const why = v.pipe(
  v.string("is required: the reason"),
  v.regex(/\S/, "is required: the reason"),
  v.maxLength(WHY_CHARACTERS_MAX, `must have at most ${WHY_CHARACTERS_MAX} characters`),
  v.trim(),
);

/** RFC 9110, 5.1 and 5.5. */
const headers = v.pipe(
  v.record(
    v.pipe(
      v.string(),
      v.maxLength(HEADER_NAME_CHARACTERS_MAX, `must have a name of at most ${HEADER_NAME_CHARACTERS_MAX} characters`),
      v.regex(HEADER_NAME, "must be the name of a header"),
    ),
    v.pipe(
      v.string("must be a header's value"),
      v.maxLength(HEADER_CHARACTERS_MAX, `must have at most ${HEADER_CHARACTERS_MAX} characters`),
      v.regex(/^[\t\x20-\x7e\x80-\xff]*$/, "must be a header's value"),
    ),
    "must be a table of headers",
  ),
  v.check((table) => Object.keys(table).length <= HEADERS_MAX, `must have at most ${HEADERS_MAX} headers`),
);

/** A UUID of the gateway. */
const ATTEMPT_ID_CHARACTERS_MAX = 100;

export const attemptId = v.pipe(
  v.string("must be the id of an attempt"),
  v.minLength(1, "must be the id of an attempt"),
  v.maxLength(ATTEMPT_ID_CHARACTERS_MAX, "must be the id of an attempt"),
);

const status = integer({ min: 200, max: 599 });
const base64 = v.pipe(v.string("must be base64"), v.base64("must be base64"));

export const SETTLE = v.variant(
  "outcome",
  [
    object({
      /** The request ran. */
      outcome: v.literal("final"),
      /** The status of the answer. */
      status,
      /** The headers of the answer. */
      headers: v.optional(headers, {}),
      /** The body of the answer, as text. */
      body: v.optional(v.string("must be a string")),
      /** The body of the answer in base64. */
      body_base64: v.optional(base64),
      /** Only if the record still belongs to this attempt. */
      attempt_id: v.optional(attemptId),
      /** The reason, for the audit log. */
      why,
    }),
    object({
      /** The request did not run. */
      outcome: v.literal("not-executed"),
      /** Only if the record still belongs to this attempt. */
      attempt_id: v.optional(attemptId),
      /** The reason, for the audit log. */
      why,
    }),
  ],
  'must be "final" or "not-executed"',
);

export const WHY = object({
  /** Only if the record still belongs to this attempt. */
  attempt_id: v.optional(attemptId),
  /** The reason, for the audit log. */
  why,
});

export type Reasoned = v.InferOutput<typeof WHY>;

const CERTIFICATE_MESSAGE = "must be the SHA-256 fingerprint of a certificate, in hex";

const OPERATION_MESSAGE = 'must be a method, a space and a path, such as "POST /v1/charges"';

/** Any method: a header can name the covered one. */
const operation = v.pipe(
  v.string(OPERATION_MESSAGE),
  v.regex(/^[A-Z]+ \/\S*(?: \S+)?$/, OPERATION_MESSAGE),
  v.maxLength(16_384, "must have at most 16384 characters"),
);

/** As tools print it: in upper or lower case, with or without colons. */
const certificate = v.pipe(
  v.string(CERTIFICATE_MESSAGE),
  v.regex(/^(?:[0-9A-Fa-f]{2}:?){32}$/, CERTIFICATE_MESSAGE),
  v.transform((written) => written.replaceAll(":", "").toLowerCase()),
);

const CALLER_MESSAGE = "must be the digest of a caller: 64 hexadecimal digits";

export const callerDigest = v.pipe(v.string(CALLER_MESSAGE), v.regex(/^[0-9a-f]{64}$/, CALLER_MESSAGE));

export const FIND = object({
  /** Method, space and path. Of a JSON-RPC call, a space and its method may follow, with the tool behind a colon. */
  operation,
  /** The headers that identify the caller or override the method. */
  headers: v.optional(headers, {}),
  /** The SHA-256 fingerprint of the client's certificate, in hex. */
  certificate: v.optional(certificate),
  /** The digest of the caller, as a log line or a list has it. */
  caller: v.optional(callerDigest),
  /** The key of the request. */
  key: v.pipe(v.string("must be the key"), v.minLength(1, "must be the key")),
});

export const OPERATOR_NAME = /^[\x20-\x7e]{1,100}$/;

/** The request's JSON, validated by `schema`. */
export async function readBody<const T extends v.GenericSchema>(
  request: Request,
  schema: T,
): Promise<v.InferOutput<T> | OperatorProblem> {
  const reading = await readUpTo(request.body, REQUEST_BYTES_MAX, { timeouts: UPLOAD_TIMEOUTS });
  if (reading.end === "overflowed") return operatorProblem("body_too_large");
  if (reading.end !== "whole") return operatorProblem("invalid_request");
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(reading.bytes);
    return checked(JSON.parse(text), schema, text.length > ALL_FAULTS_CHARACTERS_MAX);
  } catch {
    // Not UTF-8, or not JSON: no part of it can have a fault of its own.
    return operatorProblem("invalid_request", "The body must be JSON.");
  }
}

export function readQuery<const T extends v.GenericSchema>(url: URL, schema: T): v.InferOutput<T> | OperatorProblem {
  return checked(Object.fromEntries(url.searchParams), schema);
}

export function checked<const T extends v.GenericSchema>(
  value: unknown,
  schema: T,
  abortEarly = false,
): v.InferOutput<T> | OperatorProblem {
  const result = v.safeParse(schema, value, { abortEarly });
  if (result.success) return result.output;
  const { length } = result.issues;
  const faults = result.issues
    .slice(0, FAULTS_NAMED_MAX)
    .map((issue) => `${shortened(v.getDotPath(issue) ?? "it")} ${issue.message}`);
  const more = length > FAULTS_NAMED_MAX ? [`${length - FAULTS_NAMED_MAX} more`] : [];
  return operatorProblem("invalid_request", [...faults, ...more].join("; "));
}

/** Names in a path are the client's. */
function shortened(path: string): string {
  return path.length <= PATH_CHARACTERS_MAX ? path : `${path.slice(0, PATH_CHARACTERS_MAX)}…`;
}
