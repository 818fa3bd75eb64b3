/** Looking at a record and acting on it, for whoever asks: the API, or the console. */

import { objectOf } from "../call/object-stub.ts";
import { type Placement, type Policy, type Tenant } from "../config/policy.ts";
import { journalOf } from "../journal/journal-of.ts";
import { type Operation } from "../key-object/kept-record.ts";
import { matchingPath } from "../http/matching-path.ts";
import { log } from "../log.ts";
import { type Intent } from "../journal/audit.ts";
import { type Inspection } from "../key-object/inspection.ts";
import { operatorProblem, problemOfRefusal } from "./problem.ts";
import { RECORD_ID } from "./requests.ts";
import { type Order, type Settling, orderOfSettling } from "./settle.ts";
import { type Role } from "../config/operator-token.ts";

interface Of {
  readonly hostname: string;
  readonly tenant: Tenant;
}

/** Who acts, and under which hostname. */
export interface Acting extends Of {
  readonly env: Env;
  readonly ctx: Pick<ExecutionContext, "waitUntil">;
  readonly role: Role;
  /** What the operator is called; a name, and no proof. */
  readonly operator: string | null;
}

/** Null where the object does not answer. */
export async function inspectRecord(
  env: Env,
  { hostname, tenant }: Of,
  id: string,
  bodyBytesMax: number | null,
): Promise<Inspection | null> {
  try {
    return await objectOf(env.KEYS, id, tenant.placement).inspect(hostname, tenant.placement, bodyBytesMax);
  } catch (error) {
    log({ event: "fault", id: id.slice(0, 16), where: "inspect", why: String(error) });
    return null;
  }
}

export async function settle(acting: Acting, id: string, settling: Settling): Promise<Response> {
  if (!RECORD_ID.test(id)) return operatorProblem("not_found");
  const inspection = await inspectRecord(acting.env, acting, id, null);
  if (inspection === null) return operatorProblem("unavailable");
  const { state, facts } = inspection;
  if (facts === null) return operatorProblem(state === "none" ? "not_found" : "not_unknown");
  const order = orderOfSettling(settling, facts, policyOf(acting.tenant, facts.operation));
  if (typeof order === "string") return operatorProblem("invalid_request", order);
  return act(acting, id, "settle", settling.why, order);
}

export function release(acting: Acting, id: string, why: string): Promise<Response> {
  return act(acting, id, "release", why, { command: { action: "release" }, body: null, given: {} });
}

export function purge(acting: Acting, id: string, why: string): Promise<Response> {
  return act(acting, id, "purge", why, { command: { action: "purge" }, body: null, given: {} });
}

function policyOf(tenant: Tenant, operation: string): Policy {
  const [method = "", path = ""] = operation.split(" ");
  return tenant.policyFor(method, matchingPath(path));
}

/** An operator who hangs up changes nothing: what was begun comes to its end, and into the audit. */
async function act(
  { env, ctx, hostname, tenant, role, operator }: Acting,
  record: string,
  action: Intent["action"],
  why: string,
  order: Order,
): Promise<Response> {
  if (!RECORD_ID.test(record)) return operatorProblem("not_found");
  const { placement, operators } = tenant;
  const intent = { record, token: role, operator, action, why };
  const done = carryOut(env, { ...order, hostname, placement, intent, auditTtlMs: operators.auditTtlMs });
  ctx.waitUntil(done);
  return done;
}

interface Ordered extends Order {
  readonly hostname: string;
  readonly placement: Placement;
  readonly intent: Omit<Intent, "given">;
  readonly auditTtlMs: number;
}

async function carryOut(env: Env, ordered: Ordered): Promise<Response> {
  const { hostname, placement, intent, command, body } = ordered;
  const seq = await intend(env, ordered);
  if (seq === null) return operatorProblem("audit_unavailable");
  let operation: Operation;
  try {
    operation = await objectOf(env.KEYS, intent.record, placement).operate(hostname, placement, command, body);
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
