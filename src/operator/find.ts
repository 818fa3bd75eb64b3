/** Finds the names of the records that a described request may have. */

import { withCallersOf } from "../config/one-caller.ts";
import { readOperation } from "../config/operation.ts";
import { type Tenant } from "../config/policy.ts";
import { strictestPolicy } from "../config/strictest-policy.ts";
import { matchingPath } from "../http/matching-path.ts";
import { PROBLEMS } from "../http/problem-codes.ts";
import { type Refusal, isRefusal } from "../http/problem.ts";
import { type CallerRule, type Verification, callerOf, headersOfCallers } from "../identity/caller.ts";
import { parseBodyKey, parseIdempotencyKey } from "../identity/idempotency-key.ts";
import { callerPlacement, keyDigest, recordId } from "../identity/record-id.ts";
import { unverifiedClaims } from "../identity/verified-claims.ts";
import { type OperatorProblem, operatorProblem } from "./problem.ts";

export interface Description {
  /** Method, space and path, and of a JSON-RPC call a space and its name. */
  readonly operation: string;
  /** The headers that identify the caller, or replace the method. */
  readonly headers: Readonly<Record<string, string>>;
  /** The SHA-256 fingerprint of the client's certificate, in lower-case hex. */
  readonly certificate?: string | undefined;
  /** The digest of the caller, instead of its headers. Log lines and lists have it; it reveals no credential. */
  readonly caller?: string | undefined;
  /** As a client sends it, or unquoted. */
  readonly key: string;
}

/** The name of a record, and what the log lines of its requests have. */
export interface Named {
  readonly id: string;
  readonly callerDigest: string;
}

/** In the order in which the gateway looks them up. Null if that rule can't identify the caller. */
export interface Names {
  readonly keyDigest: string;
  readonly former: Named | null;
  readonly now: Named | null;
}

/**
 * Computes the names that the gateway computes for the request itself. A derived key can't be described, since no client
 * sends it.
 */
export async function recordNamesOf(
  hostname: string,
  tenant: Tenant,
  description: Description,
  nowMs: number,
): Promise<Names | OperatorProblem> {
  const key = keyIn(description.key);
  if (isRefusal(key)) return operatorProblem("invalid_request", `key: ${key.detail ?? PROBLEMS[key.code].detail}`);
  const { method, pathname: written, names } = readOperation(description.operation);
  const { pathname } = new URL(`https://${hostname}${written}`);
  const described = { method, headers: new Headers(description.headers) };
  const applied = strictestPolicy(tenant, described, matchingPath(pathname), [names]);
  const { policy } = applied;
  const { callers, callersBefore } = withCallersOf(tenant, applied);
  const operation = policy.keyScope === "tenant" ? { method: null, path: null } : { method, path: pathname };
  const nameBy = async (rule: CallerRule): Promise<Named | null> => {
    const given = description.caller;
    const caller =
      given === undefined ? await callerOf(requestOf(description), rule, acceptToken) : { rule, digest: given };
    if (isRefusal(caller)) return null;
    const { inId } = callerPlacement(caller, { isDerived: false });
    const id = await recordId({ tenant: hostname, ...operation, caller: inId, key, isDerived: false });
    return { id, callerDigest: caller.digest };
  };
  const former = callersBefore !== null && nowMs < callersBefore.untilMs ? await nameBy(callersBefore) : null;
  const now = await nameBy(callers);
  if (former === null && now === null) return missingCaller(callers);
  return { keyDigest: await keyDigest(key), former, now };
}

/** An unquoted key may come from a body, which allows more characters than a bare key in a header. */
function keyIn(text: string): string | Refusal {
  return text.startsWith('"') ? parseIdempotencyKey(text) : parseBodyKey(JSON.stringify(text), []);
}

/** The certificate counts as verified by the platform: an operator may see every record of the tenant. */
function requestOf({ headers, certificate }: Description): Parameters<typeof callerOf>[0] {
  if (certificate === undefined) return { headers: new Headers(headers) };
  const verified = { certPresented: "1", certVerified: "SUCCESS", certRevoked: "0" };
  const tlsClientAuth = { ...verified, certFingerprintSHA256: certificate };
  return { headers: new Headers(headers), cf: { tlsClientAuth } };
}

/** Accepts a token unverified. Operators look into old requests, whose tokens have expired, and may see every record. */
function acceptToken(token: string): Promise<Verification> {
  const claims = unverifiedClaims(token);
  return Promise.resolve(claims === null ? { kind: "unverified" } : { kind: "verified", claims });
}

function missingCaller(rule: CallerRule): OperatorProblem {
  const isByCertificate = rule.items.some(({ kind }) => kind === "client-cert");
  const names = headersOfCallers({ ...rule, items: rule.items.filter(({ kind }) => kind !== "client-cert") });
  const headers = names.length > 0 ? [`headers (${names.join(", ")})`] : [];
  const members = [...headers, ...(isByCertificate ? ["certificate (its SHA-256 fingerprint)"] : [])];
  const detail = `The description does not identify the caller. Give what the client sent: ${members.join(" or ")}.`;
  return operatorProblem("invalid_request", detail);
}
