/** The ids of the records that a request may have, from what a client can tell of it. */

import { type CallerRule, type Claims, callerOf, headersOfCallers } from "../identity/caller.ts";
import { parseBodyKey, parseIdempotencyKey } from "../identity/idempotency-key.ts";
import { PROBLEMS } from "../http/problem-codes.ts";
import { type Refusal, isRefusal } from "../http/problem.ts";
import { callerPlacement, recordId } from "../identity/record-id.ts";
import { unprovedClaims } from "../identity/verified-claims.ts";
import { type Tenant } from "../config/policy.ts";

export interface Description {
  /** Method, space and path. */
  readonly operation: string;
  /** Those that tell the caller. */
  readonly headers: Readonly<Record<string, string>>;
  /** The SHA-256 fingerprint of the client's certificate, in lower-case hex. */
  readonly certificate?: string | undefined;
  /** As a client sends it, or unquoted. */
  readonly key: string;
}

/** In the order in which the gateway asks them. None where the caller can't be told by that rule. */
export interface Ids {
  readonly former: string | null;
  readonly now: string | null;
}

/**
 * The same that `keyed-request.ts` computes for the request itself, or what is wrong with the description. A derived key
 * can't be found so: nobody sent it.
 */
export async function recordIdsOf(
  hostname: string,
  { callers, callersBefore }: Tenant,
  description: Description,
  nowMs: number,
): Promise<Ids | string> {
  const key = keyMeant(description.key);
  if (isRefusal(key)) return `key: ${key.detail ?? PROBLEMS[key.code].detail}`;
  const [method = "", path = ""] = description.operation.split(" ");
  const { pathname } = new URL(`https://${hostname}${path}`);
  const idBy = async (rule: CallerRule): Promise<string | null> => {
    const digest = await callerOf(sentBy(description), rule, claimed);
    if (isRefusal(digest)) return null;
    const { inId } = callerPlacement({ rule, digest }, { isDerived: false });
    return recordId({ tenant: hostname, method, path: pathname, caller: inId, key, isDerived: false });
  };
  const former = callersBefore !== null && nowMs < callersBefore.untilMs ? await idBy(callersBefore) : null;
  const now = await idBy(callers);
  return former === null && now === null ? whatTells(callers) : { former, now };
}

/** A key in a body may have what a bare one in a header may not. Quoted it has one meaning. */
function keyMeant(written: string): string | Refusal {
  return written.startsWith('"') ? parseIdempotencyKey(written) : parseBodyKey(JSON.stringify(written), []);
}

/** A certificate counts as one that the platform has verified: an operator may see every record. */
function sentBy({ headers, certificate }: Description): Parameters<typeof callerOf>[0] {
  if (certificate === undefined) return { headers: new Headers(headers) };
  const verified = { certPresented: "1", certVerified: "SUCCESS", certRevoked: "0" };
  const tlsClientAuth = { ...verified, certFingerprintSHA256: certificate };
  return { headers: new Headers(headers), cf: { tlsClientAuth } };
}

/** A complaint comes when the token has long expired, and to an operator nothing needs to be proved. */
function claimed(token: string): Promise<Claims | "unverified"> {
  return Promise.resolve(unprovedClaims(token) ?? "unverified");
}

function whatTells(rule: CallerRule): string {
  const isByCertificate = rule.items.some(({ kind }) => kind === "client-cert");
  const names = headersOfCallers({ ...rule, items: rule.items.filter(({ kind }) => kind !== "client-cert") });
  const headers = names.length > 0 ? [`headers: ${names.join(", ")}`] : [];
  const ways = [...headers, ...(isByCertificate ? ["certificate: its SHA-256 fingerprint"] : [])];
  return `The caller can't be told. Give, as the client sent it, ${ways.join("; or ")}.`;
}
