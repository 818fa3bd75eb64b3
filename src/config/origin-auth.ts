/** What `origin_auth` is checked against. A secret's value is in no fault. */

import { type CallerRule, headersOfCallers } from "../identity/caller.ts";
import { secretText } from "./bindings.ts";
import { OPERATOR_TOKEN, type OriginAuth, type Policy } from "./policy.ts";
import { type Fault } from "./read-fields.ts";

interface Beside {
  /** All rules by which a tenant's callers are told apart, and all its policies. */
  readonly rules: readonly CallerRule[];
  readonly policies: readonly Policy[];
  /** The secret with the operators' token of this tenant; null where it has none. */
  readonly tokenSecret: string | null;
  /** Has the Worker's secrets. */
  readonly env: object;
}

export function faultsOfOriginAuth(
  { header, secret }: OriginAuth,
  { rules, policies, tokenSecret, env }: Beside,
  path: string,
): Fault[] {
  const ofClients = new Set([...rules.flatMap(headersOfCallers), ...policies.flatMap(headersOfKeys)]);
  const messages = [
    faultOfSecret(secret, env),
    // Whoever has it could settle and release records, and the origin is sent it with every request.
    [OPERATOR_TOKEN, tokenSecret].includes(secret) ? `must not be the operators' token: ${secret}` : null,
    ofClients.has(header) ? `needs a header of its own: clients send ${header}` : null,
  ];
  return messages.flatMap((message) => (message === null ? [] : [{ path, message }]));
}

function faultOfSecret(name: string, env: object): string | null {
  const found = secretText(env, name);
  if (found === null) {
    return `names no secret of this Worker: ${name}. Set it with "npx wrangler secret put ${name}", and name it in wrangler.toml: secrets = { required = ["${name}"] }`;
  }
  if (found !== "unsendable") return null;
  return `needs a secret of 1 to 4,096 visible ASCII characters, which a header can hold: ${name} is none`;
}

function headersOfKeys({ keyFrom }: Policy): string[] {
  return keyFrom.flatMap((carrier) => (carrier.kind === "header" ? [carrier.name] : []));
}
