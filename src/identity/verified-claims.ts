/** Verifies tokens and returns their claims (RFC 7519, docs/protocol.md 3.5). */

import { base64url, createLocalJWKSet, decodeJwt, decodeProtectedHeader, errors, jwtVerify } from "jose";
import { type Claims, type JwtItem } from "./caller.ts";
import { isElements, parseJsonBytes } from "./json.ts";
import { type Jwks, jwksAfter, jwksAt } from "./jwks.ts";
import { log } from "../log.ts";

/** How far an issuer's clock may differ from ours. Synchronized clocks differ by less than a second. */
const CLOCK_TOLERANCE_SECONDS = 30;

/** A JWS in compact form (RFC 7515, 7.1). Without a signature it proves nothing. */
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** `token` is what the client sent. `lapsed`: it has expired. Never throws. */
export async function verifiedClaims(
  token: string,
  item: JwtItem,
): Promise<Claims | "unverified" | "lapsed" | "unavailable"> {
  // Before any fetch: made-up tokens must not reach the issuer.
  const fault = faultBeforeKeys(token, item, Date.now());
  if (fault !== null) {
    log({ event: "caller_unverified", why: fault });
    return fault === "expired" ? "lapsed" : "unverified";
  }
  const known = await jwksAt(item.jwks);
  if (known === null) return "unavailable";
  const claims = await claimsBy(known, token, item);
  if (claims !== "unknown key") return claims;
  const newer = await jwksAfter(item.jwks, known);
  if (newer === null) return "unavailable";
  const again = newer === known ? claims : await claimsBy(newer, token, item);
  return again === "unknown key" ? "unverified" : again;
}

/** What shows without any key that the token can't be valid. Null if nothing does. */
function faultBeforeKeys(token: string, { algorithms }: JwtItem, nowMs: number): "malformed" | "algorithm" | "expired" | null {
  if (!JWT.test(token)) return "malformed";
  try {
    const { alg } = decodeProtectedHeader(token);
    const { exp } = decodeJwt(token);
    if (alg === undefined || !algorithms.includes(alg)) return "algorithm";
    if (typeof exp !== "number") return "malformed";
    return exp <= Math.floor(nowMs / 1000) - CLOCK_TOLERANCE_SECONDS ? "expired" : null;
  } catch {
    // jose throws for parts that are not base64url of a JSON object.
    return "malformed";
  }
}

async function claimsBy(
  jwks: Jwks,
  token: string,
  item: JwtItem,
): Promise<Claims | "unverified" | "lapsed" | "unavailable" | "unknown key"> {
  const why = await whyUnverified(token, item, jwks);
  if (why === null) return claimsOf(token) ?? "unverified";
  log({ event: "caller_unverified", why });
  if (why === errors.JWKSNoMatchingKey.code) return "unknown key";
  // It has expired while the keys were fetched. The expiry is checked last, so everything else about it is valid.
  if (why.startsWith(errors.JWTExpired.code)) return "lapsed";
  return why === errors.JWKSInvalid.code ? "unavailable" : "unverified";
}

/**
 * Null if the token is valid. Keys come from `jwks` alone, whatever the token's header offers. Each request imports them
 * again, because a request must not await a promise of another one.
 */
async function whyUnverified(token: string, item: JwtItem, jwks: Jwks): Promise<string | null> {
  try {
    await jwtVerify(token, createLocalJWKSet({ keys: jwks.keys.filter(hasType) }), {
      algorithms: [...item.algorithms],
      audience: item.audience,
      ...(item.issuer === null ? {} : { issuer: item.issuer }),
      requiredClaims: ["exp"],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
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
