/** Verifies tokens and returns their claims (RFC 7519, docs/protocol.md 3.5). */

import { base64url, createLocalJWKSet, decodeJwt, decodeProtectedHeader, errors, jwtVerify } from "jose";
import { type Claims, type JwtItem, type VerifyToken } from "./caller.ts";
import { isElements, parseJsonBytes } from "./json.ts";
import { type Jwks, jwksAfter, jwksAt } from "./jwks.ts";
import { log } from "../log.ts";
import { unreachable } from "../record/record.ts";

/** How far an issuer's clock may differ from ours. Synchronized clocks differ by less than a second. */
const CLOCK_TOLERANCE_SECONDS = 30;

/** A JWS in compact form (RFC 7515, 7.1). Without a signature it proves nothing. */
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** RFC 7518, 3.2: as long as the digest. */
const SECRET_BYTES_MIN = 32;

/** `token` is what the client sent, and `secretNamed` looks up a secret of the Worker. Never throws. */
export async function verifiedClaims(token: string, item: JwtItem, secretNamed: SecretNamed): ReturnType<VerifyToken> {
  // Before any fetch: made-up tokens must not reach the issuer.
  const fault = faultBeforeKeys(token, item, Date.now());
  if (fault !== null) {
    log({ event: "caller_unverified", why: fault });
    return fault === "expired" ? "lapsed" : "unverified";
  }
  const { verifiedBy } = item;
  switch (verifiedBy.kind) {
    case "jwks":
      return claimsByJwks(token, item, verifiedBy.url);
    case "secret":
      return claimsBySecret(token, item, secretNamed(verifiedBy.name));
    default:
      return unreachable(verifiedBy);
  }
}

async function claimsByJwks(token: string, item: JwtItem, url: string): ReturnType<VerifyToken> {
  const known = await jwksAt(url);
  if (known === null) return "unavailable";
  const claims = await claimsBy(keyIn(known), token, item);
  if (claims !== "unknown key") return claims;
  const newer = await jwksAfter(url, known);
  if (newer === null) return "unavailable";
  const again = newer === known ? claims : await claimsBy(keyIn(newer), token, item);
  return again === "unknown key" ? "unverified" : again;
}

async function claimsBySecret(token: string, item: JwtItem, text: string | null): ReturnType<VerifyToken> {
  const key = text === null ? null : secretKey(text);
  // The configuration is checked for it, but the secret may have been removed since.
  if (key === null) return "unavailable";
  const claims = await claimsBy(() => key, token, item);
  return claims === "unknown key" ? "unverified" : claims;
}

/** The key of HS256. Null if it is so short that it can be guessed. */
export function secretKey(text: string): Uint8Array | null {
  const bytes = new TextEncoder().encode(text);
  return bytes.byteLength < SECRET_BYTES_MIN ? null : bytes;
}

/** Each request imports the keys again, because a request must not await a promise of another one. */
function keyIn({ keys }: Jwks): TokenKey {
  return createLocalJWKSet({ keys: keys.filter(hasType) });
}

/** Finds the key for the header of a token. */
type TokenKey = ReturnType<typeof createLocalJWKSet> | (() => Uint8Array);

type SecretNamed = (name: string) => string | null;

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
  key: TokenKey,
  token: string,
  item: JwtItem,
): Promise<Claims | "unverified" | "lapsed" | "unavailable" | "unknown key"> {
  const why = await whyUnverified(token, item, key);
  if (why === null) return claimsOf(token) ?? "unverified";
  log({ event: "caller_unverified", why });
  if (why === errors.JWKSNoMatchingKey.code) return "unknown key";
  // It has expired while the keys were fetched. The expiry is checked last, so everything else about it is valid.
  if (why.startsWith(errors.JWTExpired.code)) return "lapsed";
  return why === errors.JWKSInvalid.code ? "unavailable" : "unverified";
}

/** Null if the token is valid. The key is the configured one, whatever the token's header offers. */
async function whyUnverified(token: string, item: JwtItem, key: TokenKey): Promise<string | null> {
  try {
    await jwtVerify(token, key, {
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
