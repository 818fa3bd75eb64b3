/** The lists of the journal of an entry, page by page. */

import { HonoBase } from "hono/hono-base";
import { TrieRouter } from "hono/router/trie-router";
import { type Position } from "../journal/entry-query.ts";
import { journalOf } from "../journal/journal-of.ts";
import { type JournalPage } from "../journal/journal.ts";
import { log } from "../log.ts";
import { type Shown, answer } from "./answer.ts";
import { AUDIT_QUERY, COUNTS_QUERY, JOURNAL_QUERY, filterOf } from "./list-requests.ts";
import { type OperatorCall, type OperatorContext, type ReservedContext } from "./operator-context.ts";
import { type OperatorProblem, isOperatorProblem, operatorProblem } from "./problem.ts";
import { readQuery } from "./requests.ts";
import { auditView, countsView, entryView } from "./views.ts";

export const lists = new HonoBase<OperatorContext>({ router: new TrieRouter() });

const UNKNOWN_CURSOR = operatorProblem("invalid_request", "cursor must come from an earlier page");

lists.get("/journal", async (c) => answer(await entriesPage(c)));
lists.get("/audit", async (c) => answer(await auditPage(c)));
lists.get("/counts", async (c) => answer(await countsPage(c)));

type Page = Shown | OperatorProblem;

/** Oldest first: the outcome that has been unknown longest comes first. */
async function entriesPage(c: OperatorCall): Promise<Page> {
  const query = readQuery(c.var.url, JOURNAL_QUERY);
  if (isOperatorProblem(query)) return query;
  const { cursor, limit, ...asked } = query;
  const after = cursor === undefined ? null : positionOf(cursor);
  if (after === null && cursor !== undefined) return UNKNOWN_CURSOR;
  return pageOf(c, async (journal) => {
    const filter = filterOf(asked, Date.now());
    return pageView(await journal.entries({ filter, after, limit }));
  });
}

/** `truncated`: the journal had no room for all, so some entries of the asked state are on no page. */
function pageView({ entries, left, dropped }: JournalPage): object {
  const last = left > entries.length ? entries.at(-1) : undefined;
  const cursor = last === undefined ? null : cursorOf(last);
  return { entries: entries.map(entryView), cursor, left: left - entries.length, truncated: dropped > 0, dropped };
}

/** Newest first. */
async function auditPage(c: OperatorCall): Promise<Page> {
  const query = readQuery(c.var.url, AUDIT_QUERY);
  if (isOperatorProblem(query)) return query;
  const { record = null, cursor, limit } = query;
  if (cursor !== undefined && !/^[0-9]{1,15}$/.test(cursor)) return UNKNOWN_CURSOR;
  return pageOf(c, async (journal) => {
    const lines = await journal.audit({ record, beforeSeq: cursor === undefined ? null : Number(cursor), limit });
    const last = lines.length === limit ? lines.at(-1) : undefined;
    return { lines: lines.map(auditView), cursor: last === undefined ? null : String(last.seq) };
  });
}

async function countsPage(c: OperatorCall): Promise<Page> {
  const query = readQuery(c.var.url, COUNTS_QUERY);
  if (isOperatorProblem(query)) return query;
  return pageOf(c, async (journal) => countsView(await journal.counts(query.hours), query.hours, Date.now()));
}

type JournalStub = ReturnType<typeof journalOf>;

async function pageOf(c: OperatorCall, list: (journal: JournalStub) => Promise<object>): Promise<Page> {
  const view = await readJournal(c, list);
  return view === null ? operatorProblem("unavailable") : { kind: "shown", view };
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
