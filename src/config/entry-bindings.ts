/** What the references in an entry are checked against: bindings and secrets of the Worker, and the other entries. */

import { withoutTrailingDot } from "../http/matching-path.ts";
import { rateLimit as rateLimitBinding, serviceBinding } from "./bindings.ts";
import { type AppAddress, type OriginAddress } from "./entry-values.ts";
import { type SetValues } from "./field.ts";
import { type OWN_FIELDS } from "./fields-of-entry.ts";
import { type Fault } from "./read-fields.ts";
import { faultOfUse } from "./secrets.ts";
import { faultsOfTokenSecrets } from "./token-secrets.ts";

export interface Surroundings {
  /** The entry's own name. */
  readonly name: string;
  /** Has the bindings that an entry may name. */
  readonly env: object;
  /** All tenants' names. */
  readonly hostnames: ReadonlySet<string>;
  /** Where the entry is written in code, in front of an app. */
  readonly inCode?: EntryInCode;
}

export interface EntryInCode {
  readonly app: AppAddress;
  /** False where a Worker starts, whose bindings are not known yet. What needs them is checked at the first request. */
  readonly isBound: boolean;
}

/** Faults of fields that name a binding or a secret of the Worker, or another tenant. */
export function addBindingFaults(
  { origin, rateLimit, operatorToken, caller, callerWas }: SetValues<typeof OWN_FIELDS>,
  path: string,
  around: Surroundings,
  faults: Fault[],
): void {
  if (around.inCode?.isBound === false) return;
  const originFault = origin === undefined ? null : faultOfOrigin(origin, around);
  if (originFault !== null) faults.push({ path: `${path}.origin`, message: originFault });
  if (rateLimit !== undefined && rateLimitBinding(around.env, rateLimit.binding) === null) {
    const message = `names no rate limiting binding of this Worker: ${rateLimit.binding}`;
    faults.push({ path: `${path}.rate_limit.binding`, message });
  }
  if (operatorToken !== undefined) {
    const use = { name: operatorToken, purpose: "operator_token", hostname: around.name } as const;
    const message = faultOfUse(around.env, use);
    if (message !== null) faults.push({ path: `${path}.operator_token`, message });
  }
  faults.push(
    ...faultsOfTokenSecrets(caller ?? [], around, `${path}.caller`),
    ...faultsOfTokenSecrets(callerWas?.items ?? [], around, `${path}.caller_was.caller`),
  );
}

function faultOfOrigin(origin: OriginAddress, { env, hostnames }: Surroundings): string | null {
  if (origin.kind === "app") return null;
  if (origin.kind === "service") {
    const bound = serviceBinding(env, origin.binding) !== null;
    return bound ? null : `names no service binding of this Worker: ${origin.binding}`;
  }
  const url = new URL(origin.base);
  const hostname = withoutTrailingDot(url.hostname);
  // Another port is another server. Under a wildcard, the header that marks loops protects.
  if (url.port !== "" || !hostnames.has(hostname)) return null;
  return `leads back to this gateway: ${hostname} is a tenant. Give the origin a hostname of its own`;
}
