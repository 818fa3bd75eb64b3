/**
 * The contracts that clients of an API may expect (docs/profiles.md), as data. A profile is a set of values of fields, and
 * each of them can be set in the configuration instead.
 */

import { resolveFingerprint } from "../identity/fingerprint.ts";
import { EVENT_STREAM, type StatusRange } from "../record/outcome-rule.ts";
import { defaultsOf } from "./field.ts";
import { POLICY_FIELDS } from "./fields-of-policy.ts";
import { fingerprintBy } from "./policy-values.ts";
import { type Policy, type ProfileName } from "./policy.ts";
import { DAY, MINUTE, SECOND } from "./values.ts";

/** The fields that every profile sets, and those that one of them sets as well. */
export type Profile = EveryProfile & Partial<Pick<Policy, AlsoSet>>;

type AlsoSet =
  | "rpc"
  | "rpcMethods"
  | "oneCaller"
  | "requestBytesMax"
  | "waitMs"
  | "originTimeoutMs"
  | "originDeadlineMs"
  | "onUnknown"
  | "maxAttempts";

type EveryProfile = Pick<
  Policy,
  | "key"
  | "keyFrom"
  | "keyScope"
  | "methods"
  | "ttlMs"
  | "fingerprint"
  | "outcomes"
  | "echo"
  | "errors"
  | "errorStatus"
  | "errorCode"
  | "replayedHeader"
>;

/** The policy where the configuration sets no field. */
export const DEFAULT_POLICY: Policy = Object.freeze(defaultsOf(POLICY_FIELDS));

/** Null in place of each condition: all that a rule leaves open. */
const ANY_ANSWER = { statuses: null, mediaTypes: null, header: null, json: null, event: null } as const;

/** A proxy in between sends these, so they say nothing about the API behind it. */
const FROM_PROXIES: readonly StatusRange[] = [502, 504, 520, 522, 524].map((status) => ({ from: status, to: status }));

/** For contracts in which a 409 has another meaning: it ran, or may have run, and sending it again does not help. */
const UNKNOWN_AS_500 = {
  outcome_unknown: 500,
  attempts_exhausted: 500,
  replay_unavailable: 500,
  key_expired: 500,
} as const;

/** Members of a JSON-RPC response. The values that rules compare are in canonical form. */
const ERROR_CODE = ["error", "code"];
const RESULT_TYPE = ["result", "resultType"];

const member = (pointer: readonly string[], is: readonly string[] | null = null) => ({ json: { pointer, is } });

/** What an MCP server answers before a tool begins, and what shows that its answer is not the result (docs/profiles.md). */
const MCP_OUTCOMES: EveryProfile["outcomes"] = [
  // The session is lost, or there is no such method.
  { when: { ...ANY_ANSWER, statuses: [{ from: 404, to: 404 }] }, unless: null, outcome: "not-executed" },
  // -32700, -32600 and -32601: the message is no JSON, no request, or has no such method.
  {
    when: { ...ANY_ANSWER, ...member(ERROR_CODE, ["-327e2", "-326e2", "-32601e0"]) },
    unless: null,
    outcome: "not-executed",
  },
  // -32000 by convention, -32020 and -32022: refused because of its session, its headers or its version.
  {
    when: {
      ...ANY_ANSWER,
      statuses: [{ from: 400, to: 400 }],
      ...member(ERROR_CODE, ["-32e3", "-3202e1", "-32022e0"]),
    },
    unless: null,
    outcome: "not-executed",
  },
  // The same call comes again, with the input that the server asks for.
  { when: { ...ANY_ANSWER, ...member(RESULT_TYPE, ['"input_required"']) }, unless: null, outcome: "not-executed" },
  // A stream may end before the response, which the client then fetches by other means.
  {
    when: { ...ANY_ANSWER, mediaTypes: [EVENT_STREAM], ...member(["error"]) },
    unless: null,
    outcome: "final",
  },
  {
    when: { ...ANY_ANSWER, mediaTypes: [EVENT_STREAM] },
    unless: { ...ANY_ANSWER, ...member(["result"]) },
    outcome: "unknown",
  },
];

/** draft-ietf-httpapi-idempotency-key-header, which is the default. The other profiles are differences from it. */
const ietf: EveryProfile = {
  key: DEFAULT_POLICY.key,
  keyFrom: DEFAULT_POLICY.keyFrom,
  keyScope: DEFAULT_POLICY.keyScope,
  methods: DEFAULT_POLICY.methods,
  ttlMs: DEFAULT_POLICY.ttlMs,
  fingerprint: DEFAULT_POLICY.fingerprint,
  outcomes: DEFAULT_POLICY.outcomes,
  echo: DEFAULT_POLICY.echo,
  errors: DEFAULT_POLICY.errors,
  errorStatus: DEFAULT_POLICY.errorStatus,
  errorCode: DEFAULT_POLICY.errorCode,
  replayedHeader: DEFAULT_POLICY.replayedHeader,
};

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  ietf,
  stripe: {
    ...ietf,
    keyScope: "tenant",
    methods: ["POST"],
    errors: "stripe",
    errorStatus: { key_reused: 400, caller_changed: 400 },
    errorCode: { in_flight: "idempotency_key_in_use" },
  },
  acp: {
    ...ietf,
    key: "required",
    methods: ["POST"],
    outcomes: [
      { when: { ...ANY_ANSWER, statuses: FROM_PROXIES }, unless: null, outcome: "unknown" },
      { when: { ...ANY_ANSWER, statuses: [{ from: 500, to: 599 }] }, unless: null, outcome: "not-executed" },
    ],
    // Required of each answer to a request that has one.
    echo: ["request-id"],
    errors: "acp",
    // Its 409 means that the original still runs, and its 422 that the request is another one.
    errorStatus: UNKNOWN_AS_500,
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
    // UCP requires at least 24 h and recommends 48 h.
    ttlMs: 2 * DAY,
    fingerprint: fingerprintBy("bytes"),
    errors: "ucp",
    // Its 409 means another payload.
    errorStatus: { key_reused: 409, caller_changed: 409, in_flight: 503, ...UNKNOWN_AS_500 },
  },
  mcp: {
    ...ietf,
    keyFrom: [
      [{ kind: "header", name: "idempotency-key" }],
      [{ kind: "body", pointer: ["params", "_meta", "idempotency-key"] }],
      // UCP, as it was and as it is.
      [{ kind: "body", pointer: ["params", "meta", "idempotency-key"] }],
      [{ kind: "body", pointer: ["params", "arguments", "meta", "idempotency-key"] }],
      // AdCP, and tools that let the model choose the key.
      [{ kind: "body", pointer: ["params", "arguments", "idempotency_key"] }],
    ],
    methods: ["POST"],
    rpc: "json-rpc",
    rpcMethods: ["tools/call"],
    outcomes: MCP_OUTCOMES,
    // That of another session would tie the client to it.
    echo: ["mcp-session-id"],
  },
  // For who receives webhooks. The one profile of "at least once": a sender gives up, and a lost event is the greater harm.
  webhook: {
    ...ietf,
    keyFrom: [[{ kind: "header", name: "webhook-id" }]],
    methods: ["POST"],
    // Longer than most senders go on, Stripe's three days included. Adyen goes on for 30 days, but not after a 2xx.
    ttlMs: 7 * DAY,
    // Of Stripe's event: the endpoints that have not got it yet, which become fewer.
    fingerprint: resolveFingerprint({ ...fingerprintBy("json"), ignore: [["pending_webhooks"]] }, []),
    outcomes: [{ when: { ...ANY_ANSWER, statuses: [{ from: 300, to: 599 }] }, unless: null, outcome: "not-executed" }],
    // Some senders never come again after a 4xx. In these, the next delivery may run.
    errorStatus: { in_flight: 503, outcome_unknown: 503, body_timeout: 503 },
    oneCaller: true,
    // GitHub sends up to 25 MB.
    requestBytesMax: 25_000_000,
    // Slack takes 3 s for a failure, Shopify 5 s, GitHub 10 s.
    waitMs: 2 * SECOND,
    // No sender waits longer, so a handler is hanging then. The last of a short schedule must still come after the deadline.
    originTimeoutMs: 30 * SECOND,
    originDeadlineMs: MINUTE,
    onUnknown: "retry",
    maxAttempts: 10_000,
  },
};
