/** Verifies tokens and returns their claims (RFC 7519, docs/protocol.md 3.5). */

import { base64url, createLocalJWKSet, errors, jwtVerify } from "jose";
import { type Claims, type JwtItem } from "./caller.ts";
import { isElements, parseJsonBytes } from "./json.ts";
import { type Jwks, jwksAt } from "./jwks.ts";
import { log } from "../log.ts";

/** How far an issuer's clock may differ from ours. Synchronized clocks differ by less than a second. */
const CLOCK_TOLERANCE_SECONDS = 30;

/** How long a key that the issuer has withdrawn may still be accepted. */
const KEYS_FRESH_MS = 10 * 60 * 1000;

/** An unknown key id may be a new key, so the set is fetched again. This bounds the fetches that invented ids cause. */
const UNKNOWN_KEY_REFETCH_MS = 30_000;

/** `token` is what the client sent. `lapsed`: it is valid but expired. Never throws. */
export async function verifiedClaims(
  token: string,
  item: JwtItem,
): Promise<Claims | "unverified" | "lapsed" | "unavailable"> {
  const nowMs = Date.now();
  for (const ageMaxMs of [KEYS_FRESH_MS, UNKNOWN_KEY_REFETCH_MS]) {
    const jwks = await jwksAt(item.jwks, ageMaxMs, nowMs);
    if (jwks === null) return "unavailable";
    const why = await whyUnverified(token, item, jwks, nowMs);
    if (why === null) return claimsOf(token) ?? "unverified";
    if (why !== errors.JWKSNoMatchingKey.code) {
      log({ event: "caller_unverified", why });
      if (why === errors.JWKSInvalid.code) return "unavailable";
      // The expiry is checked last, so everything else about the token is valid.
      return why.startsWith(errors.JWTExpired.code) ? "lapsed" : "unverified";
    }
  }
  log({ event: "caller_unverified", why: errors.JWKSNoMatchingKey.code });
  return "unverified";
}

/**
 * Null if the token is valid. Keys come from `jwks` alone, whatever the token's header offers. Each request imports them
 * again, because a request must not await a promise of another one.
 */
async function whyUnverified(token: string, item: JwtItem, jwks: Jwks, nowMs: number): Promise<string | null> {
  try {
    await jwtVerify(token, createLocalJWKSet({ keys: jwks.keys.filter(hasType) }), {
      algorithms: [...item.algorithms],
      audience: item.audience,
      ...(item.issuer === null ? {} : { issuer: item.issuer }),
      requiredClaims: ["exp"],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(nowMs),
    });
    return null;
  } catch (error) {
    // jose throws for every invalid token. Any other error means that a key can't be used, which verifies nothing either.
    const { JOSEError, JWTClaimValidationFailed } = errors;
    if (!(error instanceof JOSEError)) return String(error);
    return error instanceof JWTClaimValidationFailed ? `${error.code} ${error.claim}` : error.code;
  }
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
