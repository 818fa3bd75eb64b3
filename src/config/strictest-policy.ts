/** The policy of a request whose method may be replaced at the origin (docs/protocol.md 3.2.5). Pure. */

import { type Fields } from "../http/fields.ts";
import { overridingMethods } from "../http/methods.ts";
import { COVERABLE_METHODS } from "./policy-values.ts";
import { type Policy, type Tenant } from "./policy.ts";

export interface AppliedPolicy {
  /** The strictest of those that apply to the method and to the methods that override headers name. */
  readonly policy: Policy;
  /** Whether `policy` covers the request by one of these methods. A covered request with a key has a record. */
  readonly isCovered: boolean;
  /** Whether a policy that covers the request has `mode = "hold"`. */
  readonly isHeld: boolean;
  /** Whether all requests are one caller: each policy that covers the request has it so. `policy` is that of its route in any case. */
  readonly isOneCaller: boolean;
}

const COVERABLE: ReadonlySet<string> = new Set(COVERABLE_METHODS);

interface Asked {
  readonly method: string;
  readonly headers: Fields;
}

/** The names of each JSON-RPC call; one list of none where there is no call, or it is not known. */
export type CalledNames = readonly (readonly string[])[];

const NO_CALL: CalledNames = [[]];

/**
 * The origin may run any of the named methods, and runs all calls, so none of them may evade its rules. Of equals, the first
 * applies. `path` is the path that policies are matched by.
 */
export function strictestPolicy(
  { policyFor }: Pick<Tenant, "policyFor">,
  request: Asked,
  path: string,
  calls = NO_CALL,
): AppliedPolicy {
  const { method } = request;
  let policy = policyFor(method, path, calls[0]);
  let strictness = strictnessOf(policy, method);
  let hasCallers = false;
  let isHeld = false;
  for (const named of methodsOf(request)) {
    for (const names of calls) {
      const other = policyFor(named, path, names);
      const otherStrictness = strictnessOf(other, named);
      if (otherStrictness > 0 && !other.oneCaller) hasCallers = true;
      if (otherStrictness > 0 && other.mode === "hold") isHeld = true;
      if (otherStrictness <= strictness) continue;
      policy = other;
      strictness = otherStrictness;
    }
  }
  return { policy, isCovered: strictness > 0, isHeld, isOneCaller: policy.oneCaller && !hasCallers };
}

/** The calls that routes name for the request, by any of its methods. */
export function callsAt({ callsAt: callsBy }: Pick<Tenant, "callsAt">, request: Asked, path: string): string[] {
  return callsBy === null ? [] : methodsOf(request).flatMap((method) => callsBy(method, path));
}

/** The request's own method, and those that override it and that a policy may cover. */
export function methodsOf({ method, headers }: Asked): string[] {
  return [method, ...overridingMethods(headers).filter((named) => COVERABLE.has(named))];
}

/** 0: not covered. The rest in the order of docs/protocol.md 3.2.5. */
function strictnessOf({ mode, key, methods }: Policy, method: string): number {
  if (key === "off" || mode === "off" || !methods.includes(method)) return 0;
  if (mode === "observe") return 1;
  return key === "optional" ? 2 : 3;
}
