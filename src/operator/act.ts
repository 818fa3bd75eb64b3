/** Acts on a record, for the API and for the console. */

import { objectOf } from "../call/object-stub.ts";
import { readOperation } from "../config/operation.ts";
import { type Policy, type Tenant } from "../config/policy.ts";
import { type Intent, type Result } from "../journal/audit.ts";
import { type OperatedBy, type Operation } from "../key-object/operated-by.ts";
import { log } from "../log.ts";
import { type Command } from "../record/operate.ts";
import { type Audited, ended, intend } from "./audited.ts";
import { hostnameOf, inspectRecord, placeOf } from "./inspect.ts";
import { type Acting } from "./operator-context.ts";
import { type OperatorProblem, codeOfRefusal, isOperatorProblem, operatorProblem } from "./problem.ts";
import { type Reasoned, RECORD_ID } from "./requests.ts";
import { type Order, type Settling, givenAttempt, givenIn, orderOfSettling } from "./settle.ts";

/** An action that was carried out. */
export interface Acted {
  readonly kind: "acted";
  readonly id: string;
  readonly action: Command["action"];
  /** The record's state. */
  readonly before: string;
  readonly after: string;
  /** The number of its line in the audit log. */
  readonly audit: number;
}

export async function settle(acting: Acting, id: string, settling: Settling): Promise<Acted | OperatorProblem> {
  if (!RECORD_ID.test(id)) return operatorProblem("not_found");
  const given = givenIn(settling);
  if (isOperatorProblem(given)) return given;
  const inspection = await inspectRecord(acting.env, acting, id);
  if (inspection === null) return operatorProblem("unavailable");
  const { state, facts } = inspection;
  if (facts === null) return operatorProblem(state === "none" ? "not_found" : "not_unknown");
  const attemptId = settling.attempt_id ?? null;
  const order = orderOfSettling(given, attemptId, facts, policyOf(acting.tenant, facts.operation));
  if (isOperatorProblem(order)) return order;
  return act(acting, { record: id, action: "settle", why: settling.why }, order);
}

export function release(acting: Acting, id: string, reasoned: Reasoned): Promise<Acted | OperatorProblem> {
  return act(acting, { record: id, action: "release", why: reasoned.why }, orderOf("release", reasoned));
}

export function purge(acting: Acting, id: string, reasoned: Reasoned): Promise<Acted | OperatorProblem> {
  return act(acting, { record: id, action: "purge", why: reasoned.why }, orderOf("purge", reasoned));
}

function orderOf(action: "release" | "purge", { attempt_id }: Reasoned): Order {
  const attemptId = attempt_id ?? null;
  return { command: { action, attemptId }, body: null, given: givenAttempt(attemptId) };
}

export function policyOf(tenant: Tenant, operation: string): Policy {
  const { method, path, names } = readOperation(operation);
  return tenant.policyFor(method, path, names);
}

interface Given extends Pick<Intent, "record" | "why"> {
  readonly action: Command["action"];
}

/** The action goes on and is audited where the operator disconnects. */
async function act(acting: Acting, given: Given, order: Order): Promise<Acted | OperatorProblem> {
  if (!RECORD_ID.test(given.record)) return operatorProblem("not_found");
  const { env, ctx, tenant, role, operator } = acting;
  const done = hostnameOf(env, acting, given.record).then(
    (hostname) => {
      const intent = { ...given, hostname, token: role, operator };
      return carryOut(env, { ...order, journal: placeOf(tenant), intent, auditTtlMs: tenant.operators.auditTtlMs });
    },
    (error: unknown) => {
      const { record } = given;
      log({ event: "fault", id: record, where: "operate", why: String(error), tenant: acting.hostname, record });
      return operatorProblem("unavailable");
    },
  );
  ctx.waitUntil(done);
  return done;
}

interface Ordered extends Order, Audited {
  readonly intent: Audited["intent"] & Given;
}

async function carryOut(env: Env, ordered: Ordered): Promise<Acted | OperatorProblem> {
  const { journal, intent, command, body } = ordered;
  const seq = await intend(env, ordered);
  if (seq === null) return operatorProblem("audit_unavailable");
  const by = { tenant: intent.hostname, journal, role: intent.token };
  const operation = await operateOn(env, { record: intent.record, by, command, body });
  await ended(env, ordered, seq, resultOf(operation));
  if (operation === null) return operatorProblem("unavailable");
  if (!operation.done) return operatorProblem(codeOfRefusal(operation.refusal));
  const { before, after } = operation;
  return { kind: "acted", id: intent.record, action: intent.action, before, after, audit: seq };
}

interface OperatedOn extends Pick<Order, "command" | "body"> {
  readonly record: string;
  readonly by: OperatedBy;
}

/** Null where the call failed: the action may have been carried out. The record has its state, and nothing here claims either. */
export async function operateOn(env: Env, { record, by, command, body }: OperatedOn): Promise<Operation | null> {
  try {
    return await objectOf(env.KEYS, record, by.journal.placement).operate(by, command, body);
  } catch (error) {
    log({ event: "fault", id: record, where: "operate", why: String(error), tenant: by.tenant, record });
    return null;
  }
}

export function resultOf(operation: Operation | null): Result {
  if (operation === null) return { result: "failed", before: null, after: null };
  const { before } = operation;
  if (!operation.done) return { result: "refused", before, after: operation.refusal };
  return { result: "done", before, after: operation.after };
}
