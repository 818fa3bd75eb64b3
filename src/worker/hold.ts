/** Requests on hold (docs/protocol.md 4.6): nothing new is executed, and what is known is answered. */

import { holdsOf } from "../config/holds.ts";
import { methodsOf } from "../config/strictest-policy.ts";
import { type RequestContext, anyCallOf } from "./request-context.ts";

/** The context with the hold that covers its request. It is looked up only where a policy may cover the request. */
export async function withHold(context: RequestContext): Promise<RequestContext> {
  const { destination, incoming, env } = context;
  if (!destination.isCovered && anyCallOf(context) === null) return context;
  const { hostname, tenant, path } = destination;
  const holds = await holdsOf(env, hostname, tenant.entry);
  const hold = holds.find(({ covers }) => methodsOf(incoming).some((method) => covers(method, path)));
  return hold === undefined ? context : { ...context, destination: { ...destination, hold } };
}
