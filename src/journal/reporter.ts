/**
 * Reports a key object's events to the tenant's journal. Nothing waits for a report or fails with it. The platform's output
 * gate holds a report back until the change that it reports is durable.
 */

import { type JournalPlace } from "../config/policy.ts";
import { log } from "../log.ts";
import { type KeyRecord, type UnreadableRecord } from "../record/record.ts";
import {
  type JournalEvent,
  type Mismatch,
  type RecordChange,
  NOTHING_SEEN,
  entryFacts,
  journalEventOf,
} from "./journal-event.ts";
import { journalOf, journalPlace } from "./journal-of.ts";

/** A client that keeps sending mismatches causes one report in this time. The report counts them. */
const MISMATCH_EVERY_MS = 60_000;

export class JournalReporter {
  readonly #ctx: DurableObjectState;
  readonly #env: Env;
  /** Where the journal is, by the last call; null if the tenant has no operators, undefined before the first call. */
  #journal: JournalPlace | null | undefined;
  #mismatches = 0;
  #mismatchReportedMs = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    this.#ctx = ctx;
    this.#env = env;
  }

  /** From the configuration of the calling Worker; null if the tenant has no operators. */
  set journal(place: JournalPlace | null) {
    this.#journal = place;
  }

  changed(change: RecordChange, nowMs: number): void {
    const { before, after } = change;
    const kept = after ?? (before?.state === "unreadable" ? null : before);
    const event = journalEventOf(change, nowMs);
    if (kept !== null && event !== null) this.#report(kept.about.tenant, event);
  }

  /** A request with the key of `record` was refused because it does not match the record. */
  mismatched(record: KeyRecord | UnreadableRecord | null, cause: Mismatch, nowMs: number): void {
    if (record === null || record.state === "unreadable") return;
    this.#mismatches++;
    if (nowMs - this.#mismatchReportedMs < MISMATCH_EVERY_MS) return;
    this.#mismatchReportedMs = nowMs;
    const facts = { ...entryFacts(record), ...NOTHING_SEEN, times: this.#mismatches, atMs: nowMs };
    this.#mismatches = 0;
    this.#report(record.about.tenant, { ...facts, state: "mismatch", cause, sinceMs: nowMs, expiresAtMs: null });
  }

  #report(hostname: string, event: Omit<JournalEvent, "record" | "hostname">): void {
    const record = this.#ctx.id.name;
    // The name of a key object is its record's id. Without it an operator could not find the record.
    if (record === undefined || this.#journal === null) return;
    this.#ctx.waitUntil(this.#send({ ...event, record, hostname }));
  }

  /** If the journal is unreachable or not bound, operators see less, and nothing else changes. */
  async #send(event: JournalEvent): Promise<void> {
    try {
      const journal = this.#journal === undefined ? await journalPlace(this.#env, event.hostname) : this.#journal;
      if (journal !== null) await journalOf(this.#env, journal).record(event);
    } catch (error) {
      log({ event: "journal_failed", record: event.record, why: String(error) });
    }
  }
}
