/** A policy from the fields that an entry or a route sets, on top of the policy that is valid otherwise. */

import { resolveFingerprint } from "../identity/fingerprint.ts";
import { type SetValues } from "./field.ts";
import { type POLICY_FIELDS } from "./fields-of-policy.ts";
import { type Policy } from "./policy.ts";
import { PROFILES } from "./profiles.ts";

/**
 * Fields that are set come before those of a profile that is set with them, and these before `base`. So a profile replaces
 * all that it sets, whatever `base` has.
 */
export function overlay(base: Policy, fields: SetValues<typeof POLICY_FIELDS>): Policy {
  const from = fields.profile === undefined ? base : { ...base, ...PROFILES[fields.profile] };
  const policy = { ...from, ...fields };
  return Object.freeze({
    ...policy,
    fingerprint: resolveFingerprint(policy.fingerprint, policy.keyFrom),
    errorStatus: { ...from.errorStatus, ...fields.errorStatus },
    errorCode: { ...from.errorCode, ...fields.errorCode },
  });
}
