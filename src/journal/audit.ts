/** The audit log: what operators intended and did. A line outlives its record. */

import { type Role } from "../config/operator-token.ts";
import { type Tables, recordsBeginning } from "./tables.ts";

/** What an operator is about to do. It is written before the action. */
export interface Intent {
  /** The hostname of the record. */
  readonly hostname: string;
  readonly record: string;
  readonly token: Role;
  /** The name in `Oncegate-Operator`. It is not verified. */
  readonly operator: string | null;
  /** `read`: the body of the kept answer. */
  readonly action: "settle" | "release" | "purge" | "read";
  /** The arguments of the action as JSON, without bodies. */
  readonly given: string;
  /** Empty for `read`. */
  readonly why: string;
}

/** `refused`: nothing changed. `failed`: the call to the record failed, so only the record shows whether it changed. */
export interface Result {
  readonly result: "done" | "refused" | "failed";
  /** The record's state before and after. For a refusal, `after` is the code. */
  readonly before: string | null;
  readonly after: string | null;
}

/** A line without a result comes from a Worker that died during the action. Only the record shows whether it changed. */
export interface AuditLine extends Intent {
  readonly seq: number;
  readonly atMs: number;
  readonly result: Result["result"] | null;
  readonly before: string | null;
  readonly after: string | null;
}

export interface AuditQuery {
  readonly record: string | null;
  /** Only lines before this one. */
  readonly beforeSeq: number | null;
  readonly limit: number;
}

/** Far more than operators do by hand. When it is reached, new actions are refused: older lines are never dropped early. */
const LINES_MAX = 100_000;

/** Fewer, so that a script that reads bodies leaves room for actions. */
const LINES_MAX_TO_READ = 90_000;

const COLUMNS = "seq, at_ms, hostname, record, token, operator, action, given, why, result, before, after";

type Row = Omit<AuditLine, "atMs"> & { at_ms: number };

export class Audit {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  hasRoomFor(lines: number): boolean {
    return this.#count + lines <= LINES_MAX;
  }

  get #count(): number {
    return this.#tables.sql.exec<{ lines: number }>("SELECT count(*) AS lines FROM audit").one().lines;
  }

  /** The number of the new line; null if the log is full. */
  begin(intent: Intent, nowMs: number, ttlMs: number): number | null {
    const { hostname, record, token, operator, action, given, why } = intent;
    const { sql } = this.#tables;
    if (this.#count >= (action === "read" ? LINES_MAX_TO_READ : LINES_MAX)) return null;
    const insert = `INSERT INTO audit (at_ms, expires_ms, hostname, record, token, operator, action, given, why)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq`;
    const row = [nowMs, nowMs + ttlMs, hostname, record, token, operator, action, given, why];
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

  /** The ids of records that begin with `digits`, at most two. */
  recordsBeginning(digits: string, nowMs: number): string[] {
    return recordsBeginning(this.#tables, "audit", digits, nowMs);
  }

  expire(nowMs: number): void {
    this.#tables.sql.exec("DELETE FROM audit WHERE expires_ms <= ?", nowMs);
  }

  /** When the next line expires; null if there is none. */
  get firstExpiryMs(): number | null {
    return this.#tables.sql.exec<{ ms: number | null }>("SELECT min(expires_ms) AS ms FROM audit").one().ms;
  }
}

function lineOf({ at_ms, ...line }: Row): AuditLine {
  return { ...line, atMs: at_ms };
}
