/** A request on its way through the gateway, with what its steps need. */

import { withCallersOf } from "../config/one-caller.ts";
import { type AppliedPolicy, type CalledNames, callsAt, strictestPolicy } from "../config/strictest-policy.ts";
import { tokenSecrets } from "../config/token-secrets.ts";
import { hasUnusualBody } from "../http/methods.ts";
import { type Refusal, isRefusal, refuse } from "../http/problem.ts";
import { unreachable } from "../record/record.ts";
import { callsFoundIn, notificationsFoundIn } from "./called-routes.ts";
import { type Destination, isOnHold } from "./destination.ts";
import { Incoming, type ReceivedRequest } from "./incoming.ts";
import { RequestMetrics } from "./request-metrics.ts";

export interface RequestContext {
  readonly incoming: Incoming;
  readonly destination: Destination;
  readonly metrics: RequestMetrics;
  readonly env: Env;
  readonly ctx: Pick<ExecutionContext, "waitUntil">;
}

export function requestContext(
  received: ReceivedRequest,
  destination: Destination,
  env: Env,
  ctx: RequestContext["ctx"],
): RequestContext {
  const incoming = new Incoming(received, destination.policy, tokenSecrets(env, destination.tenant.entry));
  return { incoming, destination, metrics: new RequestMetrics(env, destination, incoming.method), env, ctx };
}

/**
 * The context by the rules of the JSON-RPC calls in the body, where routes name some (docs/protocol.md 3.2.7). The body is read only
 * where one of these rules may refuse it: a request that is observed stays as it is.
 */
export async function withCall(context: RequestContext): Promise<RequestContext | Refusal> {
  const any = anyCallOf(context);
  if (any === null) return context;
  const rules = rulesFor(context, any);
  const isObserved = rules.policy.mode === "observe";
  if (!rules.isCovered || (isObserved && context.destination.hold === null)) return following(context, rules);
  const read = await withCallRead(context);
  // Without the hold, it would pass through, whatever its body is.
  return isObserved && isRefusal(read) ? refuse("on_hold") : read;
}

/** The same, and the body is read in any case. It may be that of a copy. */
export async function withCallRead(context: RequestContext): Promise<RequestContext | Refusal> {
  const any = anyCallOf(context);
  if (any === null) return context;
  const calls = await calledIn(context.incoming, any);
  if (isRefusal(calls)) return calls;
  const notified = notificationsFoundIn(context.incoming.messageIfRead, any);
  const withThem = notified.length === 0 ? null : rulesFor(context, [...calls, ...notified]);
  const isHeldByThem = withThem !== null && isOnHold({ ...context.destination, ...withThem });
  return following(context, isHeldByThem ? withThem : rulesFor(context, calls));
}

/** The calls that a body may hold before it is read. Null where the rules don't depend on it. */
export function anyCallOf({
  incoming,
  destination,
}: Pick<RequestContext, "incoming" | "destination">): CalledNames | null {
  const named = callsAt(destination.configured, incoming, destination.path);
  return named.length === 0 || incoming.bodyKind === null ? null : [[], ...named.map((call) => [call])];
}

function rulesFor({ incoming, destination }: RequestContext, calls: CalledNames): AppliedPolicy {
  return strictestPolicy(destination.configured, incoming, destination.path, calls);
}

function following(context: RequestContext, rules: AppliedPolicy): RequestContext {
  const { destination, metrics } = context;
  metrics.follows(rules.policy);
  const tenant = withCallersOf(destination.configured, rules);
  return { ...context, destination: { ...destination, tenant, ...rules } };
}

/** Where the body can't be read as JSON-RPC, an origin may find any of the calls in it. */
async function calledIn(incoming: Incoming, any: CalledNames): Promise<CalledNames | Refusal> {
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
      return message.called === null ? any : callsFoundIn(message.called, any.flat());
    case "unanswered":
      return [[]];
    case "other":
      return any;
    default:
      return unreachable(message);
  }
}
