/** The Worker: how a request goes from the client to a record or to the origin, and back. */

import { HonoBase } from "hono/hono-base";
import { TrieRouter } from "hono/router/trie-router";
import { type Callee, askKeyObject, askOnHold, lookAtFormerRecord } from "../call/ask-key-object.ts";
import { type Reply } from "../call/call.ts";
import { objectOf } from "../call/object-stub.ts";
import { ReadFields } from "../http/fields.ts";
import { isLoop } from "../http/headers.ts";
import { isNeverForwarded } from "../http/methods.ts";
import { grantedWait } from "../http/prefer.ts";
import { type Refusal, isRefusal, refuse } from "../http/problem.ts";
import { type Key } from "../identity/key-carrier.ts";
import { keyDigest } from "../identity/record-id.ts";
import { callersOf } from "./callers.ts";
import { destinationOf, isOnHold, leavesBase, pathOf } from "./destination.ts";
import { faultOf, lateFaultOf } from "./fault.ts";
import { withHold } from "./hold.ts";
import { readKeyedRequest } from "./keyed-request.ts";
import { observe } from "./observe.ts";
import { passThrough } from "./pass-through.ts";
import { overRateLimit } from "./rate-limit.ts";
import { methodNotAllowed, refusedEarly } from "./refused-early.ts";
import { type RequestContext, requestContext, withCall } from "./request-context.ts";
import { keyOf } from "./request-key.ts";
import { reservedPaths } from "./reserved-paths.ts";
import { type RequestResult, respond } from "./respond.ts";
import { replyToCalls } from "./rpc-reply.ts";
import { discardUnread } from "./unread-body.ts";

// Matches a path as policies do (docs/protocol.md 3.2.3). The router is the one that policies use already.
export const gateway = new HonoBase<{ Bindings: Env }>({ router: new TrieRouter(), getPath: pathOf });

// The reserved paths have middleware of their own. Every other request is one match and one handler.
gateway.route("/", reservedPaths);
gateway.all("*", (c) => forward(c.req.raw, c.env, c.executionCtx));

// The last resort: the request may have reached the origin.
gateway.onError((error, c) => refusedEarly(lateFaultOf(error), c.req.raw, c));

async function forward(request: Request, env: Env, ctx: RequestContext["ctx"]): Promise<Response> {
  const came = { request, headers: new ReadFields(request.headers) };
  if (isNeverForwarded(request.method, came.headers)) {
    return methodNotAllowed(request, { env, executionCtx: ctx });
  }
  const destination = await destinationOf(came, env).catch((error: unknown) => faultOf(error));
  if (isRefusal(destination)) return refusedEarly(destination, request, { env, executionCtx: ctx });
  const received = requestContext(came, destination, env, ctx);
  const { where } = received.metrics;
  const routed = await withHold(received)
    .then(withCall)
    .catch((error: unknown) => faultOf(error, where));
  const context = isRefusal(routed) ? received : routed;
  // Only what precedes a call or a forward can throw here. What follows one is a value.
  const result = isRefusal(routed)
    ? refused(routed)
    : await route(context).catch((error: unknown): RequestResult => refused(faultOf(error, context.metrics.where)));
  context.incoming.releaseBody();
  // Cloudflare's edge itself takes the rest of an upload while it sends the response.
  if (isRefused(result) && destination.connection.edge !== "cloudflare") {
    // The refusal is known, and a body that can't be read must not turn it into another response.
    await discardUnread(request).catch(() => undefined);
  }
  return respond(context, result);
}

/** Sends the request to its record, or straight to the origin where no record covers it. */
async function route(context: RequestContext): Promise<RequestResult> {
  const { incoming, destination } = context;
  const { headers } = incoming;
  const { policy } = destination;
  if (isLoop(headers)) return refused(refuse("loop_detected"));
  if (leavesBase(destination)) return refused(refuse("path_refused"));
  if (policy.mode === "observe" && !isOnHold(destination)) return observe(context);
  const key = await keyOf(incoming, destination);
  if (key === null) {
    // What was parsed of a small body may take many times its memory, and the origin may take long.
    incoming.releaseContent();
    return { kind: "passed through", sent: await passThrough(incoming, destination, context) };
  }
  if (isRefusal(key)) return { kind: "without key", refusal: key };
  const wait = grantedWait(headers.get("prefer"), policy.waitMs);
  return { kind: "keyed", key, reply: await askRecord(context, key, wait.ms), waitSeconds: wait.askedSeconds };
}

/** Each step may refuse. Nothing is sent to the origin before the last one. */
async function askRecord(context: RequestContext, key: Key, waitMs: number): Promise<Reply | Refusal> {
  const { incoming, destination, metrics, env } = context;
  const { tenant } = destination;
  const calleeOf = (recordId: string): Callee => ({
    recordId,
    freshStub: () => objectOf(env.KEYS, recordId, tenant.placement),
  });
  const [callers, ofKey] = await Promise.all([callersOf(incoming, tenant, Date.now()), keyDigest(key.value)]);
  metrics.found({ keyDigest: ofKey, isDerived: key.isDerived });
  if (isRefusal(callers)) return callers;
  metrics.found({ callerDigest: callers.now.digest });
  const limited = await overRateLimit(destination, callers.now, env);
  if (limited !== null) return limited;
  const keyed = await readKeyedRequest(incoming, destination, { key, callers, waitMs });
  if (isRefusal(keyed)) return keyed;
  const { recordId, call, former } = keyed;
  if (former !== null) {
    metrics.calls(former.recordId, callers.former?.digest ?? callers.now.digest);
    const reply = await lookAtFormerRecord(calleeOf(former.recordId), former.call, former.recordId === recordId);
    if (reply !== null) return replyToCalls(reply, call.request.calls);
  }
  metrics.calls(recordId, callers.now.digest);
  const ask = isOnHold(destination) ? askOnHold : askKeyObject;
  return replyToCalls(await ask(calleeOf(recordId), call), call.request.calls);
}

/** Nothing of the request was passed on, or its body was read before. */
function isRefused(result: RequestResult): boolean {
  return (
    result.kind === "refused" || result.kind === "without key" || (result.kind === "keyed" && isRefusal(result.reply))
  );
}

function refused(refusal: Refusal): RequestResult {
  return { kind: "refused", refusal };
}
