/** The configuration as the gateway uses it: frozen, complete, with units in the names. */

import { type Values } from "./field.ts";
import { type OwnProperties, type Placement } from "./fields-of-entry.ts";
import { type POLICY_FIELDS } from "./fields-of-policy.ts";

export { type Origin, type OriginAuth, type Placement } from "./fields-of-entry.ts";
export { type AttemptPolicy, attemptPolicy } from "./fields-of-policy.ts";
export { COVERABLE_METHODS } from "./policy-values.ts";

export interface Tenant extends OwnProperties {
  /** Where no route matches. */
  readonly policy: Policy;
  /** In the order of the configuration; the first that matches wins. */
  readonly routes: readonly Route[];
  /**
   * The policy for a method and a path whose segments are decoded. `calls` are the names of a JSON-RPC call: its method, and its
   * method and tool. Without them, no route of a call matches.
   */
  readonly policyFor: (method: string, path: string, calls?: readonly string[]) => Policy;
  /** The calls that routes name for them, by which the policy of a body depends on its call. Null where no route names one. */
  readonly callsAt: ((method: string, path: string) => readonly string[]) | null;
}

/** Where the journal of an entry is: one for all hostnames that the entry serves. */
export interface JournalPlace {
  readonly entry: string;
  readonly placement: Placement;
}

export interface Route {
  /** As configured, e.g. `POST /v1/charges`. */
  readonly match: string;
  readonly policy: Policy;
}

/** The list of fields describes each property. */
export interface Policy extends Values<typeof POLICY_FIELDS> {}

export type ProfileName = Policy["profile"];

/** The secret whose token opens the records of every hostname that `SECRETS` lists for it to operators. */
export const OPERATOR_TOKEN = "OPERATOR_TOKEN";
