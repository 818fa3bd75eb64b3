/**
 * Observe mode (docs/protocol.md 3.12): a request passes through as if there were no gateway's rules for it, and what
 * would have become of it is told beside. The request and its answer never wait for that, and no fault of it touches them.
 */

import { type Policy } from "../config/policy.ts";
import { type Found } from "./keyed-event.ts";
import { type Answer } from "./cors.ts";
import { type ProblemCode } from "../http/problem-codes.ts";
import { type Refusal, isRefusal } from "../http/problem.ts";
import { Incoming } from "./incoming.ts";
import { keyOf } from "./request-key.ts";
import { objectOf } from "../call/object-stub.ts";
import { type Destination } from "./destination.ts";
import { type KeyedRequest, readKeyedRequest } from "./keyed-request.ts";
import { log } from "../log.ts";
import { declaredBytesOf, signsOf } from "../origin/exchange.ts";
import { passThrough } from "./pass-through.ts";
import { classify } from "../record/classify.ts";
import { type Would } from "../record/observe.ts";
import { type Conclusion, conclusionOf } from "../record/transition.ts";
import { type RequestMetrics } from "./request-metrics.ts";
import { type Observation } from "../key-object/shadow-object.ts";

/** What has come back from the origin; null where nothing has that can be passed on. */
type Head = Pick<Response, "status" | "headers"> | null;

/** A covered request, as its shadow has met it. */
type Begun = { readonly refused: Refusal } | (Observation & { readonly keyed: KeyedRequest });

interface Observed {
  readonly answer: Answer;
  /** What would have become of the request; null where no record would cover it, or nobody knows. Never rejects. */
  readonly decided: Promise<Found["decision"] | null>;
}

export async function observe(
  incoming: Incoming,
  destination: Destination,
  numbers: RequestMetrics,
  env: Env,
  ctx: Pick<ExecutionContext, "waitUntil">,
): Promise<Observed> {
  const copy = mayBeKeyed(incoming.request, destination.policy) ? copyOf(incoming, destination.policy) : null;
  if (copy === null) return { answer: await passThrough(incoming, destination, env), decided: Promise.resolve(null) };
  const begun = begin(copy, destination, numbers, env).catch(failed);
  // No longer than until the shadow has met it: what waits keeps a request alive whose client is gone, and this one is to
  // end as soon as it would without being observed.
  ctx.waitUntil(begun);
  let head: Head = null;
  const answer = await passThrough(incoming, destination, env, (come) => {
    head = come;
  });
  const { response } = answer;
  const decided = conclude(begun, head, { response, elapsedMs: numbers.elapsedMs }, destination, numbers, env);
  ctx.waitUntil(decided);
  return { answer, decided };
}

/** Whether a key could be found, so that no other request is copied. */
function mayBeKeyed({ method, headers }: Request, { key, methods, keyFrom, deriveKey }: Policy): boolean {
  if (key === "off" || !methods.includes(method)) return false;
  const maySay = keyFrom.some((carrier) => carrier.kind === "body" || headers.has(carrier.name));
  return maySay || key === "required" || deriveKey !== null;
}

/** Shares the body with the request, whose own way stays as it is. Null where there can be no copy. */
function copyOf({ request }: Incoming, { requestBytesMax }: Policy): Incoming | null {
  try {
    return new Incoming(request.clone(), requestBytesMax);
  } catch (error) {
    return failed(error);
  }
}

/** Reads what the copy says, and shows it to its shadow. Null where the request would pass through. */
async function begin(
  copy: Incoming,
  destination: Destination,
  numbers: RequestMetrics,
  env: Env,
): Promise<Begun | null> {
  // Before all else: what nobody takes of a copy is held in memory for it.
  await copy.body();
  const { body, bodyUsed } = copy.request;
  if (body !== null && !bodyUsed) await body.cancel();

  const key = await keyOf(copy, destination);
  if (key === null) return null;
  if (isRefusal(key)) return { refused: key };
  const keyed = await readKeyedRequest(copy, destination, key, destination.policy.waitMs, Date.now());
  if (isRefusal(keyed)) return { refused: keyed };
  numbers.asks(keyed.recordId, key.isDerived);
  const { about, request, policy, probe } = keyed.call;
  const shadow = objectOf(env.SHADOWS, keyed.recordId, destination.tenant.placement);
  const { would, attempt } = await shadow.observe({ about, request, policy, mayProbe: probe !== null });
  return { would, attempt, keyed };
}

/** Tells the shadow what became of the request, and counts it. Resolves with what would have become of it; never rejects. */
async function conclude(
  beginning: Promise<Begun | null>,
  head: Head,
  answered: { readonly response: Response; readonly elapsedMs: number },
  { tenant, policy }: Destination,
  numbers: RequestMetrics,
  env: Env,
): Promise<Found["decision"] | null> {
  try {
    const begun = await beginning;
    if (begun === null) return null;
    const attempt = "refused" in begun ? null : begun.attempt;
    const conclusion = conclusionOfHead(head, attempt?.number ?? 1, policy);
    const said = "refused" in begun ? refusedWith(begun.refused.code) : saidOf(begun.would);
    const found = { ...said, outcome: outcomeOf(conclusion), attempt: attempt?.number ?? null };
    numbers.observed(found, answered.response.status, answered.elapsedMs);
    if ("refused" in begun || attempt === null) return said.decision;
    const { recordId, call } = begun.keyed;
    await objectOf(env.SHADOWS, recordId, tenant.placement).observed({ attempt, conclusion, policy: call.policy });
    return said.decision;
  } catch (error) {
    return failed(error);
  }
}

/** The body is not looked at: an answer that breaks off later counts as one that came. */
function conclusionOfHead(head: Head, attemptNumber: number, policy: Policy): Conclusion {
  if (head === null) return { outcome: "unknown" };
  const outcome = classify(signsOf(head, attemptNumber), policy);
  const isTooLarge = (declaredBytesOf(head.headers) ?? 0) > policy.responseBytesMax;
  return conclusionOf(outcome, isTooLarge ? "overflowed" : "whole", { status: head.status, headers: [], bodyBytes: 0 });
}

function outcomeOf({ outcome }: Conclusion): Found["outcome"] {
  return outcome === "not-kept" ? "final" : outcome;
}

function saidOf(would: Would): Pick<Found, "decision" | "code"> {
  if (would.would === "refuse") return refusedWith(would.code);
  return { decision: `would_${would.would}`, code: null };
}

function refusedWith(code: ProblemCode): Pick<Found, "decision" | "code"> {
  return { decision: "would_refuse", code };
}

/** Whatever it is, the request goes on as it would have. */
function failed(error: unknown): null {
  log({ event: "observe_failed", why: String(error) });
  return null;
}
