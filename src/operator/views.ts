/** What operators are shown, as JSON. Whatever a client or an origin has sent stands in it as a string, never as markup. */

import { type AuditLine } from "./audit.ts";
import { type Inspection } from "./inspect.ts";
import { type News } from "./news.ts";
import { COUNT_KINDS, type CountKind, HOUR_MS, type HourlyCount } from "./tallies.ts";

export function recordView(id: string, { state, busy, facts, answer }: Inspection): object {
  return {
    id,
    state,
    tenant: facts?.tenant ?? null,
    operation: facts?.operation ?? null,
    key: facts?.key ?? null,
    attempt: facts?.attempt ?? null,
    since: time(facts?.sinceMs ?? null),
    expires: time(facts?.expiresAtMs ?? null),
    running: busy,
    answer: answer === null ? null : answerView(answer),
  };
}

function answerView({ status, headers, bodyBytes, body }: NonNullable<Inspection["answer"]>): object {
  const mediaType = headers.find(([name]) => name === "content-type")?.[1] ?? null;
  const shown = body === null ? {} : { body_base64: toBase64(body) };
  return { status, headers, media_type: mediaType, body_bytes: bodyBytes, ...shown };
}

export function entryView(entry: News): object {
  const { record, state, cause, operation, attempt, times, sinceMs, atMs, expiresAtMs } = entry;
  const isOpen = state === "unknown" || state === "tombstone";
  return {
    record,
    state,
    cause,
    operation,
    attempt,
    times,
    since: time(sinceMs),
    told: time(atMs),
    expires: isOpen ? time(expiresAtMs) : null,
  };
}

export function auditView({ seq, atMs, given, ...line }: AuditLine): object {
  const { record, token, operator, action, why, result, before, after } = line;
  return { seq, at: time(atMs), record, token, operator, action, given: parsed(given), why, result, before, after };
}

/** The numbers of an hour, or of an operation. */
type Sums = Record<CountKind, number>;

export function countsView(counts: readonly HourlyCount[], hours: number, nowMs: number): object {
  const last = Math.floor(nowMs / HOUR_MS);
  const byHour = new Map(Array.from({ length: hours }, (_, index) => [last - hours + 1 + index, sums()]));
  const byOperation = new Map<string, Sums>();
  const total = sums();
  for (const { hour, operation, kind, n } of counts) {
    const ofOperation = byOperation.get(operation) ?? sums();
    byOperation.set(operation, ofOperation);
    const ofHour = byHour.get(hour);
    if (ofHour !== undefined) ofHour[kind] += n;
    for (const counted of [ofOperation, total]) counted[kind] += n;
  }
  const operations = [...byOperation].map(([operation, counted]) => numbers(counted, { operation }));
  return {
    hours: [...byHour].map(([hour, counted]) => numbers(counted, { hour: time(hour * HOUR_MS) })),
    operations,
    total: numbers(total),
    keyless: [...byOperation]
      .filter(([, counted]) => counted.keyless > 0)
      .map(([operation, counted]) => ({
        operation,
        requests: counted.keyless,
        // Of the others nobody knows: their bodies passed unread.
        compared: counted.keyless_compared,
        apparent_duplicates: counted.keyless_repeated,
      })),
  };
}

function sums(): Sums {
  return {
    executed: 0,
    replayed: 0,
    joined: 0,
    released: 0,
    unknown: 0,
    refused: 0,
    keyless: 0,
    keyless_compared: 0,
    keyless_repeated: 0,
  };
}

/** A replay or a joined answer is a request that would have run again. `of` says what the numbers are of. */
function numbers(counted: Sums, of: object = {}): object {
  return {
    ...of,
    ...Object.fromEntries(COUNT_KINDS.slice(0, 7).map((kind) => [kind, counted[kind]])),
    duplicates_prevented: counted.replayed + counted.joined,
  };
}

function time(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

function parsed(json: string): unknown {
  return JSON.parse(json);
}

/** In pieces, since all bytes at once would be too many arguments. */
function toBase64(bytes: Uint8Array): string {
  const PIECE_BYTES = 32_768;
  let text = "";
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
    text += String.fromCharCode(...bytes.subarray(at, at + PIECE_BYTES));
  }
  return btoa(text);
}
