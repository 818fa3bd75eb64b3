/**
 * Settles many unknown outcomes, batch by batch. A record is settled only if it is still unknown by the attempt that the list
 * or the dry run showed; the key object decides that in one step with the change. Each has its own line in the audit log.
 */

import { digestOf } from "../identity/digest.ts";
import { type Intent, type Result } from "../journal/audit.ts";
import { NO_FILTER, type EntryFilter } from "../journal/entry-query.ts";
import { type JournalEvent } from "../journal/journal-event.ts";
import { journalOf } from "../journal/journal-of.ts";
import { log } from "../log.ts";
import { operateOn, policyOf, resultOf } from "./act.ts";
import { inParallel } from "./in-parallel.ts";
import { inspectRecord, placeOf } from "./inspect.ts";
import { type FilterRequest, type ManySettled, type SettleMany, filterOf } from "./list-requests.ts";
import { cursorOf, positionOf, readJournal } from "./lists.ts";
import { type Acting } from "./operator-context.ts";
import {
  type OperatorProblem,
  type OperatorProblemCode,
  codeOfRefusal,
  isOperatorProblem,
  operatorProblem,
} from "./problem.ts";
import { type Order, type Settling, orderOfSettling } from "./settle.ts";

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

export interface SettleResult {
  readonly record: string;
  readonly attempt_id: string;
  readonly operation: string | null;
  readonly key: string | null;
  /** `ready`: a run would settle it. `failed`: not known; the record shows its state. */
  readonly result: "ready" | "settled" | "refused" | "failed";
  /** Why it is refused. */
  readonly code: OperatorProblemCode | null;
  readonly detail: string | null;
  /** The number of its line in the audit log. */
  readonly audit: number | null;
}

export function batchView({ dryRun, plan, results, left, cursor }: Batch): object {
  const count = (end: SettleResult["result"]): number => results.filter(({ result }) => result === end).length;
  const ends = { ready: count("ready"), settled: count("settled"), refused: count("refused"), failed: count("failed") };
  return { dry_run: dryRun, plan, ...ends, left, cursor, results };
}

export async function settleMany(acting: Acting, asked: SettleMany): Promise<Batch | OperatorProblem> {
  const { dry_run: dryRun, filter, records, settle } = asked;
  if (settle.attempt_id !== undefined) return invalid("settle.attempt_id: each record has its own attempt.");
  if ((filter === undefined) === (records === undefined)) return invalid("Give filter or records, and not both.");
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
  if (plan !== undefined || cursor !== undefined) return invalid("plan and cursor belong to a filter.");
  const ids = new Set(items.map(({ record }) => record));
  if (ids.size < items.length) return invalid("records: a record is listed twice.");
  return { items, plan: null, left: 0, cursor: null };
}

/** A dry run fixes what the filter selects: what changes later is in no batch. */
async function byFilter(
  acting: Acting,
  { dry_run: dryRun, plan: given, cursor, batch, settle }: SettleMany,
  asked: FilterRequest,
): Promise<Chosen | OperatorProblem> {
  if ((asked.state ?? "unknown") !== "unknown") return invalid("filter.state: only unknown outcomes can be settled.");
  if (given === undefined && !(dryRun && cursor === undefined)) {
    return invalid("Do a dry run first, and repeat its request with its plan.");
  }
  const digest = (await digestOf([JSON.stringify(asked), JSON.stringify(settle)])).slice(0, 16);
  const plan = given === undefined ? null : planIn(given, digest);
  if (given !== undefined && plan === null) return invalid("plan: it belongs to another filter or another outcome.");
  const after = cursor === undefined ? null : positionOf(cursor);
  if (cursor !== undefined && after === null) return invalid("cursor must come from an earlier batch.");
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

/** An item that can be settled, as far as a look at its record shows. */
interface Ready {
  readonly kind: "ready";
  readonly item: ManySettled;
  readonly hostname: string;
  readonly operation: string;
  readonly key: string;
  readonly order: Order;
}

interface NotReady {
  readonly kind: "not ready";
  readonly result: SettleResult;
}

interface How {
  readonly settle: Settling;
  readonly dryRun: boolean;
}

async function settleBatch(
  acting: Acting,
  items: readonly ManySettled[],
  { settle, dryRun }: How,
): Promise<readonly SettleResult[] | OperatorProblem> {
  const looked = await inParallel(items, (item) => lookAt(acting, item, settle));
  const ready = looked.filter((one) => one.kind === "ready");
  if (dryRun || ready.length === 0) return looked.map((one) => (one.kind === "ready" ? readyResult(one) : one.result));
  const settled = await carryOutAll(acting, ready, settle.why);
  if (isOperatorProblem(settled)) return settled;
  return looked.map((one) => (one.kind === "ready" ? (settled.get(one) ?? readyResult(one)) : one.result));
}

async function lookAt(acting: Acting, item: ManySettled, settle: Settling): Promise<Ready | NotReady> {
  const inspection = await inspectRecord(acting.env, acting, item.record);
  if (inspection === null) return notReady(item, operatorProblem("unavailable"));
  const { facts, state, running } = inspection;
  if (facts === null) return notReady(item, operatorProblem(state === "none" ? "not_found" : "not_unknown"));
  const { tenant: hostname, operation, key, attemptId } = facts;
  if (running !== null) return notReady(item, operatorProblem("running"), facts);
  if (state !== "unknown") return notReady(item, operatorProblem("not_unknown"), facts);
  if (attemptId !== item.attempt_id) return notReady(item, operatorProblem("attempt_changed"), facts);
  const settling = settlingOf(item, settle);
  const order = isOperatorProblem(settling)
    ? settling
    : orderOfSettling(settling, facts, policyOf(acting.tenant, operation));
  if (isOperatorProblem(order)) return notReady(item, order, facts);
  return { kind: "ready", item, hostname, operation, key, order };
}

/** A record may have an answer of its own: what the ledger has for it. */
function settlingOf({ attempt_id, status, body }: ManySettled, settle: Settling): Settling | OperatorProblem {
  if (status === undefined && body === undefined) return { ...settle, attempt_id };
  if (settle.outcome !== "final") return invalid("A request that was not executed has no answer.");
  return { ...settle, attempt_id, status: status ?? settle.status, ...(body === undefined ? {} : { body }) };
}

function notReady(
  { record, attempt_id }: ManySettled,
  { code, detail }: OperatorProblem,
  facts: { readonly operation: string; readonly key: string } | null = null,
): NotReady {
  const about = { record, attempt_id, operation: facts?.operation ?? null, key: facts?.key ?? null };
  return { kind: "not ready", result: { ...about, result: "refused", code, detail, audit: null } };
}

function readyResult({ item: { record, attempt_id }, operation, key }: Ready): SettleResult {
  return { record, attempt_id, operation, key, result: "ready", code: null, detail: null, audit: null };
}

/** All lines are written before the first record is settled. */
async function carryOutAll(
  { env, tenant, role, operator }: Acting,
  ready: readonly Ready[],
  why: string,
): Promise<ReadonlyMap<Ready, SettleResult> | OperatorProblem> {
  const journal = placeOf(tenant);
  const intents = ready.map(({ item, hostname, order }): Intent => {
    const intent = { record: item.record, hostname, token: role, operator, action: "settle", why } as const;
    return { ...intent, given: JSON.stringify(order.given) };
  });
  const lines = await inJournal(() => journalOf(env, journal).intendAll(intents, tenant.operators.auditTtlMs));
  if (lines === null) return operatorProblem("audit_unavailable");
  const numbered = ready.map((one, index) => ({ one, seq: lines[index] ?? 0 }));
  const done = await inParallel(numbered, async ({ one, seq }) => {
    const { item, hostname, order } = one;
    const by = { tenant: hostname, journal, role };
    const operation = await operateOn(env, { ...order, record: item.record, by });
    return { one, seq, operation };
  });
  const ends = done.map(({ seq, operation }): [number, Result] => [seq, resultOf(operation)]);
  // Where this fails, the records stay settled, and their lines have no result.
  await inJournal(() => journalOf(env, journal).endedAll(ends));
  return new Map(
    done.map(({ one, seq, operation }) => [one, { ...readyResult(one), ...endOf(operation), audit: seq }]),
  );
}

function endOf(operation: Awaited<ReturnType<typeof operateOn>>): Pick<SettleResult, "result" | "code" | "detail"> {
  if (operation === null) {
    const { code, detail } = operatorProblem("unavailable");
    return { result: "failed", code, detail };
  }
  if (operation.done) return { result: "settled", code: null, detail: null };
  const { code, detail } = operatorProblem(codeOfRefusal(operation.refusal));
  return { result: "refused", code, detail };
}

async function inJournal<T>(write: () => Promise<T>): Promise<T | null> {
  try {
    return await write();
  } catch (error) {
    log({ event: "journal_failed", record: "many", why: String(error) });
    return null;
  }
}

function invalid(detail: string): OperatorProblem {
  return operatorProblem("invalid_request", detail);
}
