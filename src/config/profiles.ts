/**
 * What the contracts ask for that an API's clients may expect (docs/profiles.md). A table of data: a profile is nothing
 * but the values of fields, and any of them can be written in the configuration instead.
 */

import { type FingerprintRule, resolveFingerprint } from "../identity/fingerprint.ts";
import { DEFAULTS, type Policy, type ProfileName } from "./policy.ts";

/** The fields that every profile sets. */
export type Profile = Pick<
  Policy,
  | "key"
  | "keyFrom"
  | "methods"
  | "ttlMs"
  | "fingerprint"
  | "notExecutedOn"
  | "unknownOn"
  | "errors"
  | "errorStatus"
  | "errorCode"
  | "replayedHeader"
>;

const HOUR = 60 * 60 * 1000;
const EVERY_5XX: readonly number[] = Object.freeze(Array.from({ length: 100 }, (_, index) => 500 + index));

const byMeaning: FingerprintRule = resolveFingerprint({ body: "json", ignore: [], only: null, headers: [] }, []);
const byBytes: FingerprintRule = resolveFingerprint({ body: "bytes", ignore: [], only: null, headers: [] }, []);

/** draft-ietf-httpapi-idempotency-key-header. The others say how they differ. */
const ietf: Profile = {
  key: "optional",
  keyFrom: DEFAULTS.keyFrom,
  methods: ["POST", "PATCH"],
  ttlMs: DEFAULTS.ttlMs,
  fingerprint: byMeaning,
  notExecutedOn: [],
  unknownOn: [],
  errors: "problem",
  errorStatus: {},
  errorCode: {},
  replayedHeader: "idempotent-replayed",
};

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  ietf,
  stripe: {
    ...ietf,
    methods: ["POST"],
    errors: "stripe",
    errorStatus: { key_reused: 400, caller_changed: 400 },
    errorCode: { in_flight: "idempotency_key_in_use" },
  },
  acp: {
    ...ietf,
    key: "required",
    methods: ["POST"],
    notExecutedOn: EVERY_5XX,
    // Made by something in between, and so no word of the seller's.
    unknownOn: [502, 504, 520, 522, 524],
    errors: "acp",
    errorCode: {
      key_missing: "idempotency_key_required",
      key_reused: "idempotency_conflict",
      caller_changed: "idempotency_conflict",
      in_flight: "idempotency_in_flight",
    },
  },
  ucp: {
    ...ietf,
    methods: ["POST", "PUT", "PATCH"],
    // 24 h are the least that it asks for, and 48 h what it recommends.
    ttlMs: 48 * HOUR,
    fingerprint: byBytes,
    errors: "ucp",
    errorStatus: { key_reused: 409, caller_changed: 409 },
  },
};

/** What holds where the configuration is silent. */
export const DEFAULT_POLICY: Policy = Object.freeze({ ...DEFAULTS, profile: "ietf", ...PROFILES.ietf });
