/**
 * Observe mode (docs/protocol.md 3.12): a request passes through as if the gateway had no rules for it, and the gateway
 * records what it would have done. Request and answer never wait for that, and no fault of it changes them.
 */

import { objectOf } from "../call/object-stub.ts";
import { type Policy } from "../config/policy.ts";
import { tokenSecrets } from "../config/token-secrets.ts";
import { type ProblemCode } from "../http/problem-codes.ts";
import { type Refusal, isRefusal, writtenAs } from "../http/problem.ts";
import { essenceOf } from "../identity/media-type.ts";
import { keyDigest } from "../identity/record-id.ts";
import { type Observation } from "../key-object/shadow-object.ts";
import { log } from "../log.ts";
import { declaredBytesOf, signsOf } from "../origin/exchange.ts";
import { classify } from "../record/classify.ts";
import { type ShadowDecision } from "../record/observe.ts";
import { UNREAD_BODY } from "../record/outcome-rule.ts";
import { type Conclusion, conclusionOf } from "../record/transition.ts";
import { callersOf } from "./callers.ts";
import { Incoming } from "./incoming.ts";
import { type Finding, type ObservedDecision } from "./keyed-event.ts";
import { type KeyedRequest, readKeyedRequest } from "./keyed-request.ts";
import { type PassedThrough, passThrough } from "./pass-through.ts";
import { type RequestContext, anyCallOf, withCallRead } from "./request-context.ts";
import { keyOf, mayBeKeyed } from "./request-key.ts";

/** The head of the origin's answer; null where none came that can be passed on. */
type Head = Pick<Response, "status" | "headers"> | null;

/** What the gateway would have begun with a covered request. */
type Begun =
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | ({ readonly kind: "shadowed"; readonly keyed: KeyedRequest } & Observation);

export interface Observed {
  readonly kind: "observed";
  readonly sent: PassedThrough;
  /** Null where no record would cover the request, or observing failed. Never rejects. */
  readonly decision: Promise<ObservedDecision | null>;
}

interface Answered {
  readonly head: Head;
  readonly status: number;
  readonly elapsedMs: number;
}

export async function observe(context: RequestContext): Promise<Observed> {
  const { incoming, destination, metrics, ctx } = context;
  const { policy } = destination;
  // What was parsed to find its rules may take many times the memory of its body, and the origin may take long.
  incoming.releaseContent();
  // No other request is copied.
  const mayCount = anyCallOf(context) !== null || mayBeKeyed(incoming, destination);
  const copy = mayCount ? await copyOf(context) : null;
  const begun =
    copy === null
      ? Promise.resolve(null)
      : callShadow(copy, context)
          .catch(failed)
          .finally(() => copy.releaseBody());
  // No longer than until its shadow is called. `waitUntil` keeps a request alive whose client has left, and this one must
  // end as soon as it would without being observed.
  ctx.waitUntil(begun);
  let head: Head = null;
  const sent = await passThrough(incoming, destination, context, (answer) => {
    head = answer;
  });
  const status = sent.kind === "problem" ? writtenAs(sent.code, policy).status : sent.response.status;
  const decision = conclude(begun, { head, status, elapsedMs: metrics.elapsedMs }, context);
  ctx.waitUntil(decision);
  return { kind: "observed", sent, decision };
}

/** Shares the body with the request, which is sent unchanged. Null where no copy can be made. */
async function copyOf({ incoming, destination, env }: RequestContext): Promise<Incoming | null> {
  try {
    const request = await incoming.copiedRequest();
    return new Incoming(
      { request, headers: incoming.headers },
      destination.policy,
      tokenSecrets(env, destination.tenant.entry),
    );
  } catch (error) {
    return failed(error);
  }
}

/** Reads the copy, and calls its shadow. Null where the request would pass through. */
async function callShadow(copy: Incoming, context: RequestContext): Promise<Begun | null> {
  // First of all, because the platform holds the unread part of a copy in memory.
  await copy.body();
  const { body } = copy.request;
  if (body?.locked === false) await body.cancel();

  const routed = await withCallRead({ ...context, incoming: copy });
  if (isRefusal(routed)) return { kind: "refused", refusal: routed };
  const { destination, metrics, env } = routed;
  const { tenant, policy } = destination;
  const key = await keyOf(copy, destination);
  if (key === null) return null;
  if (isRefusal(key)) return { kind: "refused", refusal: key };
  metrics.found({ keyDigest: await keyDigest(key.value), isDerived: key.isDerived });
  const callers = await callersOf(copy, tenant, Date.now());
  if (isRefusal(callers)) return { kind: "refused", refusal: callers };
  const keyed = await readKeyedRequest(copy, destination, { key, callers, waitMs: policy.waitMs });
  if (isRefusal(keyed)) return { kind: "refused", refusal: keyed };
  metrics.calls(keyed.recordId, callers.now.digest);
  const { about, request, policy: attempts, probe } = keyed.call;
  const shadow = objectOf(env.SHADOWS, keyed.recordId, tenant.placement);
  const { decision, attempt } = await shadow.observe({ about, request, policy: attempts, mayProbe: probe !== null });
  return { kind: "shadowed", decision, attempt, keyed };
}

/** Reports the outcome to the shadow, and counts the request. */
async function conclude(
  beginning: Promise<Begun | null>,
  { head, status, elapsedMs }: Answered,
  { destination, metrics, env }: RequestContext,
): Promise<ObservedDecision | null> {
  try {
    const begun = await beginning;
    if (begun === null) return null;
    const attempt = begun.kind === "refused" ? null : begun.attempt;
    const { policy } = begun.kind === "refused" ? destination : begun.keyed.call;
    const conclusion = conclusionOfHead(head, attempt?.number ?? 1, policy);
    const decided = begun.kind === "refused" ? wouldRefuse(begun.refusal.code) : decidedBy(begun.decision);
    const finding = { ...decided, outcome: outcomeOf(conclusion), attempt: attempt?.number ?? null };
    const mediaType = essenceOf(head?.headers.get("content-type") ?? null) || null;
    metrics.observed({ ...finding, originStatus: head?.status ?? null }, { status, mediaType }, elapsedMs);
    if (begun.kind === "refused" || attempt === null) return decided.decision;
    const { recordId, call } = begun.keyed;
    const shadow = objectOf(env.SHADOWS, recordId, destination.tenant.placement);
    await shadow.observed({ attempt, conclusion, policy: call.policy });
    return decided.decision;
  } catch (error) {
    return failed(error);
  }
}

/** The body is not read: no rule about it matches, and an answer that breaks off later counts as a whole one. */
function conclusionOfHead(
  head: Head,
  attemptNumber: number,
  policy: Pick<Policy, "outcomes" | "responseBytesMax">,
): Conclusion {
  if (head === null) return { outcome: "unknown" };
  const outcome = classify(signsOf(head, attemptNumber), policy.outcomes, UNREAD_BODY);
  const isTooLarge = (declaredBytesOf(head.headers) ?? 0) > policy.responseBytesMax;
  return conclusionOf(outcome, isTooLarge ? "overflowed" : "whole", { status: head.status, headers: [], bodyBytes: 0 });
}

function outcomeOf({ outcome }: Conclusion): Finding["outcome"] {
  return outcome === "not-kept" ? "final" : outcome;
}

function decidedBy(decision: ShadowDecision): Pick<Finding, "decision" | "code"> {
  if (decision.action === "refuse") return wouldRefuse(decision.code);
  return { decision: `would_${decision.action}`, code: null };
}

function wouldRefuse(code: ProblemCode): Pick<Finding, "decision" | "code"> {
  return { decision: "would_refuse", code };
}

/** The request goes on whatever the error is. */
function failed(error: unknown): null {
  log({ event: "observe_failed", why: String(error) });
  return null;
}
