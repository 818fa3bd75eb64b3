/** The cause of a journal entry, as console text. */

import { type Cause } from "../journal/journal-event.ts";

export const CAUSES: Readonly<Record<Cause, string>> = {
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
