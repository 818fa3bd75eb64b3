/** The tokens of operators. A missing token is logged and closes no host: clients don't need operators. */

import { secret } from "./bindings.ts";
import { OPERATOR_TOKEN, type Tenant } from "./policy.ts";
import { type Fault } from "./read-fields.ts";

/** `tenants` are keyed by the names of their entries. */
export function faultsOfOperatorTokens(tenants: Iterable<readonly [string, Tenant | null]>, env: object): Fault[] {
  return [...tenants].flatMap(([entry, tenant]) => {
    const name = tenant?.operators.tokenSecret ?? null;
    if (name === null || secret(env, name) !== null) return [];
    const message = `names no secret of this Worker: ${name}. Set it with "npx wrangler secret put ${name}", and name it in wrangler.toml: secrets = { required = ["${name}"] }. Until then, no token of this tenant is accepted`;
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

export function tokensOf(env: object, { operators }: Tenant): Tokens {
  const { tokenSecret } = operators;
  return { operator: secret(env, OPERATOR_TOKEN), tenant: tokenSecret === null ? null : secret(env, tokenSecret) };
}

export function areSet({ operator, tenant }: Tokens): boolean {
  return operator !== null || tenant !== null;
}
