/** From a request with a key to the call that its key object is asked to carry out (docs/protocol.md 3.4 to 3.8). */

import { type KeyedCall } from "./call.ts";
import { type Policy, type Tenant } from "./config/policy.ts";
import { readRequestBody } from "./http/body.ts";
import { callerOf } from "./http/caller.ts";
import { fingerprint } from "./http/fingerprint.ts";
import { forKeyedRequest, headersToOrigin } from "./http/headers.ts";
import { probePath } from "./http/probe-path.ts";
import { type Refusal, isRefusal } from "./http/problem.ts";
import { recordId } from "./http/record-id.ts";
import { originUrl } from "./origin.ts";
import { type HeaderPair } from "./record/record.ts";

/** Where a request was sent to, and what holds there. */
export interface Destination {
  readonly url: URL;
  /** The requested hostname, also where a wildcard entry serves it. */
  readonly hostname: string;
  readonly tenant: Tenant;
  readonly policy: Policy;
}

export interface KeyedRequest {
  /** Names the key object. */
  readonly recordId: string;
  readonly call: KeyedCall;
}

/** Reads the rest of a request whose key is `key`. Nothing has happened yet when it refuses. */
export async function readKeyedRequest(
  request: Request,
  destination: Destination,
  key: string,
  waitMs: number,
): Promise<KeyedRequest | Refusal> {
  const { url, hostname, tenant, policy } = destination;
  const { method, headers } = request;
  const caller = await callerOf(headers, tenant);
  if (isRefusal(caller)) return caller;
  const body = await readRequestBody(headers, request.body, policy.requestBytesMax);
  if (isRefusal(body)) return body;

  const { pathname: path, search: query } = url;
  const contentType = headers.get("content-type");
  const ifMatch = headers.get("if-match");
  const input = { method, path, query, contentType, ifMatch, body };
  const [name, identity] = await Promise.all([
    recordId({ tenant: hostname, method, path, caller, key }),
    fingerprint(input, policy.fingerprint),
  ]);
  const forwarded = forKeyedRequest(headersToOrigin(headers, url, request.cf !== undefined));
  const call: KeyedCall = {
    about: { tenant: hostname, operation: `${method} ${path}`, key },
    request: identity,
    policy,
    waitMs,
    forward: {
      origin: tenant.origin,
      url: originUrl(tenant.origin, url),
      method,
      headers: forwarded,
      body: body.bytes.byteLength > 0 ? body.bytes : null,
      bodyBytes: body.bytes.byteLength,
    },
    probe: probeOf(destination, method, key, forwarded),
  };
  return { recordId: name, call };
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
  const told = new Set(["idempotency-key", "accept-encoding", "via", "cdn-loop", ...tenant.caller]);
  return {
    origin: tenant.origin,
    url: originUrl(tenant.origin, new URL(url.origin + path)),
    method: "GET",
    headers: [...headers.filter(([name]) => told.has(name) || name.startsWith("x-forwarded-")), operation],
    body: null,
    bodyBytes: 0,
  };
}
