/** How an entry of the journal came about, in words. */

import { type Cause } from "../journal/journal-event.ts";

export const CAUSES: Readonly<Record<Cause, string>> = {
  attempt: "by what came from the origin",
  timeout: "no answer in time",
  process_died: "the process died",
  probe: "the origin was asked",
  settled: "settled by an operator",
  released: "released by an operator",
  purged: "purged by an operator",
  key_reused: "another request under the key",
  caller_changed: "another caller with the key",
};
