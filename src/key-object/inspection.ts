/** What an operator sees of a record: plain values that cross RPC. */

import { readUpTo } from "../http/body.ts";
import { type KeptRecord } from "./kept-record.ts";
import { type Busy } from "../record/operate.ts";
import { type CompletedRecord, type KeyRecord } from "../record/record.ts";

export interface Inspection {
  /** `none`: there is no record, or it is another tenant's. */
  readonly state: KeyRecord["state"] | "unreadable" | "none";
  readonly busy: Busy;
  /** Null where there is nothing to read. */
  readonly facts: Facts | null;
  readonly answer: InspectedAnswer | null;
}

interface Facts {
  readonly tenant: string;
  readonly operation: string;
  readonly key: string;
  readonly attempt: number;
  /** When the state began. */
  readonly sinceMs: number;
  /** When the record's term is over; a running attempt's has no end yet. */
  readonly expiresAtMs: number | null;
}

interface InspectedAnswer {
  readonly status: number;
  readonly headers: readonly (readonly string[])[];
  readonly bodyBytes: number;
  /** Null where it was not asked for, is larger than was asked for, or is not there as a whole. */
  readonly body: Uint8Array | null;
}

export async function inspect(
  kept: KeptRecord,
  busy: Busy,
  tenant: string,
  bodyBytesMax: number | null,
  nowMs: number,
): Promise<Inspection> {
  const owner = kept.tenant;
  if (owner !== null && owner !== tenant) return { state: "none", busy: null, facts: null, answer: null };
  const record = busy === null ? kept.loadResting(nowMs) : kept.load();
  if (record === null || record.state === "unreadable") {
    return { state: record?.state ?? "none", busy, facts: null, answer: null };
  }
  const facts = factsOf(record);
  if (record.state !== "completed") return { state: record.state, busy, facts, answer: null };
  const { status, headers, bodyBytes } = record.answer;
  const body = bodyBytesMax === null || bodyBytes > bodyBytesMax ? null : await wholeBody(kept, record);
  return { state: record.state, busy, facts, answer: { status, headers, bodyBytes, body } };
}

function factsOf(record: KeyRecord): Facts {
  const facts = { ...record.about, attempt: record.attempt.number };
  switch (record.state) {
    case "pending":
      return { ...facts, sinceMs: record.startedAtMs, expiresAtMs: null };
    case "unknown":
      return { ...facts, sinceMs: record.sinceMs, expiresAtMs: record.expiresAtMs };
    case "completed":
    case "tombstone":
      return { ...facts, sinceMs: record.recordedAtMs, expiresAtMs: record.expiresAtMs };
  }
}

async function wholeBody(kept: KeptRecord, record: CompletedRecord): Promise<Uint8Array | null> {
  const body = kept.body(record);
  if (!(body instanceof ReadableStream)) return body;
  const { bodyBytes } = record.answer;
  const reading = await readUpTo(body, bodyBytes, bodyBytes);
  return reading.end === "whole" ? reading.bytes : null;
}
