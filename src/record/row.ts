/**
 * The stored form of a record: one flat row. A contract: shapes are only ever added, and every row is validated when
 * it is read, for it may be damaged or come from another version. The body of an answer is no part of it.
 *
 * Shape 1. `since_ms` is when the state began: started, became unknown, or recorded. `term_ms` is the time at which the
 * record expires; for `pending`, which has no end yet, it is the unknown term in milliseconds. `status`, `headers` (a
 * JSON array of [name, value] pairs) and `body_bytes` are set for `completed` only.
 *
 * Shape 2 is shape 1 of a record that is bound to its caller, whose digest stands in `caller`. A record that is not is
 * written in shape 1, which versions before can read.
 */

import { type AnswerHead, type HeaderPair, type KeyRecord, type UnreadableRecord, unreachable } from "./record.ts";

const SHAPE_UNBOUND = 1;
const SHAPE_BOUND = 2;

export interface RecordRow {
  readonly shape: number;
  readonly state: KeyRecord["state"];
  readonly tenant: string;
  readonly operation: string;
  readonly key: string;
  readonly rule: string;
  readonly fingerprint: string;
  readonly plain: string;
  readonly attempt: number;
  readonly attempt_id: string;
  readonly since_ms: number;
  readonly term_ms: number;
  readonly status: number | null;
  readonly headers: string | null;
  readonly body_bytes: number | null;
  readonly caller: string | null;
}

export function encodeRow(record: KeyRecord): RecordRow {
  const common = {
    shape: record.request.caller === null ? SHAPE_UNBOUND : SHAPE_BOUND,
    state: record.state,
    ...record.about,
    ...record.request,
    attempt: record.attempt.number,
    attempt_id: record.attempt.id,
    status: null,
    headers: null,
    body_bytes: null,
  };
  switch (record.state) {
    case "pending":
      return { ...common, since_ms: record.startedAtMs, term_ms: record.unknownTtlMs };
    case "unknown":
      return { ...common, since_ms: record.sinceMs, term_ms: record.expiresAtMs };
    case "tombstone":
      return { ...common, since_ms: record.recordedAtMs, term_ms: record.expiresAtMs };
    case "completed": {
      const { status, headers, bodyBytes } = record.answer;
      const answer = { status, headers: JSON.stringify(headers), body_bytes: bodyBytes };
      return { ...common, since_ms: record.recordedAtMs, term_ms: record.expiresAtMs, ...answer };
    }
    default:
      return unreachable(record);
  }
}

/** Reads a row as it was found in storage. Never throws: what does not fit is `unreadable`, and says which columns. */
export function decodeRow(row: Readonly<Record<string, unknown>>): KeyRecord | UnreadableRecord {
  const faults: string[] = [];
  const text = (column: string): string => {
    const value = row[column];
    if (typeof value === "string" && value !== "") return value;
    faults.push(column);
    return "";
  };
  const integer = (column: string): number => {
    const value = row[column];
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    faults.push(column);
    return 0;
  };

  const caller = row["shape"] === SHAPE_BOUND ? text("caller") : null;
  if (row["shape"] !== SHAPE_UNBOUND && row["shape"] !== SHAPE_BOUND) faults.push("shape");
  // Never taken for a record that anybody may have.
  if (caller === null && (row["caller"] ?? null) !== null) faults.push("caller");
  const state = text("state");
  const kept = {
    about: { tenant: text("tenant"), operation: text("operation"), key: text("key") },
    request: { rule: text("rule"), fingerprint: text("fingerprint"), plain: text("plain"), caller },
    attempt: { number: integer("attempt"), id: text("attempt_id") },
  };
  const sinceMs = integer("since_ms");
  const termMs = integer("term_ms");
  const answer = state === "completed" ? decodeAnswer(text("headers"), integer("status"), integer("body_bytes")) : null;
  if (faults.length > 0) return { state: "unreadable", why: `columns: ${faults.join(", ")}` };

  if (state === "pending") return { state, ...kept, startedAtMs: sinceMs, unknownTtlMs: termMs };
  if (state === "unknown") return { state, ...kept, sinceMs, expiresAtMs: termMs };
  const term = { recordedAtMs: sinceMs, expiresAtMs: termMs };
  if (state === "tombstone") return { state, ...kept, ...term };
  if (answer !== null) return { state: "completed", ...kept, ...term, answer };
  return { state: "unreadable", why: state === "completed" ? "columns: status, headers" : "columns: state" };
}

function decodeAnswer(headersJson: string, status: number, bodyBytes: number): AnswerHead | null {
  const headers = decodeHeaders(headersJson);
  return headers !== null && status >= 200 && status <= 599 ? { status, headers, bodyBytes } : null;
}

function decodeHeaders(json: string): HeaderPair[] | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    // Not JSON: the row is damaged, which is what null says.
    return null;
  }
  return Array.isArray(parsed) && parsed.every(isHeaderPair) ? parsed : null;
}

function isHeaderPair(value: unknown): value is HeaderPair {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && typeof value[1] === "string";
}
