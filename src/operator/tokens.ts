/** Who may operate a hostname (docs/protocol.md 8.2): whoever presents the Worker's token, or the one of its tenant. */

import { secret } from "../config/bindings.ts";
import { OPERATOR_TOKEN, type Placement, type Tenant } from "../config/policy.ts";
import { tenantOf } from "../config/tenants.ts";
import { isRefusal } from "../http/problem.ts";

/** RFC 6750, 2.1; the name of the scheme in any letter case. */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

/** Which token was presented. */
export type Role = "operator" | "tenant";

/** Both tokens, null where there is none. Without either, the hostname has no operators. */
export interface Tokens {
  readonly operator: string | null;
  readonly tenant: string | null;
}

export function tokensOf(env: object, { operators }: Tenant): Tokens {
  const { tokenSecret } = operators;
  return { operator: secret(env, OPERATOR_TOKEN), tenant: tokenSecret === null ? null : secret(env, tokenSecret) };
}

export function areSet({ operator, tenant }: Tokens): boolean {
  return operator !== null || tenant !== null;
}

/** Where the journal of a hostname is, null where nobody would read it: for an object, which knows no more than the hostname. */
export async function journalPlacement(env: object, hostname: string): Promise<Placement | null> {
  const tenant = await tenantOf(env, hostname);
  return !isRefusal(tenant) && areSet(tokensOf(env, tenant)) ? tenant.placement : null;
}

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
