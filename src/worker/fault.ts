/** Faults of the gateway and its configuration: the client gets an opaque id, the operator finds the cause in the log by it. */

import { type Refusal, refuse, refuseWithId } from "../http/problem.ts";
import { NOWHERE, type Where, log } from "../log.ts";

/** Moves `why` into the log, under an id that the client gets. Refusals that are no fault stay as they are. */
export function withOpaqueId(refusal: Refusal, why: string, where: Where = NOWHERE): Refusal {
  const { code } = refusal;
  if (code !== "internal" && code !== "misconfigured") return refusal;
  const id = crypto.randomUUID();
  log({ event: "fault", id, where: code, why, tenant: where.tenant, record: where.record });
  return refuseWithId(code, id);
}

/** The refusal for an unexpected error that was thrown before the key object was called. */
export function faultOf(error: unknown, where: Where = NOWHERE): Refusal {
  return withOpaqueId(refuse("internal"), stackOf(error), where);
}

/** The refusal for an unexpected error that may follow a request to the origin. It claims nothing about that request. */
export function lateFaultOf(error: unknown, where: Where = NOWHERE): Refusal {
  const id = crypto.randomUUID();
  log({ event: "fault", id, where: "answer", why: stackOf(error), tenant: where.tenant, record: where.record });
  const detail = "The gateway failed. It is not known whether the request took effect.";
  return { ...refuse("origin_unreachable", `${detail} The gateway's log has the cause under ${id}.`), instance: id };
}

function stackOf(error: unknown): string {
  return (error instanceof Error && error.stack) || String(error);
}
