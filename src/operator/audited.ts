/** Writes to the audit log: what an operator is about to do, and what came of it. */

import { type JournalPlace } from "../config/policy.ts";
import { type Intent, type Result } from "../journal/audit.ts";
import { journalOf } from "../journal/journal-of.ts";
import { log } from "../log.ts";

export interface Audited {
  readonly journal: JournalPlace;
  readonly intent: Omit<Intent, "given">;
  /** The arguments of the action, without bodies. */
  readonly given: object;
  readonly auditTtlMs: number;
}

/** The number of the audit line; null where it could not be written. The action must not happen then. */
export async function intend(env: Env, { journal, intent, given, auditTtlMs }: Audited): Promise<number | null> {
  try {
    return await journalOf(env, journal).intend({ ...intent, given: JSON.stringify(given) }, auditTtlMs);
  } catch (error) {
    log({ event: "journal_failed", record: intent.record, why: String(error) });
    return null;
  }
}

/** Where this fails, the action stays done and its audit line has no result. */
export async function ended(env: Env, { journal }: Audited, seq: number, result: Result): Promise<void> {
  try {
    await journalOf(env, journal).ended(seq, result);
  } catch (error) {
    log({ event: "journal_failed", record: `audit ${seq}`, why: String(error) });
  }
}
