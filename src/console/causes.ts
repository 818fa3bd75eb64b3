/** The cause of a journal entry, as console text. */

import { type Cause, type Seen } from "../journal/journal-event.ts";

/** What arrived from the origin. */
export function arrivedText({ status, error }: Seen): string {
  if (status === null) return error ?? "no answer";
  return error === null ? `status ${status}` : `status ${status}, then ${error}`;
}

export const CAUSE_TEXTS: Readonly<Record<Cause, string>> = {
  attempt: "result of the attempt",
  timeout: "no answer within origin_timeout",
  process_died: "the process died during the attempt",
  probe: "result of a probe",
  settled: "settled by an operator",
  released: "released by an operator",
  purged: "purged by an operator",
  key_reused: "the key came with a different request",
  caller_changed: "the key came from a different caller",
};
