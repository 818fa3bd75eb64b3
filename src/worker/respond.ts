/**
 * The one way out of a request that has a tenant: what it ended in → its response, counted, with what browsers may read of it.
 * Reserved paths render their own responses, and a request without a tenant is refused before it has a result.
 */

import { type Mark, type Reply } from "../call/call.ts";
import { type Speaker } from "../http/cors.ts";
import { echo } from "../http/echo.ts";
import { type Refusal, identified, isRefusal, problemResponse } from "../http/problem.ts";
import { type Key } from "../identity/key-carrier.ts";
import { refusal } from "../key-object/reply.ts";
import { log } from "../log.ts";
import { unreachable } from "../record/record.ts";
import { applyCors } from "./cors.ts";
import { type Counted, countRequest } from "./count-request.ts";
import { identifiedReply } from "./identified-reply.ts";
import { type RepliedRequest, keyedResponse } from "./keyed-response.ts";
import { type Observed } from "./observe.ts";
import { type PassedThrough } from "./pass-through.ts";
import { whilePersisting } from "./persistent-failures.ts";
import { refusedCallsOf } from "./refused-calls.ts";
import { refusedResponse } from "./refused.ts";
import { type RequestContext } from "./request-context.ts";

export type RequestResult =
  /** Whether or not it has a key: a loop, a path that leaves the base, or a fault of the gateway. Nothing was sent. */
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** The policy covers the request, and its key is missing, not valid or can't be derived. */
  | { readonly kind: "without key"; readonly refusal: Refusal }
  | KeyedResult
  /** No record covers the request. */
  | { readonly kind: "passed through"; readonly sent: PassedThrough }
  | Observed;

interface KeyedResult {
  readonly kind: "keyed";
  readonly key: Key;
  readonly reply: Reply | Refusal;
  /** The client's own wait, where it was granted. */
  readonly waitSeconds: number | null;
}

interface Rendered {
  readonly response: Response;
  readonly speaker: Speaker;
  readonly counted: Counted;
}

export function respond(context: RequestContext, result: RequestResult): Response {
  const { response, speaker, counted } = render(context, result);
  countRequest(context, counted);
  const { policy } = context.destination;
  // Its own answers, and those of the origin to other requests.
  if (speaker === "gateway") echo(response.headers, policy.echo, context.incoming.headers);
  applyCors({ response, speaker }, context.incoming, context.destination);
  return response;
}

function render(context: RequestContext, result: RequestResult): Rendered {
  const { destination, metrics } = context;
  switch (result.kind) {
    case "refused":
      return { response: refusedBy(context, result.refusal), speaker: "gateway", counted: "refused" };
    case "without key": {
      const refusal = identified(result.refusal);
      const response = problemResponse(refusal, destination.url, rulesOf(context));
      metrics.answered(refusal, response);
      return { response, speaker: "gateway", counted: statusOf(refusal) };
    }
    case "keyed":
      return renderKeyed(context, result);
    case "passed through":
      return { ...renderPassedThrough(context, result.sent), counted: "keyless" };
    case "observed":
      return { ...renderPassedThrough(context, result.sent), counted: result.decision };
    default:
      return unreachable(result);
  }
}

/** The request may have run, so a fault of the gateway must not claim that it did not. */
function renderKeyed(context: RequestContext, result: KeyedResult): Rendered {
  try {
    return keyedAnswer(context, result);
  } catch (error) {
    const faultId = crypto.randomUUID();
    log({ event: "fault", id: faultId, where: "keyed answer", why: String(error), ...context.metrics.where });
    return keyedAnswer(context, { ...result, reply: { ...refusal("outcome_unknown"), faultId } });
  }
}

function keyedAnswer(context: RequestContext, { key, reply, waitSeconds }: KeyedResult): Rendered {
  const { destination, metrics } = context;
  const { url } = destination;
  const policy = rulesOf(context);
  const known = identifiedReply(whilePersisting(reply, destination.hostname, Date.now()));
  const response = keyedResponse(known, { url, policy, key, waitSeconds });
  metrics.answered(known, response);
  const speaker = reply.kind === "answer" ? reply.speaker : "gateway";
  return { response, speaker, counted: statusOf(reply) };
}

function statusOf(reply: Reply | Refusal): Mark["status"] | "on_hold" {
  if (reply.kind !== "answer" && reply.code === "on_hold") return "on_hold";
  return isRefusal(reply) ? "refused" : reply.mark.status;
}

function renderPassedThrough(context: RequestContext, sent: PassedThrough): Omit<Rendered, "counted"> {
  return sent.kind === "problem"
    ? { response: refusedBy(context, sent), speaker: "gateway" }
    : { response: sent.response, speaker: "passed through" };
}

function refusedBy(context: RequestContext, refusal: Refusal): Response {
  const { destination, env } = context;
  return refusedResponse(refusal, {
    url: destination.url,
    hostname: destination.hostname,
    env,
    rules: rulesOf(context),
  });
}

/** How the refusal of the request is written. */
function rulesOf({ incoming, destination }: RequestContext): RepliedRequest["policy"] {
  const { policy } = destination;
  const refusedCalls = policy.rpc === "none" ? null : refusedCallsOf(incoming);
  return refusedCalls === null ? policy : { ...policy, refusedCalls };
}
