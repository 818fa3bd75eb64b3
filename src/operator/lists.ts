/** The lists of the journal of an entry, page by page. */

import { HonoBase } from "hono/hono-base";
import { TrieRouter } from "hono/router/trie-router";
import { log } from "../log.ts";
import { type OperatorCall, type OperatorContext, type ReservedContext } from "./operator-context.ts";
import { type Position } from "../journal/entries.ts";
import { journalOf } from "../journal/journal-of.ts";
import { isOperatorProblem, operatorProblem, operatorProblemResponse } from "./problem.ts";
import { AUDIT_QUERY, COUNTS_QUERY, JOURNAL_QUERY, readQuery } from "./requests.ts";
import { auditView, countsView, entryView } from "./views.ts";

export const lists = new HonoBase<OperatorContext>({ router: new TrieRouter() });

const UNKNOWN_CURSOR = operatorProblem("invalid_request", "cursor must come from an earlier page");

/** Oldest first: the outcome that has been unknown longest comes first. */
lists.get("/journal", (c) => {
  const query = readQuery(c.var.url, JOURNAL_QUERY);
  if (isOperatorProblem(query)) return operatorProblemResponse(query);
  const { state = null, operation = null, older_than = 0, limit } = query;
  const after = query.cursor === undefined ? null : positionOf(query.cursor);
  if (after === null && query.cursor !== undefined) return operatorProblemResponse(UNKNOWN_CURSOR);
  const entryQuery = { record: null, state, operation, untilMs: Date.now() - older_than, after, limit };
  return listResponse(c, async (journal) => {
    const { entries, dropped } = await journal.entries(entryQuery);
    const last = entries.length === limit ? entries.at(-1) : undefined;
    return { entries: entries.map(entryView), cursor: last === undefined ? null : cursorOf(last), dropped };
  });
});

/** Newest first. */
lists.get("/audit", (c) => {
  const query = readQuery(c.var.url, AUDIT_QUERY);
  if (isOperatorProblem(query)) return operatorProblemResponse(query);
  const { record = null, cursor, limit } = query;
  if (cursor !== undefined && !/^[0-9]{1,15}$/.test(cursor)) return operatorProblemResponse(UNKNOWN_CURSOR);
  return listResponse(c, async (journal) => {
    const lines = await journal.audit({ record, beforeSeq: cursor === undefined ? null : Number(cursor), limit });
    const last = lines.length === limit ? lines.at(-1) : undefined;
    return { lines: lines.map(auditView), cursor: last === undefined ? null : String(last.seq) };
  });
});

lists.get("/counts", (c) => {
  const query = readQuery(c.var.url, COUNTS_QUERY);
  if (isOperatorProblem(query)) return operatorProblemResponse(query);
  return listResponse(c, async (journal) => countsView(await journal.counts(query.hours), query.hours, Date.now()));
});

type JournalStub = ReturnType<typeof journalOf>;

async function listResponse(c: OperatorCall, list: (journal: JournalStub) => Promise<object>): Promise<Response> {
  const page = await readJournal(c, list);
  return page === null
    ? operatorProblemResponse(operatorProblem("unavailable"))
    : Response.json(page, { headers: { "cache-control": "no-store" } });
}

/** Null if the journal fails. Single records don't depend on it, so callers go on without it. */
export async function readJournal<T>(
  c: { readonly env: Env; readonly var: Pick<ReservedContext["Variables"], "tenant"> },
  read: (journal: JournalStub) => Promise<T>,
): Promise<T | null> {
  try {
    return await read(journalOf(c.env, c.var.tenant));
  } catch (error) {
    log({ event: "journal_failed", record: "", why: String(error) });
    return null;
  }
}

const CURSOR = /^([0-9]{1,15})\.([0-9a-f]{64})\.(state|mismatch)$/;

export function cursorOf({ sinceMs, record, state }: { sinceMs: number; record: string; state: string }): string {
  return `${sinceMs}.${record}.${state === "mismatch" ? state : "state"}`;
}

/** Null if the cursor comes from no page. */
export function positionOf(cursor: string): Position | null {
  const [, sinceMs, record, kind] = CURSOR.exec(cursor) ?? [];
  if (record === undefined || kind === undefined) return null;
  return { sinceMs: Number(sinceMs), record, kind };
}
