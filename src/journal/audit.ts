/** What operators did, and what they meant to do: the SQL. A line outlives its record. */

import { type Role } from "../config/operator-token.ts";
import { type Tables } from "./tables.ts";

/** Who does what to which record, and why. Written before it is done. */
export interface Intent {
  readonly record: string;
  readonly token: Role;
  /** What the client says of itself in `Oncegate-Operator`; a name, and no proof. */
  readonly operator: string | null;
  readonly action: "settle" | "release" | "purge";
  /** What was given with it, as JSON, without bodies. */
  readonly given: string;
  readonly why: string;
}

/** What became of it. `refused`: nothing. `failed`: nobody knows; the record says. */
export interface Result {
  readonly result: "done" | "refused" | "failed";
  /** States; for a refusal `after` is its code. */
  readonly before: string | null;
  readonly after: string | null;
}

/** A line without a result is one whose Worker died in between: the record says whether it was done. */
export interface AuditLine extends Intent {
  readonly seq: number;
  readonly atMs: number;
  readonly result: Result["result"] | null;
  readonly before: string | null;
  readonly after: string | null;
}

export interface AuditQuery {
  readonly record: string | null;
  /** Lines that are older than this one. */
  readonly beforeSeq: number | null;
  readonly limit: number;
}

/** Nobody's work by hand comes near it. Full, actions are refused rather than older lines forgotten. */
const LINES_MAX = 100_000;

const COLUMNS = "seq, at_ms, record, token, operator, action, given, why, result, before, after";

type Row = Omit<AuditLine, "atMs"> & { at_ms: number };

export class Audit {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** The number of the new line; null where there is no room for one. */
  begin({ record, token, operator, action, given, why }: Intent, nowMs: number, ttlMs: number): number | null {
    const { sql } = this.#tables;
    if (sql.exec<{ lines: number }>("SELECT count(*) AS lines FROM audit").one().lines >= LINES_MAX) return null;
    const insert = `INSERT INTO audit (at_ms, expires_ms, record, token, operator, action, given, why)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq`;
    const row = [nowMs, nowMs + ttlMs, record, token, operator, action, given, why];
    return sql.exec<{ seq: number }>(insert, ...row).one().seq;
  }

  end(seq: number, { result, before, after }: Result, nowMs: number): void {
    const update = "UPDATE audit SET result = ?, before = ?, after = ?, ended_ms = ? WHERE seq = ? AND result IS NULL";
    this.#tables.sql.exec(update, result, before, after, nowMs, seq);
  }

  /** Newest first. */
  list({ record, beforeSeq, limit }: AuditQuery, nowMs: number): AuditLine[] {
    const bySeq = beforeSeq ?? Number.MAX_SAFE_INTEGER;
    const [where, bindings] = record === null ? ["", []] : ["record = ? AND", [record]];
    const query = `SELECT ${COLUMNS} FROM audit WHERE ${where} seq < ? AND expires_ms > ? ORDER BY seq DESC LIMIT ?`;
    return this.#tables.sql
      .exec<Row>(query, ...bindings, bySeq, nowMs, limit)
      .toArray()
      .map(lineOf);
  }

  expire(nowMs: number): void {
    this.#tables.sql.exec("DELETE FROM audit WHERE expires_ms <= ?", nowMs);
  }

  /** When the first of them is over; null where there are none. */
  get firstEndMs(): number | null {
    return this.#tables.sql.exec<{ ms: number | null }>("SELECT min(expires_ms) AS ms FROM audit").one().ms;
  }
}

function lineOf({ at_ms, ...line }: Row): AuditLine {
  return { ...line, atMs: at_ms };
}
