/** From a request with a key to the call that its key object is asked to carry out (docs/protocol.md 3.4 to 3.8). */

import { type KeyedCall } from "../call/call.ts";
import { type AttemptPolicy, type Policy, type Tenant, attemptPolicy } from "../config/policy.ts";
import { type Destination } from "./destination.ts";
import { type CallerRule, headersOfCallers } from "../identity/caller.ts";
import { makeForwarded } from "../http/headers.ts";
import { type Key } from "../identity/key-carrier.ts";
import { probePath } from "../http/probe-path.ts";
import { type Refusal, isRefusal } from "../http/problem.ts";
import { type Caller, callerPlacement, recordId } from "../identity/record-id.ts";
import { type Incoming } from "./incoming.ts";
import { requestFingerprint } from "./request-fingerprint.ts";
import { originUrl } from "../origin/exchange.ts";
import { type HeaderPair } from "../record/record.ts";

export interface KeyedRequest extends ObjectCall {
  /**
   * To the record that the request may have by the tenant's former caller rule; null where none is to be asked. It comes
   * first: what runs or has run there must not run again.
   */
  readonly former: ObjectCall | null;
}

interface ObjectCall {
  /** Names the key object. */
  readonly recordId: string;
  readonly call: KeyedCall;
}

/** Reads the rest of a request whose key is `key`. Nothing has happened yet when it refuses. */
export async function readKeyedRequest(
  incoming: Incoming,
  destination: Destination,
  key: Key,
  waitMs: number,
  nowMs: number,
): Promise<KeyedRequest | Refusal> {
  const { url, hostname, tenant, policy, journal } = destination;
  const { headers, method } = incoming.request;
  const caller = await incoming.caller(tenant.callers);
  if (isRefusal(caller)) return caller;
  const former = await formerCaller(incoming, tenant, nowMs);
  if (isRefusal(former)) return former;
  const body = await incoming.body();
  if (isRefusal(body)) return body;

  const path = url.pathname;
  const identity = await requestFingerprint(incoming, body, destination);
  incoming.releaseJson();
  const fields = new Headers(headers);
  makeForwarded(fields, url, incoming.request.cf !== undefined);
  const forwarded = forKeyedRequest(fields, key);
  const scope = { tenant: hostname, method, path, key: key.value, isDerived: key.isDerived };
  const call = {
    about: { tenant: hostname, operation: `${method} ${path}`, key: key.value },
    policy: key.isDerived ? withinWindow(policy) : attemptPolicy(policy),
    waitMs,
    journal,
    forward: {
      origin: tenant.origin,
      url: originUrl(tenant.origin, url),
      method,
      headers: forwarded,
      body: body.bytes.byteLength > 0 ? body.bytes : null,
      bodyBytes: body.bytes.byteLength,
    },
    quota: tenant.rateLimit === null ? null : { binding: tenant.rateLimit.binding, key: `${hostname} ${caller}` },
  };
  const addressed = async (who: Caller, onlyContinues: boolean): Promise<ObjectCall> => {
    // The origin has never seen a derived key.
    const probe = key.isDerived ? null : probeOf(destination, who.rule, method, key.value, forwarded);
    const { inId, bound } = callerPlacement(who, key);
    const request = { ...identity, caller: bound };
    return { recordId: await recordId({ ...scope, caller: inId }), call: { ...call, request, probe, onlyContinues } };
  };
  const now = await addressed({ rule: tenant.callers, digest: caller }, false);
  const before = former === null ? null : await addressed(former, true);
  const isSame = before?.recordId === now.recordId && before.call.request.caller === now.call.request.caller;
  return { ...now, former: isSame ? null : before };
}

/** Null where there is no former rule any more, or by it the request could never have begun a record. */
async function formerCaller(
  incoming: Incoming,
  { callersBefore: rule }: Tenant,
  nowMs: number,
): Promise<Caller | null | Refusal> {
  if (rule === null || nowMs >= rule.untilMs) return null;
  const digest = await incoming.caller(rule);
  if (!isRefusal(digest)) return { rule, digest };
  // It may well name somebody, which can't be told for now, or named somebody until lately: there may be a record.
  return digest.refusal === "caller_unverifiable" || digest.hasLapsed === true ? digest : null;
}

/** A derived key takes equal requests for one, so what it leaves behind must not outlive its window. */
function withinWindow(policy: Policy): AttemptPolicy {
  const windowMs = policy.deriveKey?.windowMs ?? policy.ttlMs;
  return { ...attemptPolicy(policy), ttlMs: windowMs, unknownTtlMs: Math.max(windowMs, policy.originDeadlineMs) };
}

/** Asks with the headers by which the origin knows the caller, and nothing else of the client's. */
function probeOf(
  { url, tenant, policy }: Destination,
  callers: CallerRule,
  method: string,
  key: string,
  headers: readonly HeaderPair[],
): KeyedCall["probe"] {
  const path = policy.onUnknown === "probe" && policy.probe !== null ? probePath(policy.probe, key) : null;
  if (path === null) return null;
  const operation: HeaderPair = ["oncegate-operation", `${method} ${url.pathname}`];
  const carriers = policy.keyFrom.flatMap((carrier) => (carrier.kind === "header" ? [carrier.name] : []));
  const told = new Set(["accept-encoding", "via", "cdn-loop", ...carriers, ...headersOfCallers(callers)]);
  return {
    origin: tenant.origin,
    url: originUrl(tenant.origin, new URL(url.origin + path)),
    method: "GET",
    headers: [...headers.filter(([name]) => told.has(name) || name.startsWith("x-forwarded-")), operation],
    body: null,
    bodyBytes: 0,
  };
}

/**
 * Makes forwarded fields those of a keyed request: its key is there, whatever `Connection` says of it, its body is sent
 * anew, and its answer is kept without coding.
 */
export function forKeyedRequest(forwarded: Headers, key: Pick<Key, "header" | "echo">): HeaderPair[] {
  if (key.header !== null && key.echo !== null) forwarded.set(key.header, key.echo);
  forwarded.delete("content-length");
  forwarded.set("accept-encoding", "identity");
  return [...forwarded];
}
