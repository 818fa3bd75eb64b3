import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../src/config/config.ts";
import { type Policy } from "../../../src/config/policy.ts";
import { DEFAULT_POLICY, PROFILES } from "../../../src/config/profiles.ts";
import { resolveFingerprint } from "../../../src/identity/fingerprint.ts";
import { rule, statuses } from "../record/answers.ts";
import { configWith, entry, faultsWith, HOST, policyWith, tenant } from "./entries.ts";

const NAMES = ["ietf", "stripe", "acp", "ucp", "mcp", "webhook"] as const;

/** What an entry of this profile identifies callers by. Undefined: it has none. */
function callerOf(profile: (typeof NAMES)[number]): { caller: string[] | undefined } {
  return { caller: profile === "webhook" ? undefined : ["authorization"] };
}

/** The policy of the one route of an entry. */
function routePolicy(entry: Record<string, unknown>, route: Record<string, unknown>): Policy {
  const routes = [{ match: "POST /v1/charges", ...route }];
  return tenant(configWith({ ...entry, routes })).policyFor("POST", "/v1/charges");
}

describe("6.5.1 a profile", () => {
  test.each(NAMES)("%s sets its fields, and leaves the others to the defaults", (profile) => {
    const { policy } = tenant(parseConfig({ TENANTS: { [HOST]: { ...entry({ profile }), ...callerOf(profile) } } }));
    const own = PROFILES[profile];
    const fingerprint = resolveFingerprint(own.fingerprint, own.keyFrom);
    expect(policy).toEqual({ ...DEFAULT_POLICY, profile, ...own, fingerprint });
  });

  test("is ietf where none is named", () => {
    expect(policyWith({})).toEqual(policyWith({ profile: "ietf" }));
  });

  test("must be one that there is", () => {
    expect(faultsWith({ profile: "square" })).toEqual([
      {
        path: `TENANTS."${HOST}".profile`,
        message: 'must be "ietf" or "stripe" or "acp" or "ucp" or "mcp" or "webhook"',
      },
    ]);
  });

  test("is these values: stripe", () => {
    expect(PROFILES.stripe).toMatchObject({
      key: "optional",
      methods: ["POST"],
      ttlMs: 86_400_000,
      fingerprint: { name: "json" },
      outcomes: [],
      errors: "stripe",
      errorStatus: { key_reused: 400, caller_changed: 400 },
      errorCode: { in_flight: "idempotency_key_in_use" },
      replayedHeader: "idempotent-replayed",
    });
  });

  test("is these values: acp", () => {
    expect(PROFILES.acp).toMatchObject({
      key: "required",
      methods: ["POST"],
      ttlMs: 86_400_000,
      fingerprint: { name: "json" },
      outcomes: [
        rule(statuses(502, 504, 520, 522, 524), "unknown"),
        rule({ statuses: [{ from: 500, to: 599 }] }, "not-executed"),
      ],
      errors: "acp",
      errorStatus: { outcome_unknown: 500, attempts_exhausted: 500, replay_unavailable: 500 },
      errorCode: {
        key_missing: "idempotency_key_required",
        key_reused: "idempotency_conflict",
        caller_changed: "idempotency_conflict",
        in_flight: "idempotency_in_flight",
      },
      replayedHeader: "idempotent-replayed",
    });
  });

  test("is these values: webhook", () => {
    expect(PROFILES.webhook).toMatchObject({
      key: "optional",
      keyFrom: [[{ kind: "header", name: "webhook-id" }]],
      methods: ["POST"],
      ttlMs: 604_800_000,
      fingerprint: { name: 'json:{"ignore":[["pending_webhooks"]]}' },
      outcomes: [rule({ statuses: [{ from: 300, to: 599 }] }, "not-executed")],
      errors: "problem",
      errorStatus: { in_flight: 503, outcome_unknown: 503, body_timeout: 503 },
      errorCode: {},
      oneCaller: true,
      requestBytesMax: 25_000_000,
      waitMs: 2000,
      originTimeoutMs: 30_000,
      originDeadlineMs: 60_000,
      onUnknown: "retry",
      maxAttempts: 10_000,
    });
  });

  test("is these values: ucp", () => {
    expect(PROFILES.ucp).toMatchObject({
      key: "optional",
      methods: ["POST", "PUT", "PATCH"],
      ttlMs: 172_800_000,
      fingerprint: { name: "bytes" },
      outcomes: [],
      errors: "ucp",
      errorStatus: {
        key_reused: 409,
        caller_changed: 409,
        in_flight: 503,
        outcome_unknown: 500,
        attempts_exhausted: 500,
        replay_unavailable: 500,
      },
      errorCode: {},
      replayedHeader: "idempotent-replayed",
    });
  });
});

describe("6.5.1 the values of mcp", () => {
  const ENTRY = {
    key_from: [
      "Idempotency-Key",
      "/params/_meta/idempotency-key",
      "/params/meta/idempotency-key",
      "/params/arguments/meta/idempotency-key",
      "/params/arguments/idempotency_key",
    ],
    methods: ["POST"],
    rpc: "json-rpc",
    rpc_methods: ["tools/call"],
    outcomes: [
      { status: 404, outcome: "not-executed" },
      { json: "/error/code", is: [-32700, -32600, -32601], outcome: "not-executed" },
      { status: 400, json: "/error/code", is: [-32000, -32020, -32022], outcome: "not-executed" },
      { json: "/result/resultType", is: "input_required", outcome: "not-executed" },
      { media_type: "text/event-stream", json: "/error", outcome: "final" },
      { media_type: "text/event-stream", unless: { json: "/result" }, outcome: "unknown" },
    ],
    echo: ["Mcp-Session-Id"],
  };

  test("are those of an entry that writes them down", () => {
    expect(policyWith({ profile: "mcp" })).toEqual({ ...policyWith(ENTRY), profile: "mcp" });
  });
});

describe("6.5.2 what is nearer counts", () => {
  const OVERRIDES = {
    key: "off",
    key_from: ["x-key"],
    key_scope: "tenant",
    methods: ["DELETE"],
    ttl: "1h",
    fingerprint: { ignore: ["/sent_at"] },
    outcomes: [{ status: 418, outcome: "not-executed" }],
    echo: ["x-request-id"],
    errors: "problem",
    error_status: { key_reused: 418 },
    error_code: { key_reused: "mine" },
    replayed_header: "x-replayed",
  };
  const EXPECTED = {
    key: "off",
    keyFrom: [[{ kind: "header", name: "x-key" }]],
    keyScope: "tenant",
    methods: ["DELETE"],
    ttlMs: 3_600_000,
    fingerprint: { body: "json", ignore: [["sent_at"]] },
    outcomes: [rule(statuses(418), "not-executed")],
    echo: ["x-request-id"],
    errors: "problem",
    errorStatus: { key_reused: 418 },
    errorCode: { key_reused: "mine" },
    replayedHeader: "x-replayed",
  };

  test("every field that a profile sets can be overridden beside it", () => {
    expect(Object.keys(EXPECTED).toSorted()).toEqual(Object.keys(PROFILES.ietf).toSorted());
    for (const profile of NAMES) {
      expect(policyWith({ profile, ...OVERRIDES })).toMatchObject(EXPECTED);
      expect(routePolicy({}, { profile, ...OVERRIDES })).toMatchObject(EXPECTED);
    }
  });

  test("statuses and codes are overridden one by one", () => {
    const { errorStatus, errorCode } = policyWith({
      profile: "ucp",
      error_status: { in_flight: 425 },
      error_code: { in_flight: "busy" },
    });
    expect(errorStatus).toEqual({ ...PROFILES.ucp.errorStatus, in_flight: 425 });
    expect(errorCode).toEqual({ in_flight: "busy" });
  });

  test("a route without a profile has its entry's, with the other fields of the entry", () => {
    expect(routePolicy({ profile: "acp", ttl: "30d" }, { key: "optional" })).toEqual({
      ...policyWith({ profile: "acp", ttl: "30d" }),
      key: "optional",
    });
  });

  test("a route with a profile starts from it, whatever fields the entry sets", () => {
    for (const profile of NAMES) {
      for (const other of NAMES) {
        const oneCaller = profile === "webhook";
        expect(routePolicy({ profile: other, ...OVERRIDES }, { profile })).toEqual({
          ...policyWith({ profile }),
          oneCaller,
        });
      }
    }
  });

  test("a route with its entry's own profile resets the fields of the profile that the entry sets", () => {
    expect(routePolicy({ profile: "acp", key: "optional" }, { profile: "acp" }).key).toBe("required");
  });

  test("what no profile sets is inherited all the same", () => {
    const entry = { wait: "1s", on_unknown: "retry", max_request_bytes: 10, replay_set_cookie: true };
    expect(routePolicy(entry, { profile: "ucp" })).toEqual(policyWith({ profile: "ucp", ...entry }));
  });

  test("a route with a profile has nothing of its entry's profile", () => {
    for (const profile of ["ietf", "stripe", "acp", "ucp"] as const) {
      expect(routePolicy({ profile: "webhook" }, { profile })).toEqual(policyWith({ profile }));
    }
  });

  test("what webhook sets beyond the others can be overridden too", () => {
    const set = {
      one_caller: false,
      max_request_bytes: 10,
      wait: "1s",
      origin_timeout: "2s",
      origin_deadline: "3s",
      on_unknown: "refuse",
      max_attempts: 2,
    };
    const expected = {
      oneCaller: false,
      requestBytesMax: 10,
      waitMs: 1000,
      originTimeoutMs: 2000,
      originDeadlineMs: 3000,
      onUnknown: "refuse",
      maxAttempts: 2,
    };
    expect(policyWith({ profile: "webhook", ...set })).toMatchObject(expected);
    expect(routePolicy({}, { profile: "webhook", ...set })).toMatchObject(expected);
  });

  test("a route's profile contradicts what its entry sets", () => {
    const routes = [{ match: "POST /hooks", profile: "webhook" }];
    expect(faultsWith({ origin_deadline: "10s", origin_timeout: "5s", unknown_ttl: "10s", routes })).toEqual([
      {
        path: `TENANTS."${HOST}".routes[0].unknown_ttl`,
        message: "must not be shorter than origin_deadline",
      },
    ]);
  });

  test("a route's own fields are nearest", () => {
    const { errors, errorStatus, methods } = routePolicy(
      { profile: "acp", error_status: { key_reused: 418 } },
      { profile: "stripe", methods: ["POST", "DELETE"], error_status: { in_flight: 425 } },
    );
    expect([errors, methods]).toEqual(["stripe", ["POST", "DELETE"]]);
    expect(errorStatus).toEqual({ key_reused: 400, caller_changed: 400, in_flight: 425 });
  });
});
