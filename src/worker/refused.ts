/** Refusals of requests that have a tenant and no line of their own in the log: the response, and the line with its id (docs/protocol.md 6.3.5). */

import { dataset } from "../config/bindings.ts";
import { versionOf } from "../config/version.ts";
import { HOSTNAME_CHARACTERS_MAX } from "../http/host.ts";
import { type ErrorRules, type Refusal, identified, instanceUri, problemResponse } from "../http/problem.ts";
import { type LogEvent, log } from "../log.ts";
import { refusedPoint } from "./event-point.ts";
import { EVENTS } from "./request-metrics.ts";

export interface RefusedRequest {
  readonly url: URL;
  readonly hostname: string;
  readonly env: object;
  /** Those of the tenant. */
  readonly rules: ErrorRules;
}

export type RefusedEvent = Extract<LogEvent, { event: "refused" }>;

export function refusedResponse(refusal: Refusal, { url, hostname, env, rules }: RefusedRequest): Response {
  const known = identified(refusal);
  const response = problemResponse(known, url, rules);
  const name = hostname.slice(0, HOSTNAME_CHARACTERS_MAX);
  const { code, instance } = known;
  const { status } = response;
  const about = { tenant: name, hostname: name, code, status, count: 1 };
  reportRefused({ event: "refused", instance: instanceUri(instance), ...about }, env);
  return response;
}

/** Writes the line and the point. */
export function reportRefused(event: RefusedEvent, env: object): void {
  log(event);
  dataset(env, EVENTS)?.writeDataPoint(refusedPoint(event, versionOf(env)));
}
