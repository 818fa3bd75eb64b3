/** From a request with a key to the call that its key object is asked to carry out (docs/protocol.md 3.4 to 3.8). */

import { type KeyedCall } from "./call.ts";
import { type AttemptPolicy, type Policy, type Tenant, attemptPolicy } from "./config/policy.ts";
import { type RequestBody } from "./http/body.ts";
import { headersOfCallers } from "./http/caller.ts";
import { fingerprint } from "./http/fingerprint.ts";
import { forKeyedRequest, headersToOrigin } from "./http/headers.ts";
import { type Key } from "./http/key-carrier.ts";
import { probePath } from "./http/probe-path.ts";
import { type Refusal, isRefusal } from "./http/problem.ts";
import { recordId } from "./http/record-id.ts";
import { type Incoming } from "./incoming.ts";
import { originUrl } from "./origin.ts";
import { type HeaderPair, type RequestIdentity } from "./record/record.ts";

/** Where a request was sent to, and what holds there. */
export interface Destination {
  readonly url: URL;
  /** The requested hostname, also where a wildcard entry serves it. */
  readonly hostname: string;
  readonly tenant: Tenant;
  readonly policy: Policy;
  readonly hasOperators: boolean;
}

export interface KeyedRequest {
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
): Promise<KeyedRequest | Refusal> {
  const { url, hostname, tenant, policy, hasOperators } = destination;
  const { headers, method } = incoming.request;
  const caller = await incoming.caller(tenant.callers);
  if (isRefusal(caller)) return caller;
  const body = await incoming.body();
  if (isRefusal(body)) return body;

  const path = url.pathname;
  const [name, identity] = await Promise.all([
    recordId({ tenant: hostname, method, path, caller, key: key.value, isDerived: key.isDerived }),
    identityOf(incoming, body, destination),
  ]);
  const forwarded = forKeyedRequest(headersToOrigin(headers, url, incoming.request.cf !== undefined), key);
  const call: KeyedCall = {
    about: { tenant: hostname, operation: `${method} ${path}`, key: key.value },
    request: identity,
    policy: key.isDerived ? withinWindow(policy) : attemptPolicy(policy),
    waitMs,
    hasOperators,
    forward: {
      origin: tenant.origin,
      url: originUrl(tenant.origin, url),
      method,
      headers: forwarded,
      body: body.bytes.byteLength > 0 ? body.bytes : null,
      bodyBytes: body.bytes.byteLength,
    },
    // The origin has never seen a derived key.
    probe: key.isDerived ? null : probeOf(destination, method, key.value, forwarded),
  };
  return { recordId: name, call };
}

/** What makes the request the same as another one. */
export async function identityOf(
  incoming: Incoming,
  body: RequestBody,
  { url, policy }: Destination,
): Promise<RequestIdentity> {
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
  method: string,
  key: string,
  headers: readonly HeaderPair[],
): KeyedCall["probe"] {
  const path = policy.onUnknown === "probe" && policy.probe !== null ? probePath(policy.probe, key) : null;
  if (path === null) return null;
  const operation: HeaderPair = ["oncegate-operation", `${method} ${url.pathname}`];
  const carriers = policy.keyFrom.flatMap((carrier) => (carrier.kind === "header" ? [carrier.name] : []));
  const told = new Set(["accept-encoding", "via", "cdn-loop", ...carriers, ...headersOfCallers(tenant.callers)]);
  return {
    origin: tenant.origin,
    url: originUrl(tenant.origin, new URL(url.origin + path)),
    method: "GET",
    headers: [...headers.filter(([name]) => told.has(name) || name.startsWith("x-forwarded-")), operation],
    body: null,
    bodyBytes: 0,
  };
}
