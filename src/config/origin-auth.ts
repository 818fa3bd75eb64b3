/** The faults of `origin_auth`. They never contain a secret's value. */

import { type CallerRule, headersOfCallers } from "../identity/caller.ts";
import { headersOfCarriers } from "../identity/key-carrier.ts";
import { type ConfiguredAuth } from "./entry-values.ts";
import { type Policy } from "./policy.ts";
import { type Fault } from "./read-fields.ts";
import { faultOfUse, missingSecret, secretOf } from "./secrets.ts";

/** Visible ASCII with spaces inside: a header carries it unchanged. Origins and proxies reject larger values. */
const SENDABLE = /^[!-~](?:[ -~]{0,4094}[!-~])?$/;

export function isSendable(secret: string): boolean {
  return SENDABLE.test(secret);
}

interface Beside {
  /** All rules that identify a tenant's callers, and all its policies. */
  readonly rules: readonly CallerRule[];
  readonly policies: readonly Policy[];
  /** The name of the entry. */
  readonly name: string;
  /** Has the Worker's secrets. */
  readonly env: object;
}

export function faultsOfOriginAuth(
  { header, secret }: ConfiguredAuth,
  { rules, policies, name, env }: Beside,
  path: string,
): Fault[] {
  const ofClients = new Set([
    ...rules.flatMap(headersOfCallers),
    ...policies.flatMap(({ keyFrom }) => headersOfCarriers(keyFrom)),
  ]);
  const messages = [
    faultOfSecret(secret, name, env),
    ofClients.has(header) ? `must use a header that clients don't send: ${header}` : null,
  ];
  return messages.flatMap((message) => (message === null ? [] : [{ path, message }]));
}

function faultOfSecret(secret: string, entry: string, env: object): string | null {
  const use = { name: secret, purpose: "origin_auth", hostname: entry } as const;
  const unlisted = faultOfUse(env, use);
  if (unlisted !== null) return unlisted;
  const value = secretOf(env, use);
  if (value === null) return missingSecret(secret);
  return isSendable(value)
    ? null
    : `must name a secret of 1 to 4,096 visible ASCII characters, which a header can carry: ${secret} has others`;
}
