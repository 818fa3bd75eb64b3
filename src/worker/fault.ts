/** Faults of the gateway and its configuration: the client gets an opaque id, the operator finds the cause in the log by it. */

import { type Refusal, refuse, refuseWithId } from "../http/problem.ts";
import { log } from "../log.ts";

/** Moves `why` into the log, under an id that the client gets. Refusals that are no fault stay as they are. */
export function withOpaqueId(refusal: Refusal, why: string): Refusal {
  const { code } = refusal;
  if (code !== "internal" && code !== "misconfigured") return refusal;
  const id = crypto.randomUUID();
  log({ event: "fault", id, where: code, why });
  return refuseWithId(code, id);
}

/** The refusal for an unexpected error that was thrown before the key object was called. */
export function faultOf(error: unknown): Refusal {
  const why = (error instanceof Error && error.stack) || String(error);
  return withOpaqueId(refuse("internal"), why);
}

/** The refusal for an unexpected error that may follow a request to the origin. It claims nothing about that request. */
export function lateFaultOf(error: unknown): Refusal {
  const id = crypto.randomUUID();
  log({ event: "fault", id, where: "answer", why: (error instanceof Error && error.stack) || String(error) });
  const detail = "The gateway failed. It is not known whether the request took effect.";
  return { ...refuse("origin_unreachable", `${detail} The gateway's log has the cause under ${id}.`), instance: id };
}
