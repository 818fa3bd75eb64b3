/** The secrets that verify tokens, and their faults, which never contain a value. */

import { type CallerItem } from "../identity/caller.ts";
import { type SecretNamed, secretKey } from "../identity/verified-claims.ts";
import { type Fault } from "./read-fields.ts";
import { faultOfUse, missingSecret, secretOf } from "./secrets.ts";

interface Owner {
  /** The name of the entry. */
  readonly name: string;
  /** Has the Worker's secrets. */
  readonly env: object;
}

/** Looks up the secrets that verify the tokens of an entry's callers. */
export function tokenSecrets(env: object, entry: string): SecretNamed {
  return (name) => secretOf(env, { name, purpose: "jwt", hostname: entry });
}

/** `items` are those of the list at `path`. */
export function faultsOfTokenSecrets(items: readonly CallerItem[], owner: Owner, path: string): Fault[] {
  return items.flatMap((item) => {
    if (item.kind !== "jwt" || item.verifiedBy.kind !== "secret") return [];
    const message = faultOfKey(item.verifiedBy.name, owner);
    return message === null ? [] : [{ path, message }];
  });
}

function faultOfKey(name: string, { name: entry, env }: Owner): string | null {
  const use = { name, purpose: "jwt", hostname: entry } as const;
  const unlisted = faultOfUse(env, use);
  if (unlisted !== null) return unlisted;
  const text = secretOf(env, use);
  if (text === null) return missingSecret(name);
  return secretKey(text) === null
    ? `must name a secret of at least 32 bytes, such as from "openssl rand -base64 32": ${name} is shorter`
    : null;
}
