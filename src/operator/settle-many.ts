/** Settles many unknown outcomes, batch by batch: chooses the records of a batch, by a filter or a list. */

import { digestOf } from "../identity/digest.ts";
import { NO_FILTER, type EntryFilter } from "../journal/entry-query.ts";
import { type JournalEvent } from "../journal/journal-event.ts";
import { type FilterRequest, type ManySettled, type SettleMany, filterOf } from "./list-requests.ts";
import { cursorOf, positionOf, readJournal } from "./lists.ts";
import { type Acting } from "./operator-context.ts";
import { type OperatorProblem, invalidRequest, isOperatorProblem, operatorProblem } from "./problem.ts";
import { type SettleResult, settleBatch } from "./settle-batch.ts";

export interface Batch {
  readonly kind: "batch";
  readonly dryRun: boolean;
  /** What the next batches, and the run after a dry run, have to repeat; null for a list of records. */
  readonly plan: string | null;
  readonly results: readonly SettleResult[];
  /** How many of the filter come after this batch. */
  readonly left: number;
  readonly cursor: string | null;
}

export function batchView({ dryRun, plan, results, left, cursor }: Batch): object {
  const count = (end: SettleResult["result"]): number => results.filter(({ result }) => result === end).length;
  const ends = { ready: count("ready"), settled: count("settled"), refused: count("refused"), failed: count("failed") };
  return { dry_run: dryRun, plan, ...ends, left, cursor, results };
}

export async function settleMany(acting: Acting, asked: SettleMany): Promise<Batch | OperatorProblem> {
  const { dry_run: dryRun, filter, records, settle } = asked;
  if (settle.attempt_id !== undefined) return invalidRequest("settle.attempt_id: each record has its own attempt.");
  if ((filter === undefined) === (records === undefined))
    return invalidRequest("Give filter or records, and not both.");
  const chosen = records === undefined ? await byFilter(acting, asked, filter ?? {}) : byList(asked, records);
  if (isOperatorProblem(chosen)) return chosen;
  const { items, ...page } = chosen;
  const running = settleBatch(acting, items, { settle, dryRun });
  // A batch goes on and is audited where the operator disconnects.
  acting.ctx.waitUntil(running);
  const results = await running;
  return isOperatorProblem(results) ? results : { kind: "batch", dryRun, ...page, results };
}

type Chosen = Pick<Batch, "plan" | "left" | "cursor"> & { readonly items: readonly ManySettled[] };

function byList({ plan, cursor }: SettleMany, items: readonly ManySettled[]): Chosen | OperatorProblem {
  if (plan !== undefined || cursor !== undefined) return invalidRequest("plan and cursor belong to a filter.");
  const ids = new Set(items.map(({ record }) => record));
  if (ids.size < items.length) return invalidRequest("records: a record is listed twice.");
  return { items, plan: null, left: 0, cursor: null };
}

/** A dry run fixes what the filter selects: what changes later is in no batch. */
async function byFilter(
  acting: Acting,
  { dry_run: dryRun, plan: given, cursor, batch, settle }: SettleMany,
  asked: FilterRequest,
): Promise<Chosen | OperatorProblem> {
  if ((asked.state ?? "unknown") !== "unknown")
    return invalidRequest("filter.state: only unknown outcomes can be settled.");
  if (given === undefined && !(dryRun && cursor === undefined)) {
    return invalidRequest("Do a dry run first, and repeat its request with its plan.");
  }
  const digest = (await digestOf([JSON.stringify(asked), JSON.stringify(settle)])).slice(0, 16);
  const plan = given === undefined ? null : planIn(given, digest);
  if (given !== undefined && plan === null)
    return invalidRequest("plan: it belongs to another filter or another outcome.");
  const after = cursor === undefined ? null : positionOf(cursor);
  if (cursor !== undefined && after === null) return invalidRequest("cursor must come from an earlier batch.");
  const atMs = plan?.atMs ?? Date.now();
  const filter: EntryFilter = { ...NO_FILTER, ...filterOf(asked, atMs), state: "unknown", asOf: plan?.asOf ?? null };
  const page = await readJournal({ env: acting.env, var: acting }, (journal) =>
    journal.entries({ filter, after, limit: batch }),
  );
  if (page === null) return operatorProblem("unavailable");
  const { entries, left } = page;
  const last = left > entries.length ? entries.at(-1) : undefined;
  return {
    items: entries.map(itemOf),
    plan: given ?? `${page.asOf}.${atMs}.${digest}`,
    left: left - entries.length,
    cursor: last === undefined ? null : cursorOf(last),
  };
}

function itemOf({ record, attemptId }: JournalEvent): ManySettled {
  return { record, attempt_id: attemptId };
}

/** Null where it is no plan of a dry run of the same filter and outcome. */
function planIn(plan: string, digest: string): { readonly asOf: number; readonly atMs: number } | null {
  const [, asOf, atMs, given] = /^([0-9]{1,15})\.([0-9]{1,15})\.([0-9a-f]{16})$/.exec(plan) ?? [];
  return given === digest ? { asOf: Number(asOf), atMs: Number(atMs) } : null;
}
