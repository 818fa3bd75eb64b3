/** Who may operate a hostname (docs/operator-api.md O1): whoever presents the Worker's token, or the one of its tenant. */

import { type Role, type Tokens } from "../config/operator-token.ts";

/** RFC 6750, 2.1; the name of the scheme in any letter case. */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

/** Null where `authorization` presents none of `tokens`. It is compared with each, so that time tells nothing of them. */
export async function roleOf(tokens: Tokens, authorization: string | null): Promise<Role | null> {
  const presented = BEARER.exec(authorization ?? "")?.[1] ?? "";
  const [isOperator, isTenant] = await Promise.all([
    isEqual(presented, tokens.operator),
    isEqual(presented, tokens.tenant),
  ]);
  if (isOperator) return "operator";
  return isTenant ? "tenant" : null;
}

/** Digests have one length, whatever they were made of. */
export async function isEqual(presented: string, token: string | null): Promise<boolean> {
  const [a, b] = await Promise.all([digest(presented), digest(token ?? "")]);
  return crypto.subtle.timingSafeEqual(a, b) && token !== null;
}

function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
