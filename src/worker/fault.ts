/** What is wrong with the gateway or its configuration is for the operator alone, who finds it in the log by an id. */

import { PROBLEMS } from "../http/problem-codes.ts";
import { type ErrorRules, type Refusal, problemResponse, refuse } from "../http/problem.ts";
import { log } from "../log.ts";

/** Tells the client the id, and the log the rest. Other refusals stay as they are. */
export function withOpaqueId(refused: Refusal, why: string): Refusal {
  const { code } = refused;
  const { detail } = PROBLEMS[code];
  if (code !== "internal" && code !== "misconfigured") return refused;
  const id = crypto.randomUUID();
  log({ event: "fault", id, where: code, why });
  return refuse(code, `${detail} The gateway's log tells more under ${id}.`);
}

/** A fault of the gateway, before any key object was asked. Without `rules` where it came before the policy was found. */
export function faultResponse(error: unknown, request: Request, rules?: ErrorRules): Response {
  const why = (error instanceof Error && error.stack) || String(error);
  return problemResponse(withOpaqueId(refuse("internal"), why), URL.parse(request.url), rules);
}
