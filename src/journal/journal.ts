/**
 * The Durable Object with the operators' view of one entry, whatever hostnames it serves: records with an unknown outcome or a
 * mismatch, the audit log, and request counts. It is never on the path of an answer. It holds copies, bounded in number and time; the records
 * themselves are the source of truth.
 */

import { DurableObject } from "cloudflare:workers";
import { Audit, type AuditLine, type AuditQuery, type Intent, type Result } from "./audit.ts";
import { Entries, type Listed } from "./entries.ts";
import { type EntryQuery } from "./entry-query.ts";
import { type JournalEvent } from "./journal-event.ts";
import { Tables } from "./tables.ts";
import { type Count, type HourlyCount, type JournalSummary, Tallies, haveReachedOrigin } from "./tallies.ts";

export interface JournalPage extends Listed {
  /** How many entries of the asked state the journal had no room for, and has not expired yet. */
  readonly dropped: number;
  /** With it as a filter, a later list has only entries that have not changed since this one. */
  readonly asOf: number;
}

/** The shortest time between two clean-ups. Lists skip expired rows, so a late clean-up shows nowhere. */
const CLEAN_EVERY_MS = 60 * 60 * 1000;

export class Journal extends DurableObject<Env> {
  readonly #tables: Tables;
  readonly #entries: Entries;
  readonly #audit: Audit;
  readonly #tallies: Tallies;
  /** When the alarm is due; null if this process has not set it. */
  #alarmMs: number | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#tables = new Tables(ctx.storage);
    this.#entries = new Entries(this.#tables);
    this.#audit = new Audit(this.#tables);
    this.#tallies = new Tallies(this.#tables);
  }

  record(event: JournalEvent): void {
    this.#write(() => this.#entries.write(event));
  }

  /** Creates no journal for requests that no origin has seen: strangers would decide which journals exist. */
  count(counts: readonly Count[]): void {
    if (!this.#tables.exist && !haveReachedOrigin(counts)) return;
    this.#write(() => this.#tallies.add(counts, Date.now()));
  }

  /** Records what an operator is about to do. Null if the audit log is full; the action must not happen then. */
  intend(intent: Intent, ttlMs: number): number | null {
    return this.#write(() => this.#audit.begin(intent, Date.now(), ttlMs));
  }

  /** The same for many, all or none. */
  intendAll(intents: readonly Intent[], ttlMs: number): number[] | null {
    return this.#write(() => {
      const nowMs = Date.now();
      if (!this.#audit.hasRoomFor(intents.length)) return null;
      return intents.flatMap((intent) => this.#audit.begin(intent, nowMs, ttlMs) ?? []);
    });
  }

  /** Records the results of actions, by their numbers. */
  endedAll(results: readonly (readonly [seq: number, result: Result])[]): void {
    this.#write(() => {
      for (const [seq, result] of results) this.#audit.end(seq, result, Date.now());
    });
  }

  /** Records the result of the action `seq`. */
  ended(seq: number, result: Result): void {
    this.#write(() => this.#audit.end(seq, result, Date.now()));
  }

  entries(query: EntryQuery): JournalPage {
    if (!this.#tables.exist) return { entries: [], left: 0, dropped: 0, asOf: 0 };
    const nowMs = Date.now();
    const dropped = this.#entries.dropped(query.filter.state, nowMs);
    return { ...this.#entries.list(query, nowMs), dropped, asOf: this.#entries.lastSeq };
  }

  /** The ids of records that begin with `digits`, at most two: more than one is too many. */
  recordsBeginning(digits: string): string[] {
    if (!this.#tables.exist) return [];
    const nowMs = Date.now();
    return [...new Set([this.#entries, this.#audit].flatMap((table) => table.recordsBeginning(digits, nowMs)))];
  }

  audit(query: AuditQuery): AuditLine[] {
    return this.#tables.exist ? this.#audit.list(query, Date.now()) : [];
  }

  counts(hours: number): HourlyCount[] {
    return this.#tables.exist ? this.#tallies.since(hours, Date.now()) : [];
  }

  summary(): JournalSummary {
    if (!this.#tables.exist) return { totals: [], unknown: 0, oldestUnknownMs: null, dropped: 0 };
    const nowMs = Date.now();
    const { n, sinceMs } = this.#entries.unknown(nowMs);
    const dropped = this.#entries.dropped(null, nowMs);
    return { totals: this.#tallies.totals(), unknown: n, oldestUnknownMs: sinceMs, dropped };
  }

  /** Deletes expired rows. When none are left it deletes all storage, so an idle entry stores nothing. */
  override alarm(): Promise<void> {
    this.#alarmMs = null;
    if (!this.#tables.exist) return Promise.resolve();
    this.#expire();
    const expiryMs = this.#firstExpiryMs;
    return expiryMs === null ? this.#tables.drop() : this.#setAlarm(expiryMs);
  }

  /**
   * Awaits nothing, so the alarm can't drop the tables between their creation and the write. It also deletes expired rows:
   * an object that is evicted and woken often keeps postponing its alarm.
   */
  #write<T>(write: () => T): T {
    this.#tables.create();
    if (this.#alarmMs === null) this.#expire();
    const written = write();
    // A later row may expire before this alarm. It stays stored until the alarm, or until the object is woken again.
    if (this.#alarmMs === null) this.ctx.waitUntil(this.#setAlarm(this.#firstExpiryMs ?? 0));
    return written;
  }

  #expire(): void {
    for (const table of [this.#entries, this.#audit, this.#tallies]) table.expire(Date.now());
  }

  get #firstExpiryMs(): number | null {
    const expiries = [this.#entries, this.#audit, this.#tallies].flatMap(({ firstExpiryMs }) => firstExpiryMs ?? []);
    return expiries.length === 0 ? null : Math.min(...expiries);
  }

  /** Sets the alarm at the first expiry, so that an idle entry costs nothing before it. */
  #setAlarm(expiryMs: number): Promise<void> {
    this.#alarmMs = Math.max(expiryMs, Date.now() + CLEAN_EVERY_MS);
    return this.ctx.storage.setAlarm(this.#alarmMs);
  }
}
