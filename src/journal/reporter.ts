/**
 * A key object's word to the tenant's journal. After the fact and beside it: nothing waits for the journal, and nothing fails
 * with it. The platform sends it no word before what it speaks of is durable.
 */

import { type Placement } from "../config/policy.ts";
import { log } from "../log.ts";
import { type KeyRecord, type UnknownRecord, type UnreadableRecord } from "../record/record.ts";
import { journalOf } from "./journal-of.ts";
import { type Cause, type Mismatch, type JournalEvent, journalEventOf } from "./journal-event.ts";
import { journalPlacement } from "./journal-of.ts";

/** A client that sends another request again and again is told of once in this time, with how often. */
const MISMATCH_EVERY_MS = 60_000;

export class JournalReporter {
  readonly #ctx: DurableObjectState;
  readonly #env: Env;
  /** Where the journal is, as the last call said; null where nobody wants to know, undefined before the first. */
  #journal: Placement | null | undefined;
  #mismatches = 0;
  #mismatchToldMs = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    this.#ctx = ctx;
    this.#env = env;
  }

  /** By the configuration of the Worker that calls; undefined where it did not say. */
  set journal(placement: Placement | null | undefined) {
    this.#journal = placement;
  }

  /** `after` has followed `before`; null is none. */
  changed(
    before: KeyRecord | UnreadableRecord | null,
    undoneTo: UnknownRecord | null,
    after: KeyRecord | null,
    cause: Cause,
    nowMs: number,
  ): void {
    const kept = after ?? (before?.state === "unreadable" ? null : before);
    const event = journalEventOf(before, undoneTo, after, cause, nowMs);
    if (kept !== null && event !== null) this.#tell(kept.about.tenant, event);
  }

  /** A request was refused as another one than `record`'s. */
  mismatched(record: KeyRecord | UnreadableRecord | null, cause: Mismatch, nowMs: number): void {
    if (record === null || record.state === "unreadable") return;
    this.#mismatches++;
    if (nowMs - this.#mismatchToldMs < MISMATCH_EVERY_MS) return;
    this.#mismatchToldMs = nowMs;
    const { about, attempt } = record;
    const facts = { operation: about.operation, attempt: attempt.number, times: this.#mismatches, atMs: nowMs };
    this.#mismatches = 0;
    this.#tell(about.tenant, { ...facts, state: "mismatch", cause, sinceMs: nowMs, expiresAtMs: null });
  }

  #tell(tenant: string, event: Omit<JournalEvent, "record">): void {
    const record = this.#ctx.id.name;
    // Objects are always asked for by their record's id; without it nobody could find the record again.
    if (record === undefined || this.#journal === null) return;
    this.#ctx.waitUntil(this.#send(tenant, { ...event, record }));
  }

  /** The journal may be unreachable, or not be bound at all: then an operator sees less, and nothing else changes. */
  async #send(tenant: string, event: JournalEvent): Promise<void> {
    try {
      const journal = this.#journal === undefined ? await journalPlacement(this.#env, tenant) : this.#journal;
      if (journal !== null) await journalOf(this.#env, tenant, journal).record(event);
    } catch (error) {
      log({ event: "journal_failed", record: event.record.slice(0, 16), why: String(error) });
    }
  }
}
