/** What an operator sees of a record: plain values that cross RPC. */

import { readUpTo } from "../http/body.ts";
import { type Running } from "../record/decide.ts";
import {
  type CompletedRecord,
  type HeaderPair,
  type KeyRecord,
  type TombstoneCause,
  unreachable,
} from "../record/record.ts";
import { type KeptRecord } from "./kept-record.ts";
import { type Found } from "./record-store.ts";

export interface Inspection {
  /** `none`: there is no record, or it is another tenant's. */
  readonly state: KeyRecord["state"] | "unreadable" | "none";
  readonly running: Running;
  /** Null where there is nothing to read. */
  readonly facts: Facts | null;
  readonly answer: InspectedAnswer | null;
}

interface Facts {
  readonly tenant: string;
  readonly operation: string;
  readonly key: string;
  readonly callerDigest: string;
  readonly isDerived: boolean;
  readonly attempt: number;
  readonly attemptId: string;
  /** When the state began. */
  readonly sinceMs: number;
  /** The end of the record's term; null for a running attempt, which has no end yet. */
  readonly expiresAtMs: number | null;
  /** For a tombstone: why no answer is stored. */
  readonly cause: TombstoneCause["kind"] | null;
}

interface InspectedAnswer {
  readonly status: number;
  /** With {@link HIDDEN} as the value of a field that may identify or sign in a client, where the body was not asked for. */
  readonly headers: readonly (readonly string[])[];
  readonly bodyBytes: number;
  /** Null where it was not asked for, is larger than asked for, or is not stored as a whole. */
  readonly body: Uint8Array | null;
}

/** In place of a value: who reads responses is audited, and these are part of one. */
const HIDDEN = "(hidden)";

/** What describes a response, and never its client. */
const ALWAYS_SHOWN: ReadonlySet<string> = new Set([
  "cache-control",
  "content-encoding",
  "content-language",
  "content-length",
  "content-type",
  "date",
  "last-modified",
  "retry-after",
  "server",
  "vary",
]);

interface Inspected {
  readonly kept: KeptRecord;
  readonly found: Found | null;
  readonly running: Running;
  readonly tenant: string;
  readonly bodyBytesMax: number | null;
}

export async function inspect({ kept, found, running, tenant, bodyBytesMax }: Inspected): Promise<Inspection> {
  if (found === null || (found.tenant !== null && found.tenant !== tenant)) {
    return { state: "none", running: found === null ? running : null, facts: null, answer: null };
  }
  const record = running === null ? kept.current(found, null, Date.now()) : found.record;
  if (record === null || record.state === "unreadable") {
    return { state: record?.state ?? "none", running, facts: null, answer: null };
  }
  const facts = factsOf(record);
  if (record.state !== "completed") return { state: record.state, running, facts, answer: null };
  const { status, bodyBytes } = record.answer;
  const headers = bodyBytesMax === null ? record.answer.headers.map(withoutSecret) : record.answer.headers;
  const isWanted = bodyBytesMax !== null && bodyBytes <= bodyBytesMax;
  const body = isWanted ? await wholeBody(kept, record, found) : null;
  return { state: record.state, running, facts, answer: { status, headers, bodyBytes, body } };
}

function withoutSecret([name, value]: HeaderPair): HeaderPair {
  return [name, ALWAYS_SHOWN.has(name) ? value : HIDDEN];
}

function factsOf(record: KeyRecord): Facts {
  const cause = record.state === "tombstone" ? record.cause.kind : null;
  const facts = { ...record.about, attempt: record.attempt.number, attemptId: record.attempt.id, cause };
  switch (record.state) {
    case "pending":
      return { ...facts, sinceMs: record.startedAtMs, expiresAtMs: null };
    case "unknown":
      return { ...facts, sinceMs: record.sinceMs, expiresAtMs: record.expiresAtMs };
    case "completed":
    case "tombstone":
      return { ...facts, sinceMs: record.recordedAtMs, expiresAtMs: record.expiresAtMs };
    default:
      return unreachable(record);
  }
}

async function wholeBody(kept: KeptRecord, record: CompletedRecord, found: Found): Promise<Uint8Array | null> {
  const body = kept.body(record, found);
  if (!(body instanceof ReadableStream)) return body;
  const { bodyBytes } = record.answer;
  const reading = await readUpTo(body, bodyBytes);
  return reading.end === "whole" ? reading.bytes : null;
}
