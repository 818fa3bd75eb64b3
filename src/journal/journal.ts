/**
 * The Durable Object that tells the operators of one hostname what they must see: which records are unknown or were met with
 * another request, what was done about it, and how many requests there were. Never on the path of an answer. It holds what
 * it was told, bounded and for a time; the records themselves are the truth.
 */

import { DurableObject } from "cloudflare:workers";
import { Audit, type AuditLine, type AuditQuery, type Intent, type Result } from "./audit.ts";
import { Entries, type EntryQuery } from "./entries.ts";
import { type JournalEvent } from "./journal-event.ts";
import { type Count, type HourlyCount, Tallies } from "./tallies.ts";
import { Tables } from "./tables.ts";

/** No more often is deleted what is over: lists leave it out by themselves. */
const CLEAN_EVERY_MS = 60 * 60 * 1000;

export class Journal extends DurableObject<Env> {
  readonly #tables: Tables;
  readonly #entries: Entries;
  readonly #audit: Audit;
  readonly #tallies: Tallies;
  /** When the alarm comes, as far as this process has set it. */
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

  count(counts: readonly Count[]): void {
    this.#write(() => this.#tallies.add(counts, Date.now()));
  }

  /** Writes down what an operator is about to do. Null where there is no room for it, and so it must not be done. */
  intend(intent: Intent, ttlMs: number): number | null {
    return this.#write(() => this.#audit.begin(intent, Date.now(), ttlMs));
  }

  /** What became of it. */
  ended(seq: number, result: Result): void {
    this.#write(() => this.#audit.end(seq, result, Date.now()));
  }

  entries(query: EntryQuery): JournalEvent[] {
    return this.#tables.exist ? this.#entries.list(query, Date.now()) : [];
  }

  audit(query: AuditQuery): AuditLine[] {
    return this.#tables.exist ? this.#audit.list(query, Date.now()) : [];
  }

  counts(hours: number): HourlyCount[] {
    return this.#tables.exist ? this.#tallies.since(hours, Date.now()) : [];
  }

  /** Deletes what is over, and with the last of it everything: a hostname where nothing happens holds nothing. */
  override alarm(): Promise<void> {
    this.#alarmMs = null;
    if (!this.#tables.exist) return Promise.resolve();
    this.#expire();
    const endMs = this.#firstEndMs;
    return endMs === null ? this.#tables.drop() : this.#setAlarm(endMs);
  }

  /**
   * Nothing is awaited from here to the end of the write, so the alarm can't drop the tables in between. What is over goes
   * here too: an object that is woken often moves its alarm on each time.
   */
  #write<T>(write: () => T): T {
    this.#tables.create();
    if (this.#alarmMs === null) this.#expire();
    const written = write();
    // What is written after it may be over sooner. It stays until then, or until the object is woken anew.
    if (this.#alarmMs === null) this.ctx.waitUntil(this.#setAlarm(this.#firstEndMs ?? 0));
    return written;
  }

  #expire(): void {
    for (const kind of [this.#entries, this.#audit, this.#tallies]) kind.expire(Date.now());
  }

  get #firstEndMs(): number | null {
    const ends = [this.#entries, this.#audit, this.#tallies].flatMap(({ firstEndMs }) => firstEndMs ?? []);
    return ends.length === 0 ? null : Math.min(...ends);
  }

  /** At the first end, so that a hostname where nothing happens costs nothing until then. */
  #setAlarm(endMs: number): Promise<void> {
    this.#alarmMs = Math.max(endMs, Date.now() + CLEAN_EVERY_MS);
    return this.ctx.storage.setAlarm(this.#alarmMs);
  }
}
