/** A request on its way through the gateway, with what its steps need. */

import { tokenSecrets } from "../config/token-secrets.ts";
import { type Destination } from "./destination.ts";
import { Incoming } from "./incoming.ts";
import { RequestMetrics } from "./request-metrics.ts";

export interface RequestContext {
  readonly incoming: Incoming;
  readonly destination: Destination;
  readonly metrics: RequestMetrics;
  readonly env: Env;
  readonly ctx: Pick<ExecutionContext, "waitUntil">;
}

export function requestContext(
  request: Request,
  destination: Destination,
  env: Env,
  ctx: RequestContext["ctx"],
): RequestContext {
  const incoming = new Incoming(request, destination.policy, tokenSecrets(env, destination.tenant.entry));
  return { incoming, destination, metrics: new RequestMetrics(env, destination, request.method), env, ctx };
}
