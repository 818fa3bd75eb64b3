/**
 * What the contracts ask for that an API's clients may expect (docs/profiles.md). A table of data: a profile is nothing
 * but the values of fields, and any of them can be written in the configuration instead.
 */

import { type FingerprintRule, resolveFingerprint } from "../http/fingerprint.ts";
import { DEFAULTS, type Policy, type ProfileName } from "./policy.ts";

/** The fields that every profile sets. */
type Profile = Pick<
  Policy,
  | "key"
  | "methods"
  | "fingerprint"
  | "notExecutedOn"
  | "unknownOn"
  | "errors"
  | "errorStatus"
  | "errorCode"
  | "replayedHeader"
>;

const EVERY_5XX: readonly number[] = Array.from({ length: 100 }, (_, index) => 500 + index);

const byMeaning: FingerprintRule = resolveFingerprint({ body: "json", ignore: [], only: null, headers: [] }, []);
const byBytes: FingerprintRule = resolveFingerprint({ body: "bytes", ignore: [], only: null, headers: [] }, []);

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  /** draft-ietf-httpapi-idempotency-key-header */
  ietf: {
    key: "optional",
    methods: ["POST", "PATCH"],
    fingerprint: byMeaning,
    notExecutedOn: [],
    unknownOn: [],
    errors: "problem",
    errorStatus: {},
    errorCode: {},
    replayedHeader: "idempotent-replayed",
  },
  stripe: {
    key: "optional",
    methods: ["POST"],
    fingerprint: byMeaning,
    notExecutedOn: [],
    unknownOn: [],
    errors: "stripe",
    errorStatus: { key_reused: 400 },
    errorCode: {},
    replayedHeader: "idempotent-replayed",
  },
  acp: {
    key: "required",
    methods: ["POST"],
    fingerprint: byMeaning,
    notExecutedOn: EVERY_5XX,
    // Made by something in between, and so no word of the seller's.
    unknownOn: [502, 504, 520, 522, 524],
    errors: "acp",
    errorStatus: {},
    errorCode: {
      key_missing: "idempotency_key_required",
      key_reused: "idempotency_conflict",
      in_flight: "idempotency_in_flight",
    },
    replayedHeader: "idempotent-replayed",
  },
  ucp: {
    key: "optional",
    methods: ["POST", "PUT", "PATCH"],
    fingerprint: byBytes,
    notExecutedOn: [],
    unknownOn: [],
    errors: "ucp",
    errorStatus: { key_reused: 409 },
    errorCode: {},
    replayedHeader: "idempotent-replayed",
  },
};

/** What holds where the configuration is silent. */
export const DEFAULT_POLICY: Policy = Object.freeze({ ...DEFAULTS, profile: "ietf", ...PROFILES.ietf });
