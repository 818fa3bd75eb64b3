/** From a request with a key to the call that its key object is asked to carry out (docs/protocol.md 3.4 to 3.8). */

import { type KeyedCall } from "./call.ts";
import { type AttemptPolicy, type Policy, type Tenant, attemptPolicy } from "./config/policy.ts";
import { type Destination } from "./destination.ts";
import { type RequestBody } from "./http/body.ts";
import { type CallerRule, headersOfCallers } from "./http/caller.ts";
import { fingerprint } from "./http/fingerprint.ts";
import { forKeyedRequest, makeForwarded } from "./http/headers.ts";
import { type Key } from "./http/key-carrier.ts";
import { probePath } from "./http/probe-path.ts";
import { type Refusal, isRefusal } from "./http/problem.ts";
import { type RecordScope, recordId } from "./http/record-id.ts";
import { type Incoming } from "./incoming.ts";
import { originUrl } from "./origin.ts";
import { type Fingerprint, type HeaderPair } from "./record/record.ts";

export interface KeyedRequest extends Addressed {
  /**
   * To the record that the request may have by the tenant's former caller rule; null where none is to be asked. It comes
   * first: what runs or has run there must not run again.
   */
  readonly former: Addressed | null;
}

interface Addressed {
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
  const identity = await identityOf(incoming, body, destination);
  incoming.letGoOfJson();
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
    quota: tenant.quota === null ? null : { binding: tenant.quota.binding, key: `${hostname} ${caller}` },
  };
  const addressed = async (who: Caller, onlyContinues: boolean): Promise<Addressed> => {
    // The origin has never seen a derived key.
    const probe = key.isDerived ? null : probeOf(destination, who.rule, method, key.value, forwarded);
    const { inId, bound } = placeOf(who, key);
    const request = { ...identity, caller: bound };
    return { recordId: await recordId({ ...scope, caller: inId }), call: { ...call, request, probe, onlyContinues } };
  };
  const now = await addressed({ rule: tenant.callers, digest: caller }, false);
  const before = former === null ? null : await addressed(former, true);
  const isSame = before?.recordId === now.recordId && before.call.request.caller === now.call.request.caller;
  return { ...now, former: isSame ? null : before };
}

/** Who sends a request, by one rule. */
interface Caller {
  readonly rule: CallerRule;
  readonly digest: string;
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

/**
 * A caller is part of the record's name, or what the record is bound to (docs/protocol.md 3.5.9). A derived key is nobody's
 * to present: those of two callers are never the same.
 */
export function placeOf(
  { rule, digest }: Caller,
  key: Pick<Key, "isDerived">,
): { inId: RecordScope["caller"]; bound: string | null } {
  const isBound = rule.onChange === "refuse" && !key.isDerived;
  return isBound ? { inId: null, bound: digest } : { inId: digest, bound: null };
}

/** What makes the request the same as another one. */
export async function identityOf(
  incoming: Incoming,
  body: RequestBody,
  { url, policy }: Destination,
): Promise<Fingerprint> {
  const { method, headers } = incoming.request;
  const json = policy.fingerprint.body === "json" ? await incoming.json() : null;
  const input = { method, path: url.pathname, query: url.search, headers, body, json: isRefusal(json) ? null : json };
  return fingerprint(input, policy.fingerprint);
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
