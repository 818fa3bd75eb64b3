/** Verifies tokens and returns their claims (RFC 7519, docs/protocol.md 3.5). */

import { base64url, createLocalJWKSet, errors, jwtVerify } from "jose";
import { type Claims, type JwtItem, type Verification } from "./caller.ts";
import { isElements, parseJsonBytes } from "./json.ts";
import { type Jwks, jwksAt } from "./jwks.ts";
import { log } from "../log.ts";
import { unreachable } from "../record/record.ts";

/** How far an issuer's clock may differ from ours. Synchronized clocks differ by less than a second. */
const CLOCK_TOLERANCE_SECONDS = 30;

/** How long a key that the issuer has withdrawn may still be accepted. */
const KEYS_FRESH_MS = 10 * 60 * 1000;

/** An unknown key id may be a new key, so the set is fetched again. This bounds the fetches that invented ids cause. */
const UNKNOWN_KEY_REFETCH_MS = 30_000;

/** The result of checking a token with a key set. `why` is for the log. */
type Check =
  | { readonly kind: "valid" }
  /** The set does not have the token's key. A newer set may. */
  | { readonly kind: "unknown key"; readonly why: string }
  | { readonly kind: "expired"; readonly why: string }
  /** The set can't be used. This does not depend on the token. */
  | { readonly kind: "invalid keys"; readonly why: string }
  | { readonly kind: "invalid token"; readonly why: string };

/** `token` is what the client sent. Never throws. */
export async function verifiedClaims(token: string, item: JwtItem): Promise<Verification> {
  const nowMs = Date.now();
  const first = await checkWithKeys(token, item, KEYS_FRESH_MS, nowMs);
  const isUnknownKey = first?.kind === "unknown key";
  const check = isUnknownKey ? await checkWithKeys(token, item, UNKNOWN_KEY_REFETCH_MS, nowMs) : first;
  if (check === null) return { kind: "unavailable" };
  if (check.kind !== "valid") log({ event: "caller_unverified", why: check.why });
  switch (check.kind) {
    case "valid": {
      const claims = claimsOf(token);
      return claims === null ? { kind: "unverified" } : { kind: "verified", claims };
    }
    case "expired":
      return { kind: "lapsed" };
    case "invalid keys":
      return { kind: "unavailable" };
    case "unknown key":
    case "invalid token":
      return { kind: "unverified" };
    default:
      return unreachable(check);
  }
}

/** Null if the issuer's keys can't be fetched now. */
async function checkWithKeys(token: string, item: JwtItem, ageMaxMs: number, nowMs: number): Promise<Check | null> {
  const jwks = await jwksAt(item.jwks, ageMaxMs, nowMs);
  return jwks === null ? null : checkToken(token, item, jwks, nowMs);
}

/**
 * Keys come from `jwks` alone, whatever the token's header offers. Each request imports them again, because a request must
 * not await a promise of another one.
 */
async function checkToken(token: string, item: JwtItem, jwks: Jwks, nowMs: number): Promise<Check> {
  try {
    await jwtVerify(token, createLocalJWKSet({ keys: jwks.keys.filter(hasType) }), {
      algorithms: [...item.algorithms],
      audience: item.audience,
      ...(item.issuer === null ? {} : { issuer: item.issuer }),
      requiredClaims: ["exp"],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(nowMs),
    });
    return { kind: "valid" };
  } catch (error) {
    return checkOfError(error);
  }
}

/** jose throws for every invalid token. Any other error means that a key can't be used, which verifies nothing either. */
function checkOfError(error: unknown): Check {
  const { JOSEError, JWKSInvalid, JWKSNoMatchingKey, JWTClaimValidationFailed, JWTExpired } = errors;
  if (!(error instanceof JOSEError)) return { kind: "invalid token", why: String(error) };
  const { code } = error;
  if (error instanceof JWKSNoMatchingKey) return { kind: "unknown key", why: code };
  if (error instanceof JWKSInvalid) return { kind: "invalid keys", why: code };
  // jose checks the expiry last, so everything else about the token is valid.
  if (error instanceof JWTExpired) return { kind: "expired", why: code };
  const isClaim = error instanceof JWTClaimValidationFailed;
  return { kind: "invalid token", why: isClaim ? `${code} ${error.claim}` : code };
}

function hasType(key: Record<string, unknown>): key is Record<string, unknown> & { kty: string } {
  return typeof key["kty"] === "string";
}

/** The claims of `token` without verification. Null if it can't be parsed. */
export function unverifiedClaims(token: string): Claims | null {
  try {
    return claimsOf(token);
  } catch {
    // Not base64url.
    return null;
  }
}

/** Parses the claims again, because `JSON.parse` rounds numbers and drops duplicate members. Null if there are duplicates. */
function claimsOf(token: string): Claims | null {
  const document = parseJsonBytes(base64url.decode(token.split(".")[1] ?? ""));
  return document === null || typeof document === "string" || isElements(document) ? null : document;
}
