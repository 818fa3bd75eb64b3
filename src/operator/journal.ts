/**
 * The Durable Object that tells the operators of one hostname what they must see: which records are unknown or were met with
 * another request, what was done about it, and how many requests there were. Never on the path of an answer. It holds what
 * it was told, bounded and for a time; the records themselves are the truth.
 */

import { DurableObject } from "cloudflare:workers";
import { Audit, type AuditLine, type AuditQuery, type Intent, type Result } from "./audit.ts";
import { Entries, type EntryQuery } from "./entries.ts";
import { type News } from "./news.ts";
import { type Count, type HourlyCount, Tallies } from "./tallies.ts";
import { Tables } from "./tables.ts";

/** How often what is over is deleted: lists leave it out by themselves. */
const CLEAN_EVERY_MS = 60 * 60 * 1000;

export class Journal extends DurableObject<Env> {
  readonly #tables: Tables;
  readonly #entries: Entries;
  readonly #audit: Audit;
  readonly #tallies: Tallies;
  #alarmIsSet = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#tables = new Tables(ctx.storage);
    this.#entries = new Entries(this.#tables);
    this.#audit = new Audit(this.#tables);
    this.#tallies = new Tallies(this.#tables);
  }

  tell(news: News): void {
    this.#willWrite();
    this.#entries.write(news);
  }

  count(counts: readonly Count[]): void {
    this.#willWrite();
    this.#tallies.add(counts, Date.now());
  }

  /** Writes down what an operator is about to do. Null where there is no room for it, and so it must not be done. */
  intend(intent: Intent, ttlMs: number): number | null {
    this.#willWrite();
    return this.#audit.begin(intent, Date.now(), ttlMs);
  }

  /** What became of it. */
  ended(seq: number, result: Result): void {
    this.#willWrite();
    this.#audit.end(seq, result, Date.now());
  }

  entries(query: EntryQuery): News[] {
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
    this.#alarmIsSet = false;
    if (!this.#tables.exist) return Promise.resolve();
    this.#expire();
    const isEmpty = [this.#entries, this.#audit, this.#tallies].every((kind) => kind.isEmpty);
    return isEmpty ? this.#tables.drop() : this.#setAlarm();
  }

  /**
   * Nothing is awaited between this and the write, so the alarm can't drop the tables in between. What is over goes here
   * too: an object that is woken often moves its alarm on each time.
   */
  #willWrite(): void {
    this.#tables.create();
    if (this.#alarmIsSet) return;
    this.#expire();
    this.ctx.waitUntil(this.#setAlarm());
  }

  #expire(): void {
    for (const kind of [this.#entries, this.#audit, this.#tallies]) kind.expire(Date.now());
  }

  #setAlarm(): Promise<void> {
    this.#alarmIsSet = true;
    return this.ctx.storage.setAlarm(Date.now() + CLEAN_EVERY_MS);
  }
}
