import { describe, expect, test } from "vitest";
import { DEFAULT_POLICY } from "../../../src/config/profiles.ts";
import { configWith, faultsWith, HOST, policyWith, tenant } from "./entries.ts";

const SECOND = 1000;
const MINUTE = 60_000;
const DAY = 86_400_000;

const NO_CARRIERS = { carriers: [], queryCarriers: [], formCarriers: [] };

const DEFAULTS = {
  profile: "ietf",
  mode: "enforce",
  debugTiming: false,
  key: "optional",
  keyFrom: [[{ kind: "header", name: "idempotency-key" }]],
  keyFormat: { kind: "any" },
  keyScope: "operation",
  deriveKey: null,
  oneCaller: false,
  methods: ["POST", "PATCH"],
  ttlMs: 86_400_000,
  unknownTtlMs: 2_592_000_000,
  rememberMs: 0,
  inFlight: "wait",
  waitMs: 25_000,
  originTimeoutMs: 100_000,
  originDeadlineMs: 600_000,
  idleTimeoutMs: 100_000,
  stream: false,
  onUnknown: "refuse",
  maxAttempts: 3,
  fingerprint: { name: "json", body: "json", ignore: [], firstOf: [], only: null, headers: [], ...NO_CARRIERS },
  requestBytesMax: 1_000_000,
  uploadTimeoutMs: 60_000,
  uploadIdleTimeoutMs: 15_000,
  responseBytesMax: 10_000_000,
  outcomes: [],
  replaySetCookie: false,
  echo: [],
  errors: "problem",
  errorStatus: {},
  errorCode: {},
  replayedHeader: "idempotent-replayed",
  probe: null,
};

const AUTHORIZATION = { kind: "header", name: "authorization" };

describe("where the configuration sets no field", () => {
  test("the defaults hold", () => {
    expect(DEFAULT_POLICY).toMatchObject(DEFAULTS);
    expect(policyWith({})).toEqual(DEFAULT_POLICY);
  });

  test("a keyed request without a caller is refused, and there are no routes", () => {
    expect(tenant(configWith({}))).toMatchObject({
      callers: { items: [AUTHORIZATION], anonymous: "refuse" },
      routes: [],
    });
  });
});

describe("a field that is set", () => {
  test("has its value, in milliseconds where it is a duration, and leaves the others", () => {
    const fields = {
      mode: "observe",
      key: "required",
      methods: ["POST", "PATCH", "PUT", "DELETE"],
      ttl: "90d",
      unknown_ttl: "365d",
      remember: "365d",
      in_flight: "refuse",
      wait: "0s",
      origin_timeout: "100ms",
      origin_deadline: "14m",
      idle_timeout: "14m",
      stream: true,
      on_unknown: "retry",
      max_attempts: 10,
      fingerprint: "bytes",
      key_from: ["X-Idempotency-Key", "/idempotency_key", "query:id", ["X-Topic", "form:Order Token"]],
      key_format: { min: 16 },
      key_scope: "tenant",
      derive_key: { window: "5m", from: ["/order_id", "query:a:b", "form:order_token"] },
      echo: ["Request-Id", "X-Fapi-Interaction-Id"],
      errors: "acp",
      error_status: { key_reused: 409 },
      error_code: { key_reused: "conflict" },
      replayed_header: "X-Replayed",
      max_request_bytes: 25_000_000,
      upload_timeout: "10m",
      upload_idle_timeout: "100ms",
      max_response_bytes: 0,
      outcomes: [{ status: [418, "500-504"], outcome: "not-executed" }],
      replay_set_cookie: true,
      debug_timing: true,
      probe: "/v1/keys/{key}",
    };
    const policy = {
      mode: "observe",
      key: "required",
      methods: ["POST", "PATCH", "PUT", "DELETE"],
      ttlMs: 90 * DAY,
      unknownTtlMs: 365 * DAY,
      rememberMs: 365 * DAY,
      inFlight: "refuse",
      waitMs: 0,
      originTimeoutMs: 100,
      originDeadlineMs: 14 * MINUTE,
      idleTimeoutMs: 14 * MINUTE,
      stream: true,
      onUnknown: "retry",
      maxAttempts: 10,
      fingerprint: {
        name: 'bytes:{"query":["id"]}',
        body: "bytes",
        ignore: [],
        firstOf: [],
        only: null,
        headers: [],
        ...NO_CARRIERS,
        queryCarriers: ["id"],
      },
      keyFrom: [
        [{ kind: "header", name: "x-idempotency-key" }],
        [{ kind: "body", pointer: ["idempotency_key"] }],
        [{ kind: "query", name: "id" }],
        [
          { kind: "header", name: "x-topic" },
          { kind: "form", name: "Order Token" },
        ],
      ],
      keyFormat: { kind: "pattern", pattern: null, min: 16, max: 255 },
      keyScope: "tenant",
      deriveKey: {
        windowMs: 5 * MINUTE,
        from: [
          { kind: "body", pointer: ["order_id"] },
          { kind: "query", name: "a:b" },
          { kind: "form", name: "order_token" },
        ],
      },
      echo: ["request-id", "x-fapi-interaction-id"],
      errors: "acp",
      errorStatus: { key_reused: 409 },
      errorCode: { key_reused: "conflict" },
      replayedHeader: "x-replayed",
      requestBytesMax: 25_000_000,
      uploadTimeoutMs: 600_000,
      uploadIdleTimeoutMs: 100,
      responseBytesMax: 0,
      outcomes: [
        {
          when: {
            statuses: [
              { from: 418, to: 418 },
              { from: 500, to: 504 },
            ],
            mediaTypes: null,
            header: null,
            json: null,
            event: null,
          },
          unless: null,
          outcome: "not-executed",
        },
      ],
      replaySetCookie: true,
      debugTiming: true,
      probe: "/v1/keys/{key}",
    };
    expect(policyWith(fields)).toEqual({ ...DEFAULT_POLICY, ...policy });
    for (const [index, [name, value]] of Object.entries(fields).entries()) {
      const [policyName = "", policyValue] = Object.entries(policy)[index] ?? [];
      const { fingerprint, ...others } = policyWith({ [name]: value });
      const { fingerprint: byDefault, ...defaults } = DEFAULT_POLICY;
      expect(others).toEqual({ ...defaults, ...(policyName === "fingerprint" ? {} : { [policyName]: policyValue }) });
      if (name === "fingerprint") expect(fingerprint).toEqual({ ...policy.fingerprint, name: "bytes", ...NO_CARRIERS });
      else if (name !== "key_from") expect(fingerprint).toEqual(byDefault);
    }
  });

  test("may be a list of nothing", () => {
    expect(policyWith({ methods: [] }).methods).toEqual([]);
    expect(tenant(configWith({ caller: [] })).callers.items).toEqual([]);
  });

  test("names headers in lower case, however they are written", () => {
    expect(tenant(configWith({ caller: ["Authorization", "X-Account"] })).callers.items).toEqual([
      AUTHORIZATION,
      { kind: "header", name: "x-account" },
    ]);
  });

  test("sorts header names: their order must not change who a caller is", () => {
    expect(tenant(configWith({ caller: ["x-b", "X-A"] })).callers.items).toMatchObject([
      { name: "x-a" },
      { name: "x-b" },
    ]);
  });

  test("lets requests without a caller share one", () => {
    expect(tenant(configWith({ anonymous: "shared" })).callers.anonymous).toBe("shared");
  });
});

describe("durations", () => {
  test.each([
    ["1000ms", SECOND],
    ["1s", SECOND],
    ["90s", 90 * SECOND],
    ["5m", 5 * MINUTE],
    ["24h", DAY],
    ["90d", 90 * DAY],
    ["0001d", DAY],
    ["7776000000ms", 90 * DAY],
  ])("%s is one", (text, ms) => {
    expect(policyWith({ ttl: text }).ttlMs).toBe(ms);
  });

  test.each<unknown>([
    "",
    "1",
    "s",
    "1 s",
    " 1s",
    "1s ",
    "1S",
    "1sec",
    "1.5h",
    "1e3ms",
    "-1s",
    "+1s",
    "1h30m",
    "1w",
    "0x1s",
    "١s",
    "1s\n",
    "Infinitys",
    "1000000000000s",
    "99999999999999999999ms",
    5,
    5000,
    null,
    true,
    ["1s"],
    {},
    { s: 1 },
  ])("%j is none", (value) => {
    expect(faultsWith({ ttl: value })).toEqual([
      { path: `TENANTS."${HOST}".ttl`, message: 'must be a duration from 1s to 90d, such as "1d" (ms, s, m, h, d)' },
    ]);
  });
});

describe("9 limits", () => {
  test.each([
    ["ttl", "1s", "999ms"],
    ["ttl", "90d", "7776000001ms"],
    ["wait", "0ms", "-1ms"],
    ["wait", "60s", "60001ms"],
    ["origin_timeout", "100ms", "99ms"],
    ["origin_deadline", "14m", "840001ms"],
    ["unknown_ttl", "365d", "366d"],
    ["remember", "1d", "86399s"],
    ["remember", "365d", "366d"],
    ["remember", false, true],
    ["max_attempts", 1, 0],
    ["max_attempts", 10_000, 10_001],
    ["max_request_bytes", 0, -1],
    ["max_request_bytes", 25_000_000, 25_000_001],
    ["max_response_bytes", 100_000_000, 100_000_001],
    ["idle_timeout", "100ms", "99ms"],
    ["idle_timeout", "14m", "841s"],
  ])("%s may be %s, but not %s", (name, inside, outside) => {
    expect(faultsWith({ [name]: inside })).toEqual([]);
    expect(faultsWith({ [name]: outside }).map(({ path }) => path)).toEqual([`TENANTS."${HOST}".${name}`]);
  });
});

describe("remember", () => {
  test("is off unless it is set, and a route can turn it off again", () => {
    const own = tenant(configWith({ remember: "30d", routes: [{ match: "POST /a", remember: false }] }));
    expect([own.policy.rememberMs, own.routes[0]?.policy.rememberMs]).toEqual([30 * DAY, 0]);
  });

  test.each(["0s", "", 30, null, "off", ["30d"]])("can't be %j", (value) => {
    expect(faultsWith({ remember: value })).toEqual([
      {
        path: `TENANTS."${HOST}".remember`,
        message: expect.stringContaining('a duration from 1d to 365d, such as "30d" (ms, s, m, h, d)'),
      },
    ]);
  });
});

describe("a policy", () => {
  test("is frozen, like its tenant", () => {
    const own = tenant(configWith({ routes: [{ match: "POST /a", key: "required" }] }));
    expect(Object.isFrozen(own)).toBe(true);
    expect(Object.isFrozen(own.policy)).toBe(true);
    expect(own.routes.map(({ policy }) => Object.isFrozen(policy))).toEqual([true]);
    expect([own.origin, own.callers, own.routes, ...own.routes].map((part) => Object.isFrozen(part))).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });
});
