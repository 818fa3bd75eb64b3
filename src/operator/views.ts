/** The JSON of the operator API's answers. Values from clients and origins are JSON strings in it, never markup. */

import { type AuditLine } from "../journal/audit.ts";
import { type JournalEvent } from "../journal/journal-event.ts";
import { COUNT_KINDS, HOUR_MS, type HourlyCount } from "../journal/tallies.ts";
import { type Inspection } from "../key-object/inspection.ts";
import { type Sums, duplicatesPrevented, summed } from "./sums.ts";

export function recordView(id: string, { state, running, facts, answer }: Inspection): object {
  return {
    id,
    state,
    cause: facts?.cause ?? null,
    tenant: facts?.tenant ?? null,
    operation: facts?.operation ?? null,
    key: facts?.key ?? null,
    caller: facts?.callerDigest ?? null,
    attempt: facts?.attempt ?? null,
    attempt_id: facts?.attemptId ?? null,
    since: time(facts?.sinceMs ?? null),
    expires: time(facts?.expiresAtMs ?? null),
    running,
    answer: answer === null ? null : answerView(answer),
  };
}

function answerView({ status, headers, bodyBytes, body }: NonNullable<Inspection["answer"]>): object {
  const mediaType = headers.find(([name]) => name === "content-type")?.[1] ?? null;
  const content = body === null ? {} : { body_base64: toBase64(body) };
  return { status, headers, media_type: mediaType, body_bytes: bodyBytes, ...content };
}

export function entryView(entry: JournalEvent): object {
  const { record, hostname, caller, key, state, cause, status, error, operation, attempt, attemptId, times } = entry;
  const isOpen = state === "unknown" || state === "tombstone";
  return {
    record,
    hostname,
    caller,
    key,
    state,
    cause,
    status,
    error,
    operation,
    attempt,
    attempt_id: attemptId,
    times,
    since: time(entry.sinceMs),
    at: time(entry.atMs),
    // For a closed entry, the journal has the time when it forgets the entry, which is not a time of the record.
    expires: isOpen ? time(entry.expiresAtMs) : null,
  };
}

export function auditView({ seq, atMs, given, ...line }: AuditLine): object {
  const { hostname, record, token, operator, action, why, result, before, after } = line;
  return {
    seq,
    at: time(atMs),
    hostname,
    record,
    token,
    operator,
    action,
    given: parsed(given),
    why,
    result,
    before,
    after,
  };
}

export function countsView(counts: readonly HourlyCount[], hours: number, nowMs: number): object {
  const { byHour, byOperation, total } = summed(counts, hours, nowMs);
  return {
    hours: [...byHour].map(([hour, counted]) => numbers(counted, { hour: time(hour * HOUR_MS) })),
    operations: [...byOperation].map(([operation, counted]) => numbers(counted, { operation })),
    total: numbers(total),
    keyless: [...byOperation]
      .filter(([, counted]) => counted.keyless > 0)
      .map(([operation, counted]) => ({
        operation,
        requests: counted.keyless,
        // The other bodies passed through unread, so they are not compared.
        compared: counted.keyless_compared,
        apparent_duplicates: counted.keyless_repeated,
      })),
  };
}

/** Kinds that the `keyless` list reports instead. */
const KEYLESS_DETAILS: ReadonlySet<string> = new Set(["keyless_compared", "keyless_repeated"]);

/** `label` identifies the group that the numbers belong to. */
function numbers(counted: Sums, label: object = {}): object {
  const kinds = COUNT_KINDS.filter((kind) => !KEYLESS_DETAILS.has(kind));
  return {
    ...label,
    ...Object.fromEntries(kinds.map((kind) => [kind, counted[kind]])),
    duplicates_prevented: duplicatesPrevented(counted),
  };
}

function time(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

function parsed(json: string): unknown {
  return JSON.parse(json);
}

/** A call takes a limited number of arguments. */
const PIECE_BYTES = 32_768;

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
    text += String.fromCharCode(...bytes.subarray(at, at + PIECE_BYTES));
  }
  return btoa(text);
}
