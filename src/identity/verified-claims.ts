/** What a token says, once it is proved that its issuer says so (RFC 7519, docs/protocol.md 3.5). */

import { base64url, createLocalJWKSet, errors, jwtVerify } from "jose";
import { type Claims, type JwtItem } from "./caller.ts";
import { isElements, readJsonBytes } from "./json.ts";
import { type Jwks, jwksAt } from "./jwks.ts";
import { log } from "../log.ts";

/** How far an issuer's clock may be from ours. Machines that keep time are within seconds. */
const CLOCK_TOLERANCE_SECONDS = 30;

/** How long a key that the issuer has withdrawn may still count. */
const KEYS_FRESH_MS = 10 * 60 * 1000;

/** An unknown key may be a new one. Whoever makes one up causes a fetch no more often than this. */
const UNKNOWN_KEY_AGAIN_MS = 30_000;

/** `token` is what the client sent. `lapsed`: it was good until its time was over. Never throws. */
export async function verifiedClaims(
  token: string,
  item: JwtItem,
): Promise<Claims | "unverified" | "lapsed" | "unavailable"> {
  const nowMs = Date.now();
  for (const ageMaxMs of [KEYS_FRESH_MS, UNKNOWN_KEY_AGAIN_MS]) {
    const jwks = await jwksAt(item.jwks, ageMaxMs, nowMs);
    if (jwks === null) return "unavailable";
    const why = await whyUnverified(token, item, jwks, nowMs);
    if (why === null) return claimsOf(token) ?? "unverified";
    if (why !== errors.JWKSNoMatchingKey.code) {
      log({ event: "caller_unverified", why });
      if (why === errors.JWKSInvalid.code) return "unavailable";
      // Looked at last: all else about the token is right.
      return why.startsWith(errors.JWTExpired.code) ? "lapsed" : "unverified";
    }
  }
  log({ event: "caller_unverified", why: errors.JWKSNoMatchingKey.code });
  return "unverified";
}

/**
 * Null where the token is good. Keys come from `jwks` alone, whatever the token's header offers, and are imported anew:
 * what one request imports must not be awaited by another.
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
    // Every fault of a token is thrown. Anything else is a key that can't be used, and proves as little.
    const { JOSEError, JWTClaimValidationFailed } = errors;
    if (!(error instanceof JOSEError)) return String(error);
    return error instanceof JWTClaimValidationFailed ? `${error.code} ${error.claim}` : error.code;
  }
}

function hasType(key: Record<string, unknown>): key is Record<string, unknown> & { kty: string } {
  return typeof key["kty"] === "string";
}

/** What `token` says, proved or not. Null where it can't be read. */
export function unverifiedClaims(token: string): Claims | null {
  try {
    return claimsOf(token);
  } catch {
    // Not base64url.
    return null;
  }
}

/** Read again, for `JSON.parse` rounds numbers and swallows duplicate members. Null where there are such. */
function claimsOf(token: string): Claims | null {
  const document = readJsonBytes(base64url.decode(token.split(".")[1] ?? ""));
  return document === null || typeof document === "string" || isElements(document) ? null : document;
}
