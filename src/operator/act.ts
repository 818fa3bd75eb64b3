/** Looking at a record and acting on it, for whoever asks: the API, or the console. */

import { type Policy, type Tenant } from "../config/policy.ts";
import { matchingPath } from "../http/matching-path.ts";
import { log } from "../log.ts";
import { carryOut } from "./actions.ts";
import { type Intent } from "./audit.ts";
import { type Inspection } from "./inspect.ts";
import { keyObjectOf } from "./journal-of.ts";
import { operatorProblem } from "./problem.ts";
import { RECORD_ID } from "./requests.ts";
import { type Order, type Settling, orderOfSettling } from "./settle.ts";
import { type Role } from "./tokens.ts";

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
    return await keyObjectOf(env, id, tenant.placement).inspect(hostname, tenant.placement, bodyBytesMax);
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
