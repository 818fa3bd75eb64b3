/**
 * The stored form of a record: one flat value. Every value is validated when it is read, because it may be damaged or
 * written by a newer version. The body of an answer is not part of it.
 *
 * Format 1. `since_ms` is when the state began: started, became unknown, or recorded. `term_ms` is the time at which the
 * record expires; a `pending` record has no end yet, so there it is the unknown term in milliseconds. `status`, `headers`
 * and `body_bytes` are set for `completed` only, `cause` for `tombstone` only: "too large", "erased", "expired", or "coded:" and
 * the coding. `network` is there only where the caller is not identified. `calls` is there for JSON-RPC only: the id and the progress token of each. `remember_ms` is how long the key stays used after the term. `caller` is null where the record is not bound to its caller.
 */

import {
  type AnswerHead,
  type HeaderPair,
  type KeyRecord,
  type RpcCall,
  type TombstoneCause,
  type UnreadableRecord,
  unreachable,
} from "./record.ts";

/**
 * Raise it with every change of the form: a version that doesn't know a number must not read the record as none. The newest
 * migration in wrangler.toml has its number, so that the platform refuses a rollback to such a version.
 */
export const FORMAT = 1;

/** The year 2200. A later time is damage: the platform's alarms end in 2262. */
const TIME_MS_MAX = 7_258_118_400_000;

/** Ten years. No term is that long. */
const TERM_MS_MAX = 10 * 365 * 24 * 60 * 60 * 1000;

/** RFC 9110, 5.1. */
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** No field value contains these (RFC 9110, 5.5): a response could not be made of it. */
// oxlint-disable-next-line no-control-regex -- They are what is looked for.
const NEVER_IN_VALUES = /[\0\r\n]/;

const CODED = "coded:";

/** Id and progress token. */
type StoredCall = readonly [string | null, string | null];

export interface StoredRecord {
  readonly format: typeof FORMAT;
  readonly state: KeyRecord["state"];
  readonly tenant: string;
  readonly operation: string;
  readonly key: string;
  readonly derived: boolean;
  readonly caller_digest: string;
  readonly network?: string;
  readonly rule: string;
  readonly fingerprint: string;
  readonly plain: string;
  readonly caller: string | null;
  readonly calls?: readonly StoredCall[];
  readonly attempt: number;
  readonly attempt_id: string;
  readonly since_ms: number;
  readonly term_ms: number;
  readonly remember_ms: number;
  readonly status: number | null;
  readonly headers: readonly HeaderPair[] | null;
  readonly body_bytes: number | null;
  readonly cause: string | null;
}

export function encodeRecord(record: KeyRecord): StoredRecord {
  const { tenant, operation, key, isDerived, callerDigest, network } = record.about;
  const { rule, fingerprint, plain, caller, calls } = record.request;
  const { number: attempt, id: attempt_id } = record.attempt;
  const request = {
    tenant,
    operation,
    key,
    derived: isDerived,
    caller_digest: callerDigest,
    ...(network !== undefined && { network }),
    rule,
    fingerprint,
    plain,
    caller,
    ...(calls !== undefined && { calls: calls.map(({ id, token }): StoredCall => [id, token]) }),
  };
  const facts = { ...request, attempt, attempt_id, remember_ms: record.rememberMs };
  const noAnswer = { status: null, headers: null, body_bytes: null, cause: null };
  const common = { format: FORMAT, state: record.state, ...facts, ...noAnswer } as const;
  switch (record.state) {
    case "pending":
      return { ...common, since_ms: record.startedAtMs, term_ms: record.unknownTtlMs };
    case "unknown":
      return { ...common, since_ms: record.sinceMs, term_ms: record.expiresAtMs };
    case "tombstone": {
      const { cause } = record;
      const written = cause.kind === "coded" ? CODED + cause.coding : cause.kind;
      return { ...common, since_ms: record.recordedAtMs, term_ms: record.expiresAtMs, cause: written };
    }
    case "completed": {
      const { status, headers, bodyBytes } = record.answer;
      const answer = { status, headers, body_bytes: bodyBytes };
      return { ...common, since_ms: record.recordedAtMs, term_ms: record.expiresAtMs, ...answer };
    }
    default:
      return unreachable(record);
  }
}

/** What the fields take without their text: their names, and the numbers. */
const FIXED_BYTES = 1000;

/** What each header takes beside the text of its name and value. */
const PAIR_BYTES = 32;

/** No less than the size of the stored form: the platform's serializer needs two bytes for some characters. */
export function storedBytesMax(stored: StoredRecord): number {
  let characters = 0;
  for (const value of Object.values(stored)) characters += typeof value === "string" ? value.length : 0;
  for (const [id, token] of stored.calls ?? []) characters += PAIR_BYTES + (id?.length ?? 0) + (token?.length ?? 0);
  const headers = stored.headers ?? [];
  for (const [name, value] of headers) characters += name.length + value.length;
  return FIXED_BYTES + headers.length * PAIR_BYTES + 2 * characters;
}

/** Reads a value as it was found in storage. Never throws: what does not fit is `unreadable`, with the names of its fields. */
export function decodeRecord(stored: Readonly<Record<string, unknown>>): KeyRecord | UnreadableRecord {
  if (stored["format"] !== FORMAT) return { state: "unreadable", why: "fields: format" };
  const { faults, text, integer } = fieldsOf(stored);
  const { derived } = stored;
  if (typeof derived !== "boolean") faults.push("derived");
  const state = text("state");
  const calls = decodeCalls(stored["calls"]);
  // Without them, an answer could go to another call.
  if (calls === null && stored["calls"] !== undefined) faults.push("calls");
  const facts = {
    about: {
      tenant: text("tenant"),
      operation: text("operation"),
      key: text("key"),
      isDerived: derived === true,
      callerDigest: text("caller_digest"),
      ...(stored["network"] !== undefined && { network: text("network") }),
    },
    request: {
      rule: text("rule"),
      fingerprint: text("fingerprint"),
      plain: text("plain"),
      // A caller that is missing must not be read as a record that belongs to every caller.
      caller: stored["caller"] === null ? null : text("caller"),
      ...(calls !== null && { calls }),
    },
    attempt: { number: integer("attempt"), id: text("attempt_id") },
  };
  if (facts.attempt.number === 0) faults.push("attempt");
  const rememberMs = integer("remember_ms", TERM_MS_MAX);
  const sinceMs = integer("since_ms", TIME_MS_MAX);
  const termMs = integer("term_ms", state === "pending" ? TERM_MS_MAX : TIME_MS_MAX);
  const answer =
    state === "completed" ? decodeAnswer(stored["headers"], integer("status"), integer("body_bytes")) : null;
  const cause = decodeCause(stored["cause"]);
  if (state === "tombstone" ? cause === null : stored["cause"] !== null) faults.push("cause");
  if (faults.length > 0) return { state: "unreadable", why: `fields: ${faults.join(", ")}` };

  if (state === "pending") return { state, ...facts, startedAtMs: sinceMs, unknownTtlMs: termMs, rememberMs };
  if (state === "unknown") return { state, ...facts, sinceMs, expiresAtMs: termMs, rememberMs };
  const term = { recordedAtMs: sinceMs, expiresAtMs: termMs, rememberMs };
  if (cause !== null) return { state: "tombstone", ...facts, ...term, cause };
  if (answer !== null) return { state: "completed", ...facts, ...term, answer };
  return { state: "unreadable", why: state === "completed" ? "fields: status, headers" : "fields: state" };
}

/** Reads fields one by one. The names of those that don't fit go to `faults`. */
function fieldsOf(stored: Readonly<Record<string, unknown>>) {
  const faults: string[] = [];
  const text = (field: string): string => {
    const value = stored[field];
    if (typeof value === "string" && value !== "") return value;
    faults.push(field);
    return "";
  };
  const integer = (field: string, max = Number.MAX_SAFE_INTEGER): number => {
    const value = stored[field];
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= max) return value;
    faults.push(field);
    return 0;
  };
  return { faults, text, integer };
}

function decodeCause(written: unknown): TombstoneCause | null {
  if (written === "too large" || written === "erased" || written === "expired") return { kind: written };
  if (typeof written !== "string" || !written.startsWith(CODED) || written === CODED) return null;
  return { kind: "coded", coding: written.slice(CODED.length) };
}

function decodeAnswer(headers: unknown, status: number, bodyBytes: number): AnswerHead | null {
  const isRead = Array.isArray(headers) && headers.every(isHeaderPair) && status >= 200 && status <= 599;
  return isRead ? { status, headers, bodyBytes } : null;
}

function decodeCalls(stored: unknown): RpcCall[] | null {
  if (!Array.isArray(stored)) return null;
  const calls = stored.flatMap((call: unknown): RpcCall[] => {
    const [id, token, ...more]: unknown[] = Array.isArray(call) ? call : [];
    return isNameOrNull(id) && isNameOrNull(token) && more.length === 0 ? [{ id, token }] : [];
  });
  return calls.length === stored.length ? calls : null;
}

function isNameOrNull(value: unknown): value is string | null {
  return value === null || (typeof value === "string" && value !== "");
}

function isHeaderPair(value: unknown): value is HeaderPair {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [name, content] = value;
  return (
    typeof name === "string" && FIELD_NAME.test(name) && typeof content === "string" && !NEVER_IN_VALUES.test(content)
  );
}
