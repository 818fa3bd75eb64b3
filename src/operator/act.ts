/** Reads a record and acts on it, for the API and for the console. */

import { objectOf } from "../call/object-stub.ts";
import { type JournalPlace, type Policy, type Tenant } from "../config/policy.ts";
import { tenantOf } from "../config/tenants.ts";
import { journalOf } from "../journal/journal-of.ts";
import { type Operation } from "../key-object/kept-record.ts";
import { matchingPath } from "../http/matching-path.ts";
import { isRefusal } from "../http/problem.ts";
import { log } from "../log.ts";
import { type Intent } from "../journal/audit.ts";
import { type Inspection } from "../key-object/inspection.ts";
import { type OperatorProblem, codeOfRefusal, isOperatorProblem, operatorProblem } from "./problem.ts";
import { RECORD_ID } from "./requests.ts";
import { type Order, type Settling, orderOfSettling } from "./settle.ts";
import { type Role } from "../config/operator-token.ts";

interface Of {
  readonly hostname: string;
  readonly tenant: Tenant;
}

/** The operator who acts, and the hostname that the token is valid for. */
export interface Acting extends Of {
  readonly env: Env;
  readonly ctx: Pick<ExecutionContext, "waitUntil">;
  readonly role: Role;
  /** The operator's name as given: it is not verified. */
  readonly operator: string | null;
}

/** An action that was carried out. */
export interface Acted {
  readonly kind: "acted";
  readonly id: string;
  readonly action: Intent["action"];
  /** The record's state. */
  readonly before: string;
  readonly after: string;
  /** The number of its line in the audit log. */
  readonly audit: number;
}

/**
 * The hostname of a record that the operator may see: the requested one, or another that the same entry serves. The object
 * then answers for this hostname only. May throw where the object or KV does not answer.
 */
async function hostnameOf(env: Env, { hostname, tenant }: Of, id: string): Promise<string> {
  if (!tenant.entry.startsWith("*")) return hostname;
  const { facts } = await objectOf(env.KEYS, id, tenant.placement).inspect(null, placeOf(tenant), null);
  if (facts === null || facts.tenant === hostname) return hostname;
  const serving = await tenantOf(env, facts.tenant);
  return !isRefusal(serving) && serving.entry === tenant.entry ? facts.tenant : hostname;
}

function placeOf({ entry, placement }: Tenant): JournalPlace {
  return { entry, placement };
}

/** Null where the object does not answer. */
export async function inspectRecord(
  env: Env,
  { hostname, tenant }: Of,
  id: string,
  bodyBytesMax: number | null,
): Promise<Inspection | null> {
  try {
    const object = objectOf(env.KEYS, id, tenant.placement);
    return await object.inspect(await hostnameOf(env, { hostname, tenant }, id), placeOf(tenant), bodyBytesMax);
  } catch (error) {
    log({ event: "fault", id: id.slice(0, 16), where: "inspect", why: String(error) });
    return null;
  }
}

export async function settle(acting: Acting, id: string, settling: Settling): Promise<Acted | OperatorProblem> {
  if (!RECORD_ID.test(id)) return operatorProblem("not_found");
  const inspection = await inspectRecord(acting.env, acting, id, null);
  if (inspection === null) return operatorProblem("unavailable");
  const { state, facts } = inspection;
  if (facts === null) return operatorProblem(state === "none" ? "not_found" : "not_unknown");
  const order = orderOfSettling(settling, facts, policyOf(acting.tenant, facts.operation));
  if (isOperatorProblem(order)) return order;
  return act(acting, { record: id, action: "settle", why: settling.why }, order);
}

export function release(acting: Acting, id: string, why: string): Promise<Acted | OperatorProblem> {
  return act(acting, { record: id, action: "release", why }, { command: { action: "release" }, body: null, given: {} });
}

export function purge(acting: Acting, id: string, why: string): Promise<Acted | OperatorProblem> {
  return act(acting, { record: id, action: "purge", why }, { command: { action: "purge" }, body: null, given: {} });
}

function policyOf(tenant: Tenant, operation: string): Policy {
  const [method = "", path = ""] = operation.split(" ");
  return tenant.policyFor(method, matchingPath(path));
}

/** The action goes on and is audited where the operator disconnects. */
async function act(
  acting: Acting,
  given: Pick<Intent, "record" | "action" | "why">,
  order: Order,
): Promise<Acted | OperatorProblem> {
  if (!RECORD_ID.test(given.record)) return operatorProblem("not_found");
  const { env, ctx, tenant, role, operator } = acting;
  const done = hostnameOf(env, acting, given.record).then(
    (hostname) => {
      const intent = { ...given, hostname, token: role, operator };
      return carryOut(env, { ...order, journal: placeOf(tenant), intent, auditTtlMs: tenant.operators.auditTtlMs });
    },
    (error: unknown) => {
      log({ event: "fault", id: given.record.slice(0, 16), where: "operate", why: String(error) });
      return operatorProblem("unavailable");
    },
  );
  ctx.waitUntil(done);
  return done;
}

interface Ordered extends Order {
  readonly journal: JournalPlace;
  readonly intent: Omit<Intent, "given">;
  readonly auditTtlMs: number;
}

async function carryOut(env: Env, ordered: Ordered): Promise<Acted | OperatorProblem> {
  const { journal, intent, command, body } = ordered;
  const seq = await intend(env, ordered);
  if (seq === null) return operatorProblem("audit_unavailable");
  let operation: Operation;
  try {
    const by = { tenant: intent.hostname, journal, role: intent.token };
    operation = await objectOf(env.KEYS, intent.record, journal.placement).operate(by, command, body);
  } catch (error) {
    // The action may have been carried out. The record has its state; the audit log gets "failed", which claims neither.
    log({ event: "fault", id: intent.record.slice(0, 16), where: "operate", why: String(error) });
    await end(env, ordered, seq, null);
    return operatorProblem("unavailable");
  }
  await end(env, ordered, seq, operation);
  if (!operation.done) return operatorProblem(codeOfRefusal(operation.refusal));
  const { before, after } = operation;
  return { kind: "acted", id: intent.record, action: intent.action, before, after, audit: seq };
}

/** The number of the audit line; null where it could not be written. */
async function intend(env: Env, { journal, intent, given, auditTtlMs }: Ordered): Promise<number | null> {
  try {
    return await journalOf(env, journal).intend({ ...intent, given: JSON.stringify(given) }, auditTtlMs);
  } catch (error) {
    log({ event: "journal_failed", record: intent.record.slice(0, 16), why: String(error) });
    return null;
  }
}

/** Where this fails, the action stays done and its audit line has no result. */
async function end(env: Env, { journal }: Ordered, seq: number, operation: Operation | null): Promise<void> {
  try {
    await journalOf(env, journal).ended(seq, resultOf(operation));
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
