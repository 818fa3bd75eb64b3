/** One record of each state, for the tables of the pure core. */

import {
  type CompletedRecord,
  type PendingRecord,
  type RequestIdentity,
  type TombstoneRecord,
  type UnknownRecord,
  type UnreadableRecord,
} from "../../../src/record/record.ts";

export const SAME: RequestIdentity = { rule: "json", fingerprint: "fp-1", plain: "plain-1", caller: null };
export const OTHER: RequestIdentity = { rule: "json", fingerprint: "fp-2", plain: "plain-2", caller: null };

const kept = {
  about: { tenant: "api.test", operation: "POST /v1/charges", key: "k", isDerived: false, callerDigest: "c0ffee" },
  request: SAME,
  attempt: { number: 1, id: "attempt-1" },
  rememberMs: 0,
};

export const pending: PendingRecord = { state: "pending", ...kept, startedAtMs: 1000, unknownTtlMs: 500 };
export const unknown: UnknownRecord = { state: "unknown", ...kept, sinceMs: 1000, expiresAtMs: 2000 };
export const completed: CompletedRecord = {
  state: "completed",
  ...kept,
  recordedAtMs: 1000,
  expiresAtMs: 2000,
  answer: { status: 201, headers: [["content-type", "text/plain"]], bodyBytes: 2 },
};
export const tombstone: TombstoneRecord = {
  state: "tombstone",
  ...kept,
  recordedAtMs: 1000,
  expiresAtMs: 2000,
  cause: { kind: "too large" },
};
/** What is left of each of these after its term, where its key is remembered for 300 ms. */
export const expired: TombstoneRecord = {
  ...tombstone,
  cause: { kind: "expired" },
  recordedAtMs: 2000,
  expiresAtMs: 2300,
};
export const unreadable: UnreadableRecord = { state: "unreadable", why: "columns: state" };
