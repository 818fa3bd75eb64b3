// The profiles by which an implementation can be tested. Each is a list of checks.

import { type Check } from "./check.ts";
import { acp, checksOf, ietf, stripe } from "./contracts/contracts.ts";
import { suite } from "./suite.ts";
import { conformanceTenants, type Tenants, tenantsForContract } from "./tenants.ts";

type Profile = {
  readonly what: string;
  readonly checks: readonly Check[];
  /** How Oncegate is configured for it. */
  readonly tenants: (originPort: number) => Tenants;
};

export const profiles = {
  ietf: {
    what: "the IETF draft on the Idempotency-Key header",
    checks: checksOf(ietf),
    tenants: (port) => tenantsForContract("ietf", port),
  },
  stripe: {
    what: "Stripe's rules, by its documentation",
    checks: checksOf(stripe),
    tenants: (port) => tenantsForContract("stripe", port),
  },
  acp: {
    what: "the Agentic Commerce Protocol, sections 3 and 6",
    checks: checksOf(acp),
    tenants: (port) => tenantsForContract("acp", port),
  },
  core: {
    what: "the Oncegate protocol with one policy: the checks that need nothing configured",
    checks: suite.filter(({ needs }) => needs === undefined),
    tenants: conformanceTenants,
  },
  oncegate: {
    what: "the whole Oncegate protocol, with all policies that its checks need",
    checks: suite,
    tenants: conformanceTenants,
  },
} as const satisfies Record<string, Profile>;

export type ProfileName = keyof typeof profiles;

export function isProfileName(name: string): name is ProfileName {
  return Object.hasOwn(profiles, name);
}

export const profileNames: readonly ProfileName[] = Object.keys(profiles).filter(isProfileName);
