import { describe, expect, test } from "vitest";
import { type Field } from "../../../src/config/field.ts";
import { POLICY_FIELDS } from "../../../src/config/fields-of-policy.ts";
import { type Policy } from "../../../src/config/policy.ts";
import { DEFAULT_POLICY } from "../../../src/config/profiles.ts";
import { PROBLEMS } from "../../../src/http/problem-codes.ts";
import { type KeySource } from "../../../src/identity/key-carrier.ts";
import { policyDocument } from "../../../src/published-policy/document.ts";
import { entry } from "../config/entries.ts";
import { FULL_ENTRY, HOST, TENANTS, TOOLS, WEBHOOKS, tenantOf } from "./configurations.ts";

const URL_OF_REQUEST = new URL(`https://${HOST}/.well-known/idempotency?x=1`);

/** The document's form of the fields of a policy. A field that is not here is not published, or is in another part. */
const PUBLISHED: { readonly [Field in keyof Policy]?: (policy: Policy) => object } = {
  profile: ({ profile }) => ({ profile }),
  // While a policy only observes, keys have no effect.
  mode: ({ mode, key }) => ({ key: mode === "enforce" || mode === "hold" ? key : "off" }),
  key: ({ mode, key }) => ({ key: mode === "enforce" || mode === "hold" ? key : "off" }),
  keyFrom: ({ keyFrom }) => ({
    key_from: keyFrom.map((carrier) => (carrier.length === 1 ? carrier.map(source)[0] : carrier.map(source))),
  }),
  keyFormat: ({ keyFormat }) => ({ key_format: keyFormat.kind === "pattern" ? {} : keyFormat.kind }),
  keyScope: ({ keyScope }) => ({ key_scope: keyScope }),
  oneCaller: ({ oneCaller }) => ({ one_caller: oneCaller }),
  deriveKey: ({ deriveKey }) => ({
    derive_key: deriveKey && { window_seconds: deriveKey.windowMs / 1000, from: deriveKey.from.map(source) },
  }),
  methods: ({ methods }) => ({
    methods: ["POST", "PATCH", "PUT", "DELETE"].filter((method) => methods.includes(method)),
  }),
  ttlMs: ({ ttlMs }) => ({ answers_kept_seconds: ttlMs / 1000 }),
  unknownTtlMs: ({ unknownTtlMs }) => ({ unknown_kept_seconds: unknownTtlMs / 1000 }),
  rememberMs: ({ rememberMs }) => ({ remembered_seconds: rememberMs / 1000 }),
  inFlight: ({ inFlight }) => ({ in_flight: inFlight }),
  waitMs: ({ waitMs }) => ({ wait_seconds: waitMs / 1000 }),
  originTimeoutMs: ({ originTimeoutMs }) => ({ origin_timeout_seconds: originTimeoutMs / 1000 }),
  originDeadlineMs: ({ originDeadlineMs }) => ({ origin_deadline_seconds: originDeadlineMs / 1000 }),
  idleTimeoutMs: ({ idleTimeoutMs }) => ({ idle_timeout_seconds: idleTimeoutMs / 1000 }),
  uploadTimeoutMs: ({ uploadTimeoutMs }) => ({ upload_timeout_seconds: uploadTimeoutMs / 1000 }),
  uploadIdleTimeoutMs: ({ uploadIdleTimeoutMs }) => ({ upload_idle_timeout_seconds: uploadIdleTimeoutMs / 1000 }),
  stream: ({ stream }) => ({ streams_all: stream }),
  onUnknown: ({ onUnknown }) => ({ on_unknown: onUnknown }),
  maxAttempts: ({ onUnknown, maxAttempts }) => ({ attempts_max: onUnknown === "retry" ? maxAttempts : null }),
  fingerprint: ({ fingerprint: { body, ignore, firstOf, only, headers } }) => ({
    fingerprint: {
      body,
      ignore: ignore.map(pointer),
      first_of: firstOf.map((list) => list.map(pointer)),
      only: only && only.map(pointer),
      headers,
    },
  }),
  requestBytesMax: ({ requestBytesMax }) => ({ request_bytes_max: requestBytesMax }),
  responseBytesMax: ({ responseBytesMax }) => ({ response_bytes_max: responseBytesMax }),
  replaySetCookie: ({ replaySetCookie }) => ({ replay_set_cookie: replaySetCookie }),
  echo: ({ echo }) => ({ echo }),
  errors: ({ errors }) => ({ errors }),
  replayedHeader: ({ replayedHeader }) => ({ replayed_header: replayedHeader }),
};

function pointer(tokens: readonly string[]): string {
  return tokens.map((token) => `/${token.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

function source(from: KeySource): string {
  if (from.kind === "body") return pointer(from.pointer);
  return from.kind === "header" ? from.name : `${from.kind}:${from.name}`;
}

function published(policy: Policy): object {
  return Object.assign({}, ...Object.values(PUBLISHED).map((publish) => publish(policy)));
}

describe("8.1 the published document", () => {
  test("has the fields that the list publishes", () => {
    const names = Object.values<Field>(POLICY_FIELDS).flatMap(({ published }) => published?.name ?? []);
    const { default: all } = policyDocument(HOST, tenantOf(entry()), URL_OF_REQUEST);
    expect(Object.keys(all)).toEqual(names);
    expect(all).toMatchObject(published(DEFAULT_POLICY));
  });

  test.each(TENANTS)("has the values of the configuration: %s", (_, tenant) => {
    const document = policyDocument(HOST, tenant, URL_OF_REQUEST);
    expect(document.default).toMatchObject(published(tenant.policy));
    expect(document.operations).toMatchObject(
      tenant.routes.map(({ match, policy }) =>
        Object.assign({ match, problems: expect.any(Array) }, published(policy)),
      ),
    );
  });

  test.each(TENANTS)("explains every problem with the status and code of the policy: %s", (_, tenant) => {
    const { problems } = policyDocument(HOST, tenant, URL_OF_REQUEST);
    const probes = [tenant, ...tenant.routes].some(({ policy }) => policy.onUnknown === "probe");
    expect(problems.map(({ problem }) => problem)).toEqual(Object.keys(PROBLEMS));
    for (const { problem, code, status, type, title, meaning, retryable, key_reuse } of problems) {
      expect(type).toBe(`https://${HOST}/.well-known/idempotency#${problem}`);
      expect([code, status]).toEqual([
        tenant.policy.errorCode[problem] ?? problem,
        tenant.policy.errorStatus[problem] ?? PROBLEMS[problem].status,
      ]);
      const own = PROBLEMS[problem];
      expect({ title, detail: meaning, retryable, keyReuse: key_reuse }).toEqual({
        title: own.title,
        detail: own.detail,
        retryable: own.retryable || (problem === "outcome_unknown" && probes),
        keyReuse: own.keyReuse,
      });
    }
  });

  test("lists for an operation the problems whose status or code differs", () => {
    const tenant = tenantOf(
      entry({
        error_status: { key_reused: 409 },
        routes: [{ match: "POST /a", profile: "acp" }, { match: "POST /b" }],
      }),
    );
    const { operations } = policyDocument(HOST, tenant, URL_OF_REQUEST);
    expect(operations.map(({ problems }) => problems)).toEqual([
      [
        { problem: "key_missing", code: "idempotency_key_required", status: 400 },
        { problem: "caller_changed", code: "idempotency_conflict", status: 422 },
        { problem: "key_reused", code: "idempotency_conflict", status: 422 },
        { problem: "in_flight", code: "idempotency_in_flight", status: 409 },
        { problem: "outcome_unknown", code: "outcome_unknown", status: 500 },
        { problem: "attempts_exhausted", code: "attempts_exhausted", status: 500 },
        { problem: "replay_unavailable", code: "replay_unavailable", status: 500 },
        { problem: "key_expired", code: "key_expired", status: 500 },
      ],
      [],
    ]);
  });

  test("has the outcome rules as they are configured, with each status as a number or a range", () => {
    const { outcomes: written } = FULL_ENTRY;
    const document = policyDocument(HOST, tenantOf(FULL_ENTRY), URL_OF_REQUEST);
    expect(document.default["outcomes"]).toEqual([
      { ...written[0], status: [404, "500-599"], media_type: ["text/html"] },
      written[1],
      { ...written[2], is: ["14"] },
      { ...written[3], unless: { status: [500] } },
    ]);
  });

  test("keeps the status and code of the problem that no policy writes (6.5.5)", () => {
    const errors = { unknown_tenant: 404, misconfigured: 503, internal: 503 };
    const { problems } = policyDocument(HOST, tenantOf(entry({ error_status: errors })), URL_OF_REQUEST);
    const statuses = Object.fromEntries(problems.map(({ problem, status }) => [problem, status]));
    expect(statuses).toMatchObject({ unknown_tenant: 421, misconfigured: 503, internal: 503 });
  });

  test("contains of callers and rate limits only their kind", () => {
    const document = policyDocument(HOST, tenantOf(FULL_ENTRY), URL_OF_REQUEST);
    expect(document.callers).toEqual({
      identified_by: ["cookie", "jwt", "header"],
      anonymous: "shared",
      on_change: "refuse",
    });
    expect(document.rate_limit).toEqual({ retry_after_seconds: 10 });
    expect(JSON.stringify(document)).not.toMatch(/secret/i);
  });

  test("has of a host that receives webhooks what its senders need", () => {
    const { default: policy, callers } = policyDocument(HOST, tenantOf(WEBHOOKS), URL_OF_REQUEST);
    expect(callers.identified_by).toEqual([]);
    expect(policy).toMatchObject({
      profile: "webhook",
      key_from: ["webhook-id"],
      one_caller: true,
      outcomes: [{ status: ["300-599"], outcome: "not-executed" }],
      on_unknown: "retry",
      attempts_max: 10_000,
      answers_kept_seconds: 604_800,
      wait_seconds: 2,
      request_bytes_max: 25_000_000,
    });
  });

  test("has of a host of MCP tools what its users need", () => {
    const { default: policy, operations } = policyDocument(HOST, tenantOf(TOOLS), URL_OF_REQUEST);
    expect(policy).toMatchObject({
      profile: "mcp",
      key: "optional",
      key_from: [
        "idempotency-key",
        "/params/_meta/idempotency-key",
        "/params/meta/idempotency-key",
        "/params/arguments/meta/idempotency-key",
        "/params/arguments/idempotency_key",
      ],
      rpc: "json-rpc",
      rpc_methods: ["tools/call"],
      answers_kept_seconds: 86_400,
      on_disconnect: "finish",
    });
    expect(operations).toMatchObject([{ match: "POST /mcp tools/call:create_payment", key: "required" }]);
  });

  test("has no kinds of callers where all are one, and no limit where there is none", () => {
    const document = policyDocument(HOST, tenantOf(entry({ caller: [] })), URL_OF_REQUEST);
    expect(document.callers.identified_by).toEqual([]);
    expect(document.rate_limit).toBeNull();
  });
});
