/** The tokens of operators. A missing token is logged and closes no host: clients don't need operators. */

import { type JournalPlace, OPERATOR_TOKEN, type Tenant } from "./policy.ts";
import { type Fault } from "./read-fields.ts";
import { missingSecret, secretOf } from "./secrets.ts";

/** `tenants` are keyed by the names of their entries. */
export function faultsOfOperatorTokens(tenants: Iterable<readonly [string, Tenant | null]>, env: object): Fault[] {
  return [...tenants].flatMap(([entry, tenant]) => {
    const name = tenant?.operators.tokenSecret ?? null;
    if (name === null || tokenIn(env, name, entry) !== null) return [];
    const message = `${missingSecret(name)}. Until then, no token of this tenant is accepted`;
    return [{ path: `"${entry}".operator_token`, message }];
  });
}

/** The token that a request presented. */
export type Role = "operator" | "tenant";

/** Both tokens, null where one is not set. Without either, the hostname has no operator API. */
export interface Tokens {
  readonly operator: string | null;
  readonly tenant: string | null;
}

export function tokensOf(env: object, { entry, operators }: Pick<Tenant, "entry" | "operators">): Tokens {
  const { tokenSecret } = operators;
  return {
    operator: tokenIn(env, OPERATOR_TOKEN, entry),
    tenant: tokenSecret === null ? null : tokenIn(env, tokenSecret, entry),
  };
}

function tokenIn(env: object, name: string, entry: string): string | null {
  return secretOf(env, { name, purpose: "operator_token", hostname: entry });
}

/** Null where the entry has no operators to read a journal. */
export function journalPlaceOf(env: object, tenant: Tenant): JournalPlace | null {
  return areSet(tokensOf(env, tenant)) ? { entry: tenant.entry, placement: tenant.placement } : null;
}

export function areSet({ operator, tenant }: Tokens): boolean {
  return operator !== null || tenant !== null;
}
