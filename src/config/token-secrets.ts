/** The faults of secrets that verify tokens. They never contain a secret's value. */

import { type CallerItem } from "../identity/caller.ts";
import { secretKey } from "../identity/verified-claims.ts";
import { secret } from "./bindings.ts";
import { OPERATOR_TOKEN } from "./policy.ts";
import { type Fault } from "./read-fields.ts";

interface Beside {
  /** The names of the tenant's secrets for other purposes; null where it has none. */
  readonly others: readonly (string | null)[];
  /** Has the Worker's secrets. */
  readonly env: object;
}

/** `items` are those of the list at `path`. */
export function faultsOfTokenSecrets(items: readonly CallerItem[], { others, env }: Beside, path: string): Fault[] {
  return items.flatMap((item) => {
    if (item.kind !== "jwt" || item.verifiedBy.kind !== "secret") return [];
    const { name } = item.verifiedBy;
    // An origin or an issuer that knows an operator token could settle and release records with it.
    const isShared = name === OPERATOR_TOKEN || others.includes(name);
    const message = isShared ? `must name a secret that has no other purpose: ${name}` : faultOfKey(name, env);
    return message === null ? [] : [{ path, message }];
  });
}

function faultOfKey(name: string, env: object): string | null {
  const text = secret(env, name);
  if (text === null) {
    return `names no secret of this Worker: ${name}. Set it with "npx wrangler secret put ${name}", and name it in wrangler.toml: secrets = { required = ["${name}"] }`;
  }
  return secretKey(text) === null
    ? `must name a secret of at least 32 bytes, such as from "openssl rand -base64 32": ${name} is shorter`
    : null;
}
