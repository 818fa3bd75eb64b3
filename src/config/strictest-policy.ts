/** The policy of a request whose method may be replaced at the origin (docs/protocol.md 3.2.5). Pure. */

import { overridingMethods } from "../http/methods.ts";
import { type Policy, type Tenant } from "./policy.ts";
import { COVERABLE_METHODS } from "./policy-values.ts";

export interface AppliedPolicy {
  /** The strictest of those that apply to the method and to the methods that override headers name. */
  readonly policy: Policy;
  /** Whether `policy` covers the request by one of these methods. A covered request with a key has a record. */
  readonly isCovered: boolean;
}

const COVERABLE: ReadonlySet<string> = new Set(COVERABLE_METHODS);

/**
 * The origin may run any of the named methods, so none of them may evade its rules. Of equals, the first applies. `path` is the
 * path that policies are matched by.
 */
export function strictestPolicy(
  { policyFor }: Pick<Tenant, "policyFor">,
  { method, headers }: Pick<Request, "method" | "headers">,
  path: string,
): AppliedPolicy {
  const overrides = overridingMethods(headers).filter((named) => COVERABLE.has(named));
  let policy = policyFor(method, path);
  let strictness = strictnessOf(policy, method);
  for (const named of overrides) {
    const other = policyFor(named, path);
    if (strictnessOf(other, named) <= strictness) continue;
    policy = other;
    strictness = strictnessOf(other, named);
  }
  return { policy, isCovered: strictness > 0 };
}

/** 0: not covered. The rest in the order of docs/protocol.md 3.2.5. */
function strictnessOf({ mode, key, methods }: Policy, method: string): number {
  if (key === "off" || mode === "off" || !methods.includes(method)) return 0;
  if (mode === "observe") return 1;
  return key === "optional" ? 2 : 3;
}
