/** What operators do to a record. Each is written into the audit before it is done, and its result after. */

import { type Placement } from "../config/policy.ts";
import { type Operation } from "../kept-record.ts";
import { log } from "../log.ts";
import { type Intent } from "./audit.ts";
import { journalOf, keyObjectOf } from "./journal-of.ts";
import { operatorProblem, problemOfRefusal } from "./problem.ts";
import { type Order } from "./settle.ts";

export interface Ordered extends Order {
  readonly hostname: string;
  readonly placement: Placement;
  readonly intent: Omit<Intent, "given">;
  readonly auditTtlMs: number;
}

export async function carryOut(env: Env, ordered: Ordered): Promise<Response> {
  const { hostname, placement, intent, command, body } = ordered;
  const seq = await intend(env, ordered);
  if (seq === null) return operatorProblem("audit_unavailable");
  let operation: Operation;
  try {
    operation = await keyObjectOf(env, intent.record, placement).operate(hostname, placement, command, body);
  } catch (error) {
    // It may have been done and its answer lost. The record says; the audit says that nobody knows.
    log({ event: "fault", id: intent.record.slice(0, 16), where: "operate", why: String(error) });
    await end(env, ordered, seq, null);
    return operatorProblem("unavailable");
  }
  await end(env, ordered, seq, operation);
  if (!operation.done) return operatorProblem(problemOfRefusal(operation.refusal));
  const { before, after } = operation;
  const view = { id: intent.record, action: intent.action, before, after, audit: seq };
  return Response.json(view, { headers: { "cache-control": "no-store" } });
}

/** The line's number; null where it could not be written. */
async function intend(env: Env, { hostname, placement, intent, given, auditTtlMs }: Ordered): Promise<number | null> {
  try {
    return await journalOf(env, hostname, placement).intend({ ...intent, given: JSON.stringify(given) }, auditTtlMs);
  } catch (error) {
    log({ event: "journal_failed", record: intent.record.slice(0, 16), why: String(error) });
    return null;
  }
}

/** What was done stays done where this fails: then the line has no result, and says no more than was meant. */
async function end(
  env: Env,
  { hostname, placement }: Ordered,
  seq: number,
  operation: Operation | null,
): Promise<void> {
  try {
    await journalOf(env, hostname, placement).ended(seq, resultOf(operation));
  } catch (error) {
    log({ event: "journal_failed", record: `audit ${seq}`, why: String(error) });
  }
}

function resultOf(operation: Operation | null) {
  if (operation === null) return { result: "failed", before: null, after: null } as const;
  const { before } = operation;
  if (!operation.done) return { result: "refused", before, after: operation.refusal } as const;
  return { result: "done", before, after: operation.after } as const;
}
