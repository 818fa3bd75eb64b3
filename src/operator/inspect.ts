/** Reads a record, for the API and for the console. */

import { objectOf } from "../call/object-stub.ts";
import { type JournalPlace, type Tenant } from "../config/policy.ts";
import { tenantOf } from "../config/tenants.ts";
import { isRefusal } from "../http/problem.ts";
import { type Result } from "../journal/audit.ts";
import { type Inspection } from "../key-object/inspection.ts";
import { log } from "../log.ts";
import { type Audited, ended, intend } from "./audited.ts";
import { type Acting, type Operated } from "./operator-context.ts";
import { type OperatorProblem, operatorProblem } from "./problem.ts";

/** Sent as base64 in JSON, which is held in memory as a whole. */
const BODY_SHOWN_BYTES_MAX = 5_000_000;

/**
 * The hostname of a record that the operator may see: the requested one, or another that the same entry serves. The object
 * then answers for this hostname only. May throw where the object or KV does not answer.
 */
export async function hostnameOf(env: Env, { hostname, tenant }: Operated, id: string): Promise<string> {
  if (!tenant.entry.startsWith("*")) return hostname;
  const recorded = await objectOf(env.KEYS, id, tenant.placement).hostname();
  if (recorded === null || recorded === hostname) return hostname;
  const serving = await tenantOf(env, recorded);
  return !isRefusal(serving) && serving.entry === tenant.entry ? recorded : hostname;
}

export function placeOf({ entry, placement }: Tenant): JournalPlace {
  return { entry, placement };
}

/** Without the body of the answer. Null where the object does not answer. */
export function inspectRecord(env: Env, of: Operated, id: string): Promise<Inspection | null> {
  return inspectUpTo(null, env, of, id);
}

/** With the body of the answer, if it is not too large. Reading it is written to the audit log first. */
export async function inspectWithBody(acting: Acting, id: string): Promise<Inspection | OperatorProblem> {
  const { env, ctx, tenant, role, operator } = acting;
  const seen = await inspectRecord(env, acting, id);
  if (seen === null) return operatorProblem("unavailable");
  const { facts, answer } = seen;
  if (facts === null || answer === null || answer.bodyBytes > BODY_SHOWN_BYTES_MAX) return seen;
  const intent = { record: id, hostname: facts.tenant, action: "read", why: "", token: role, operator } as const;
  const given = { body_bytes: answer.bodyBytes };
  const audited = { journal: placeOf(tenant), intent, given, auditTtlMs: tenant.operators.auditTtlMs };
  const done = readBody(acting, audited);
  ctx.waitUntil(done);
  return done;
}

async function readBody(acting: Acting, audited: Audited): Promise<Inspection | OperatorProblem> {
  const { env } = acting;
  const seq = await intend(env, audited);
  if (seq === null) return operatorProblem("audit_unavailable");
  const read = await inspectUpTo(BODY_SHOWN_BYTES_MAX, env, acting, audited.intent.record);
  await ended(env, audited, seq, resultOf(read));
  return read ?? operatorProblem("unavailable");
}

function resultOf(read: Inspection | null): Result {
  if (read === null) return { result: "failed", before: null, after: null };
  const { state, answer } = read;
  if (answer?.body instanceof Uint8Array) return { result: "done", before: state, after: state };
  return { result: "refused", before: state, after: "not_stored" };
}

async function inspectUpTo(
  bodyBytesMax: number | null,
  env: Env,
  of: Operated,
  id: string,
): Promise<Inspection | null> {
  try {
    const object = objectOf(env.KEYS, id, of.tenant.placement);
    return await object.inspect(await hostnameOf(env, of, id), placeOf(of.tenant), bodyBytesMax);
  } catch (error) {
    log({ event: "fault", id, where: "inspect", why: String(error), tenant: of.hostname, record: id });
    return null;
  }
}
