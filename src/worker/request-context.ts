/** A request on its way through the gateway, with what its steps need. */

import { tokenSecrets } from "../config/token-secrets.ts";
import { hasUnusualBody } from "../http/methods.ts";
import { type Refusal, isRefusal } from "../http/problem.ts";
import { withCallersOf } from "../config/one-caller.ts";
import { type CalledNames, callsAt, strictestPolicy } from "../config/strictest-policy.ts";
import { type Destination } from "./destination.ts";
import { Incoming } from "./incoming.ts";
import { unreachable } from "../record/record.ts";
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

/**
 * The context by the rules of the JSON-RPC calls in the body, where routes name some (docs/protocol.md 3.2.7). Only there, the body
 * is read for this, within the bounds that apply without a call.
 */
export async function withCall(context: RequestContext): Promise<RequestContext | Refusal> {
  const { incoming, destination, metrics } = context;
  const { configured, path } = destination;
  const named = callsAt(configured, incoming.request, path);
  if (named.length === 0 || incoming.bodyKind === null) return context;
  const calls = await calledIn(incoming, named);
  if (isRefusal(calls)) return calls;
  const rules = strictestPolicy(configured, incoming.request, path, calls);
  metrics.follows(rules.policy);
  const tenant = withCallersOf(configured, rules.policy);
  return { ...context, destination: { ...destination, tenant, ...rules } };
}

/** Where the body can't be read as JSON-RPC, an origin may find any of the calls in it. */
async function calledIn(incoming: Incoming, named: readonly string[]): Promise<CalledNames | Refusal> {
  const any: CalledNames = [[], ...named.map((call) => [call])];
  // Once it is read, the body of a GET can't be passed on.
  if (incoming.bodyKind !== "json" || hasUnusualBody(incoming.request)) return any;
  const content = await incoming.content();
  if (isRefusal(content)) return content;
  if (content.json === null) return any;
  const message = await incoming.message();
  if (isRefusal(message)) return message;
  switch (message.kind) {
    case "calls":
    case "unclear calls":
      return message.names ?? any;
    case "unanswered":
      return [[]];
    case "other":
      return any;
    default:
      return unreachable(message);
  }
}
