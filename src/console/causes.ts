/** The state and the cause of a journal entry, as console text. */

import { type Cause, type JournalState, type Seen } from "../journal/journal-event.ts";

/** What arrived from the origin. */
export function arrivedText({ status, error }: Seen): string {
  if (status === null) return error ?? "no answer seen";
  return error === null ? `status ${status}` : `status ${status}, then ${error}`;
}

export const CAUSE_TEXTS: Readonly<Record<Cause, string>> = {
  attempt: "the attempt ended",
  timeout: "no answer within origin_timeout",
  process_died: "the process died during the attempt",
  probe: "the origin was asked",
  settled: "settled by an operator",
  released: "released by an operator",
  purged: "purged by an operator",
  key_reused: "the key came with a different request",
  caller_changed: "the key came from a different caller",
};

export const STATE_TEXTS: Readonly<Record<JournalState, string>> = {
  unknown: "unknown: it may have run",
  tombstone: "tombstone: it ran, no answer kept",
  mismatch: "mismatch: requests were refused",
  completed: "completed, after it was unknown",
  none: "none: the key is free again",
};
