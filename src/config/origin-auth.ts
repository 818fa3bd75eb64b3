/** The faults of `origin_auth`. They never contain a secret's value. */

import { type CallerRule, headersOfCallers } from "../identity/caller.ts";
import { headersOfCarriers } from "../identity/key-carrier.ts";
import { sendableSecret } from "./bindings.ts";
import { unreachable } from "../record/record.ts";
import { OPERATOR_TOKEN, type OriginAuth, type Policy } from "./policy.ts";
import { type Fault } from "./read-fields.ts";

interface Beside {
  /** All rules that identify a tenant's callers, and all its policies. */
  readonly rules: readonly CallerRule[];
  readonly policies: readonly Policy[];
  /** The name of the secret with this tenant's operator token; null where it has none. */
  readonly tokenSecret: string | null;
  /** Has the Worker's secrets. */
  readonly env: object;
}

export function faultsOfOriginAuth(
  { header, secret }: OriginAuth,
  { rules, policies, tokenSecret, env }: Beside,
  path: string,
): Fault[] {
  const ofClients = new Set([
    ...rules.flatMap(headersOfCallers),
    ...policies.flatMap(({ keyFrom }) => headersOfCarriers(keyFrom)),
  ]);
  const messages = [
    faultOfSecret(secret, env),
    // The origin receives this secret with every request, and could settle and release records with it.
    [OPERATOR_TOKEN, tokenSecret].includes(secret) ? `must not be an operator token: ${secret}` : null,
    ofClients.has(header) ? `must use a header that clients don't send: ${header}` : null,
  ];
  return messages.flatMap((message) => (message === null ? [] : [{ path, message }]));
}

function faultOfSecret(name: string, env: object): string | null {
  const found = sendableSecret(env, name);
  switch (found.kind) {
    case "sendable":
      return null;
    case "missing":
      return `names no secret of this Worker: ${name}. Set it with "npx wrangler secret put ${name}", and name it in wrangler.toml: secrets = { required = ["${name}"] }`;
    case "unsendable":
      return `must name a secret of 1 to 4,096 visible ASCII characters, which a header can carry: ${name} has others`;
    default:
      return unreachable(found);
  }
}
