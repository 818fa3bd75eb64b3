/**
 * Checks and settles the records of a batch. A record is settled only if it is still unknown by the attempt that the list or the dry
 * run showed; the key object decides that in one step with the change. Each has its own line in the audit log.
 */

import { type Intent, type Result } from "../journal/audit.ts";
import { journalOf } from "../journal/journal-of.ts";
import { log } from "../log.ts";
import { operateOn, policyOf, resultOf } from "./act.ts";
import { inParallel } from "./in-parallel.ts";
import { inspectRecord, placeOf } from "./inspect.ts";
import { type ManySettled } from "./list-requests.ts";
import { type Acting } from "./operator-context.ts";
import {
  type OperatorProblem,
  type OperatorProblemCode,
  codeOfRefusal,
  invalidRequest,
  isOperatorProblem,
  operatorProblem,
} from "./problem.ts";
import { type Given, type Order, type Settling, GivenBody, givenIn, orderOfSettling } from "./settle.ts";

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

export async function settleBatch(
  acting: Acting,
  items: readonly ManySettled[],
  { settle, dryRun }: How,
): Promise<readonly SettleResult[] | OperatorProblem> {
  const given = givenIn(settle);
  if (isOperatorProblem(given)) return given;
  const looked = await inParallel(items, (item) => lookAt(acting, item, given));
  const ready = looked.filter((one) => one.kind === "ready");
  if (dryRun || ready.length === 0) return looked.map((one) => (one.kind === "ready" ? readyResult(one) : one.result));
  const settled = await carryOutAll(acting, ready, settle.why);
  if (isOperatorProblem(settled)) return settled;
  return looked.map((one) => (one.kind === "ready" ? (settled.get(one) ?? readyResult(one)) : one.result));
}

async function lookAt(acting: Acting, item: ManySettled, given: Given): Promise<Ready | NotReady> {
  const inspection = await inspectRecord(acting.env, acting, item.record);
  if (inspection === null) return notReady(item, operatorProblem("unavailable"));
  const { facts, state, running } = inspection;
  if (facts === null) return notReady(item, operatorProblem(state === "none" ? "not_found" : "not_unknown"));
  const { tenant: hostname, operation, key, attemptId } = facts;
  if (running !== null) return notReady(item, operatorProblem("running"), facts);
  if (state !== "unknown") return notReady(item, operatorProblem("not_unknown"), facts);
  if (attemptId !== item.attempt_id) return notReady(item, operatorProblem("attempt_changed"), facts);
  const own = ownOf(item, given);
  const order = isOperatorProblem(own)
    ? own
    : orderOfSettling(own, attemptId, facts, policyOf(acting.tenant, operation));
  if (isOperatorProblem(order)) return notReady(item, order, facts);
  return { kind: "ready", item, hostname, operation, key, order };
}

/** A record may have an answer of its own: what the ledger has for it. All of these together are no longer than the request. */
function ownOf({ status, body }: ManySettled, given: Given): Given | OperatorProblem {
  if (status === undefined && body === undefined) return given;
  if (given.outcome !== "final") return invalidRequest("A request that was not executed has no answer.");
  const own = body === undefined ? given.body : new GivenBody(new TextEncoder().encode(body));
  return { ...given, status: status ?? given.status, body: own };
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
