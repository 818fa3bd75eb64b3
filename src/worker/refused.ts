/** Refusals of requests that have no line of their own in the log: the response, and the line with its id (docs/protocol.md 6.3.5). */

import { HOSTNAME_CHARACTERS_MAX } from "../http/host.ts";
import {
  type ErrorRules,
  type Refusal,
  identified,
  instanceUri,
  plainProblem,
  problemResponse,
} from "../http/problem.ts";
import { log } from "../log.ts";

/** `rules` are those of the tenant; none where it is not known. */
export function refusedResponse(refusal: Refusal, url: URL | null, rules?: ErrorRules): Response {
  const known = identified(refusal);
  const response = problemResponse(known, url, rules);
  logRefused(known.instance, url, known.code, response.status);
  return response;
}

/** For a method that is never forwarded, whatever the tenant is. */
export function methodNotAllowed(url: URL | null, allow: string): Response {
  const instance = crypto.randomUUID();
  logRefused(instance, url, "method_not_allowed", 405);
  return plainProblem(405, "Method Not Allowed", { allow }, { instance: instanceUri(instance) });
}

function logRefused(instance: string, url: URL | null, code: string, status: number): void {
  const tenant = (url?.hostname ?? "").slice(0, HOSTNAME_CHARACTERS_MAX);
  log({ event: "refused", instance: instanceUri(instance), tenant, code, status });
}
