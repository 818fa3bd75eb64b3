/** Verifies tokens and returns their claims (RFC 7519, docs/protocol.md 3.5). */

import { base64url, createLocalJWKSet, decodeJwt, decodeProtectedHeader, errors, jwtVerify } from "jose";
import { log } from "../log.ts";
import { unreachable } from "../record/record.ts";
import { type Claims, type JwtItem, type Verification } from "./caller.ts";
import { membersOf, parseJsonBytes } from "./json.ts";
import { type Jwks, jwksAfter, jwksAt } from "./jwks.ts";

/** How far an issuer's clock may differ from ours. Synchronized clocks differ by less than a second. */
const CLOCK_TOLERANCE_SECONDS = 30;

/** A JWS in compact form (RFC 7515, 7.1), with a signature. */
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** RFC 7518, 3.2: a key of HS256 is at least as long as its digest. */
const SECRET_BYTES_MIN = 32;

/** The result of checking a token. `why` is for the log. */
type Check =
  | { readonly kind: "valid" }
  /** The set does not have the token's key. A newer set may. */
  | { readonly kind: "unknown key"; readonly why: string }
  | { readonly kind: "expired"; readonly why: string }
  /** The keys can't be used. This does not depend on the token. */
  | { readonly kind: "invalid keys"; readonly why: string }
  | { readonly kind: "invalid token"; readonly why: string };

/** Finds the key by the header of a token. */
type TokenKey = ReturnType<typeof createLocalJWKSet> | (() => Uint8Array);

/** Looks up a secret that verifies tokens; null where there is none. */
export type SecretNamed = (name: string) => string | null;

/** `token` is what the client sent, and `secretNamed` looks up a secret of the Worker. Never throws. */
export async function verifiedClaims(token: string, item: JwtItem, secretNamed: SecretNamed): Promise<Verification> {
  // Before any key is fetched: made-up tokens must not reach the issuer.
  const check = checkWithoutKeys(token, item, Date.now()) ?? (await checkWithKeys(token, item, secretNamed));
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

/** Finds what makes a token invalid whatever the keys are. Null if nothing does. */
function checkWithoutKeys(token: string, { algorithms }: JwtItem, nowMs: number): Check | null {
  const invalid: Check = { kind: "invalid token", why: "not a token" };
  if (!JWT.test(token)) return invalid;
  try {
    const { alg } = decodeProtectedHeader(token);
    const { exp } = decodeJwt(token);
    if (alg === undefined || !algorithms.includes(alg)) return { ...invalid, why: "algorithm" };
    if (typeof exp !== "number") return { ...invalid, why: "no expiry" };
    return exp <= Math.floor(nowMs / 1000) - CLOCK_TOLERANCE_SECONDS ? { kind: "expired", why: "expired" } : null;
  } catch {
    // jose throws for parts that are not base64url of a JSON object.
    return invalid;
  }
}

/** Null if the issuer's keys can't be fetched now. */
async function checkWithKeys(token: string, item: JwtItem, secretNamed: SecretNamed): Promise<Check | null> {
  const { verifiedBy } = item;
  switch (verifiedBy.kind) {
    case "jwks":
      return checkWithJwks(token, item, verifiedBy.url);
    case "secret": {
      const key = secretKey(secretNamed(verifiedBy.name) ?? "");
      // The configuration is checked for it, but the secret may have been changed since.
      return key === null ? { kind: "invalid keys", why: "secret" } : checkToken(token, item, () => key);
    }
    default:
      return unreachable(verifiedBy);
  }
}

async function checkWithJwks(token: string, item: JwtItem, url: string): Promise<Check | null> {
  const known = await jwksAt(url);
  if (known === null) return null;
  const check = await checkToken(token, item, keyIn(known));
  if (check.kind !== "unknown key") return check;
  const newer = await jwksAfter(url, known);
  if (newer === null) return null;
  return newer === known ? check : checkToken(token, item, keyIn(newer));
}

/** The key of HS256: the UTF-8 bytes of `text`. Null if it is too short to be safe. */
export function secretKey(text: string): Uint8Array | null {
  const bytes = new TextEncoder().encode(text);
  return bytes.byteLength < SECRET_BYTES_MIN ? null : bytes;
}

/** Each request imports the keys again, because a request must not await a promise of another one. */
function keyIn({ keys }: Jwks): TokenKey {
  return createLocalJWKSet({ keys: keys.filter(hasType) });
}

/** The key is the configured one, whatever the token's header offers. */
async function checkToken(token: string, item: JwtItem, key: TokenKey): Promise<Check> {
  try {
    await jwtVerify(token, key, {
      algorithms: [...item.algorithms],
      audience: item.audience,
      ...(item.issuer === null ? {} : { issuer: item.issuer }),
      requiredClaims: ["exp"],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
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
  return membersOf(document);
}
