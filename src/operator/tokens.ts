/** Checks operator tokens (docs/operator-api.md O1): the token of the Worker, and the token of the tenant. */

import { type Role, type Tokens } from "../config/operator-token.ts";

/** RFC 6750, 2.1. The scheme is case-insensitive. */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

/** The token in the header; null if it presents none. */
export function bearerToken(authorization: string | null): string | null {
  return BEARER.exec(authorization ?? "")?.[1] ?? null;
}

/** Null if `presented` is neither token. Both comparisons always run, so the time taken reveals nothing. */
export async function roleOf(tokens: Tokens, presented: string): Promise<Role | null> {
  const [isOperator, isTenant] = await Promise.all([
    isEqual(presented, tokens.operator),
    isEqual(presented, tokens.tenant),
  ]);
  if (isOperator) return "operator";
  return isTenant ? "tenant" : null;
}

/** Compares digests, which have one length, so that a timing-safe comparison is possible. A null token equals nothing. */
export async function isEqual(presented: string, token: string | null): Promise<boolean> {
  const [a, b] = await Promise.all([digest(presented), digest(token ?? "")]);
  return crypto.subtle.timingSafeEqual(a, b) && token !== null;
}

function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
