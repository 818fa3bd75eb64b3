/** The id of the record that a request would have, from what a client can tell of it. */

import { callerOf } from "../http/caller.ts";
import { parseBodyKey, parseIdempotencyKey } from "../http/idempotency-key.ts";
import { type Refusal, isRefusal } from "../http/problem.ts";
import { recordId } from "../http/record-id.ts";
import { placeOf } from "../keyed-request.ts";
import { verifiedClaims } from "../verified-claims.ts";
import { type Tenant } from "../config/policy.ts";

export interface Description {
  /** Method, space and path. */
  readonly operation: string;
  /** Those that tell the caller. */
  readonly headers: Readonly<Record<string, string>>;
  /** As a client sends it, or unquoted. */
  readonly key: string;
}

/** The same that `keyed-request.ts` computes for the request itself. A derived key can't be found so: nobody sent it. */
export async function recordIdOf(
  hostname: string,
  tenant: Tenant,
  { operation, headers, key: written }: Description,
): Promise<string | Refusal> {
  const [method = "", path = ""] = operation.split(" ");
  const key = keyMeant(written);
  if (isRefusal(key)) return key;
  const url = new URL(`https://${hostname}${path}`);
  const caller = await callerOf(new Request(url, { method, headers }), tenant.callers, verifiedClaims);
  if (isRefusal(caller)) return caller;
  const { inId } = placeOf({ rule: tenant.callers, digest: caller }, { isDerived: false });
  return recordId({ tenant: hostname, method, path: url.pathname, caller: inId, key, isDerived: false });
}

/** A key in a body may have what a bare one in a header may not. Quoted it has one meaning. */
function keyMeant(written: string): string | Refusal {
  return written.startsWith('"') ? parseIdempotencyKey(written) : parseBodyKey(JSON.stringify(written), []);
}
