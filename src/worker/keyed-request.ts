/** From a request with a key to the call of its key object (docs/protocol.md 3.5 to 3.8). */

import { type LookCall } from "../call/call.ts";
import { type WholeCall, type WholeForward } from "../call/upload.ts";
import { writeOperation } from "../config/operation.ts";
import { type AttemptPolicy, type Policy, attemptPolicy } from "../config/policy.ts";
import { forwardedFields } from "../http/headers.ts";
import { probePath } from "../http/probe-path.ts";
import { type Refusal, isRefusal } from "../http/problem.ts";
import { type Caller, headersOfCallers } from "../identity/caller.ts";
import { digestOf } from "../identity/digest.ts";
import { type Key, headersOfCarriers } from "../identity/key-carrier.ts";
import { callerPlacement, recordId } from "../identity/record-id.ts";
import { originUrl } from "../origin/exchange.ts";
import { type HeaderPair, type RequestIdentity } from "../record/record.ts";
import { type Callers, networkOfAnyone } from "./callers.ts";
import { countedHeaders } from "./counted-headers.ts";
import { type Destination, leavesBase } from "./destination.ts";
import { type Incoming } from "./incoming.ts";
import { type HeldRequestBody } from "./request-body.ts";
import { requestFingerprint } from "./request-fingerprint.ts";

export interface KeyedRequest {
  /** Names the key object. */
  readonly recordId: string;
  readonly call: WholeCall;
  /** The record that the request may have by the former caller rule. It is looked at before anything is sent. */
  readonly former: { readonly recordId: string; readonly call: LookCall } | null;
}

interface KeyedBy {
  readonly key: Key;
  readonly callers: Callers;
  readonly waitMs: number;
}

/** Reads the rest of a keyed request. It has had no effect yet when this refuses. */
export async function readKeyedRequest(
  incoming: Incoming,
  destination: Destination,
  { key, callers, waitMs }: KeyedBy,
): Promise<KeyedRequest | Refusal> {
  const { url, hostname, policy, journal } = destination;
  const { method } = incoming;
  const body = await incoming.body();
  if (isRefusal(body)) return body;
  const identity = await requestFingerprint(incoming, destination, key.parts);
  if (isRefusal(identity)) return identity;
  const calls = callsOf(incoming, policy);
  const forward = forwardOf(incoming, destination, key, body);
  const asked = writeOperation(method, url.pathname, namesOf(incoming));
  const network = await networkDigits(callers.now, destination);
  const about = { tenant: hostname, operation: asked, key: key.value, isDerived: key.isDerived, ...network };
  const shared = {
    policy: key.isDerived ? withinWindow(policy) : attemptPolicy(policy),
    waitMs,
    journal,
  };
  const operation = isOfTenant(policy, key) ? NO_OPERATION : { method, path: url.pathname };
  const scope = { tenant: hostname, ...operation, key: key.value, isDerived: key.isDerived };
  const lookBy = async (caller: Caller): Promise<{ recordId: string; call: LookCall }> => {
    const { inId, bound } = callerPlacement(caller, key);
    const id = await recordId({ ...scope, caller: inId });
    const call = { ...shared, about: { ...about, callerDigest: caller.digest } };
    return { recordId: id, call: { ...call, request: { ...identity, ...calls, caller: bound } } };
  };
  const now = await lookBy(callers.now);
  const before = callers.former === null ? null : await lookBy(callers.former);
  const isSame = before?.recordId === now.recordId && before.call.request.caller === now.call.request.caller;
  const probe = key.isDerived ? null : probeOf(destination, forward, key.value);
  const call = { ...now.call, forward, probe };
  return { recordId: now.recordId, call, former: isSame ? null : before };
}

/** Too few to find an address by, and enough that few networks share one share of the journal. */
const NETWORK_DIGITS = 4;

async function networkDigits(caller: Caller, { tenant, connection }: Destination): Promise<{ network?: string }> {
  const network = networkOfAnyone(caller, connection);
  if (network === null) return {};
  // Not with the hostname: under a wildcard, a client could make up one for each request.
  return { network: (await digestOf([tenant.entry, network])).slice(0, NETWORK_DIGITS) };
}

/** Where the body was read as JSON-RPC. A shadow record holds nothing of a body. */
function callsOf({ messageIfRead }: Incoming, { mode }: Policy): Pick<RequestIdentity, "calls"> {
  return messageIfRead?.kind === "calls" && mode !== "observe" ? { calls: messageIfRead.calls } : {};
}

/** Those of the one call, for operators. */
function namesOf({ messageIfRead }: Incoming): readonly string[] {
  return messageIfRead?.kind === "calls" && !messageIfRead.isBatch ? (messageIfRead.called.names[0] ?? []) : [];
}

const NO_OPERATION = { method: null, path: null };

/** A derived key is made of what its operation received, so it says nothing about other operations. */
function isOfTenant({ keyScope }: Policy, { isDerived }: Key): boolean {
  return keyScope === "tenant" && !isDerived;
}

function forwardOf(
  { request, headers }: Incoming,
  destination: Destination,
  key: Key,
  { held }: HeldRequestBody,
): WholeForward {
  const { url, tenant, connection } = destination;
  const fields = forwardedFields(headers, { url, connection, counted: countedHeaders(destination) });
  return {
    origin: tenant.origin,
    url: originUrl(tenant.origin, url),
    method: request.method,
    headers: forKeyedRequest(fields, key),
    body: held.byteLength > 0 ? held : null,
    bodyBytes: held.byteLength,
    ...(tenant.origin.kind === "app" && request.cf !== undefined && { cf: { ...request.cf } }),
  };
}

/** Under a derived key equal requests count as one, so no record of it may outlive the key's window. */
function withinWindow(policy: Policy): AttemptPolicy {
  const windowMs = policy.deriveKey?.windowMs ?? policy.ttlMs;
  return { ...attemptPolicy(policy), ttlMs: windowMs, unknownTtlMs: Math.max(windowMs, policy.originDeadlineMs) };
}

/** A probe carries the headers that identify the caller and the key to the origin, and no other header of the client. */
function probeOf({ url, tenant, policy }: Destination, forward: WholeForward, key: string): WholeCall["probe"] {
  const path = policy.onUnknown === "probe" && policy.probe !== null ? probePath(policy.probe, key) : null;
  if (path === null) return null;
  const probeUrl = new URL(url.origin + path);
  // A key such as `../x` must not lead the probe to another tenant's records.
  if (leavesBase({ tenant, url: probeUrl })) return null;
  const operation: HeaderPair = ["oncegate-operation", `${forward.method} ${url.pathname}`];
  const carriers = headersOfCarriers(policy.keyFrom);
  const sent = new Set(["accept-encoding", "via", "cdn-loop", ...carriers, ...headersOfCallers(tenant.callers)]);
  const headers = forward.headers.filter(([name]) => sent.has(name) || name.startsWith("x-forwarded-"));
  return {
    origin: tenant.origin,
    url: originUrl(tenant.origin, probeUrl),
    method: "GET",
    headers: [...headers, operation],
    body: null,
    bodyBytes: 0,
  };
}

/**
 * The forwarded fields of a keyed request. The key is among them even if `Connection` names it, the length is that of the
 * body that is sent, and the response is stored without a content coding.
 */
export function forKeyedRequest(forwarded: readonly HeaderPair[], key: Pick<Key, "headers">): HeaderPair[] {
  const replaced = new Set(["content-length", "accept-encoding", ...key.headers.map(([name]) => name)]);
  const others = forwarded.filter(([name]) => !replaced.has(name));
  return [...others, ...key.headers, ["accept-encoding", "identity"]];
}
