import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../src/config/config.ts";
import { secretsNamedBy } from "../../support/secrets.ts";
import { HOST, configWith, entry, faultsWith, tenant } from "./entries.ts";

const AT = `TENANTS."${HOST}"`;

/** The configuration whose one entry has `fields`, in a Worker with `secrets`, which lists all that the entry names. */
function configAmong(secrets: Record<string, unknown>, fields: Record<string, unknown>) {
  const TENANTS = { [HOST]: entry(fields) };
  return parseConfig({ ...secrets, TENANTS, SECRETS: secretsNamedBy(TENANTS) });
}

describe("jurisdiction and location", () => {
  test("are what the configuration says, and null where it says nothing", () => {
    expect(tenant(configWith({})).placement).toEqual({ jurisdiction: null, location: null });
    expect(tenant(configWith({ jurisdiction: "eu", location: "weur" })).placement).toEqual({
      jurisdiction: "eu",
      location: "weur",
    });
  });

  test.each([
    ["jurisdiction", "EU"],
    ["jurisdiction", "weur"],
    ["jurisdiction", null],
    ["location", "eu"],
    ["location", 5],
  ])("must be ones that the platform has: %s = %j", (field, value) => {
    expect(faultsWith({ [field]: value })).toMatchObject([{ path: `${AT}.${field}` }]);
  });

  test("belong to the entry, and to no route", () => {
    expect(faultsWith({ routes: [{ match: "POST /v1", jurisdiction: "eu", location: "weur" }] })).toEqual([
      { path: `${AT}.routes[0].jurisdiction`, message: "unknown field" },
      { path: `${AT}.routes[0].location`, message: "unknown field" },
    ]);
  });
});

describe("origin_auth", () => {
  test.each([
    ["secret:GATE", { header: "x-origin-auth", secret: "GATE" }],
    [{ secret: "GATE" }, { header: "x-origin-auth", secret: "GATE" }],
    [
      { header: "X-Gate", secret: "GATE" },
      { header: "x-gate", secret: "GATE" },
    ],
    [
      { header: "CF-Access-Client-Secret", secret: "GATE" },
      { header: "cf-access-client-secret", secret: "GATE" },
    ],
  ])("names a header and a secret, and never holds its value: %j", (origin_auth, auth) => {
    const config = configAmong({ GATE: "open sesame" }, { origin_auth });
    expect(config.faults).toEqual([]);
    expect(tenant(config).origin).toEqual({
      kind: "url",
      base: "https://origin.example.com",
      auth: { ...auth, entry: HOST },
    });
    expect(JSON.stringify(tenant(config))).not.toContain("open sesame");
  });

  test.each<unknown>(["GATE", "secret:", "secret:GA-TE", "", 5, null, ["secret:GATE"]])(
    "must be a secret's name: %j",
    (origin_auth) => {
      expect(configAmong({ GATE: "s" }, { origin_auth }).faults).toEqual([
        {
          path: `${AT}.origin_auth`,
          message: 'must be "secret:NAME", or a table such as { header = "x-origin-auth", secret = "NAME" }',
        },
      ]);
    },
  );

  test.each([
    "Host",
    "Cookie",
    "Connection",
    "Idempotency-Key",
    "X-Forwarded-For",
    "Oncegate-Attempt",
    "Content-Type",
    "CF-Connecting-IP",
    "Proxy-Authorization",
    "If-Match",
  ])("can't be sent in a header that means something else: %s", (header) => {
    expect(configAmong({ GATE: "s" }, { origin_auth: { header, secret: "GATE" } }).faults).toEqual([
      {
        path: `${AT}.origin_auth.header`,
        message: 'must be a header that nothing else sets, such as "x-origin-auth"',
      },
    ]);
  });

  test.each([
    ["the caller", { caller: ["authorization", "x-gate"] }],
    ["the former caller", { caller_was: { caller: ["x-gate"], until: "2026-12-24" } }],
    ["the key", { key_from: ["Idempotency-Key", "X-Gate"] }],
    ["the key of a route", { routes: [{ match: "POST /v1", key_from: ["X-Gate"] }] }],
  ])("can't be sent in a header that clients use for %s", (_, fields) => {
    expect(configAmong({ GATE: "s" }, { origin_auth: { header: "X-Gate", secret: "GATE" }, ...fields }).faults).toEqual(
      [{ path: `${AT}.origin_auth`, message: "must use a header that clients don't send: x-gate" }],
    );
  });

  test.each<[string, Record<string, unknown>]>([
    ["is missing", {}],
    ["is empty", { GATE: "" }],
    ["is another kind of binding", { GATE: { get: () => "s" } }],
  ])("is a fault where the secret %s, with the way to set it", (_, secrets) => {
    expect(configAmong(secrets, { origin_auth: "secret:GATE" }).faults).toEqual([
      {
        path: `${AT}.origin_auth`,
        message:
          'names no secret of this Worker: GATE. Set it with "npx wrangler secret put GATE", and name it in wrangler.toml: secrets = { required = ["GATE"] }',
      },
    ]);
  });

  test.each([" s", "s ", "a\nb", "a\r\nx-injected: 1", "é", "s".repeat(4097)])(
    "is a fault where a header can't carry the secret, and the fault does not contain it: %j",
    (GATE) => {
      expect(configAmong({ GATE }, { origin_auth: "secret:GATE" }).faults).toEqual([
        {
          path: `${AT}.origin_auth`,
          message:
            "must name a secret of 1 to 4,096 visible ASCII characters, which a header can carry: GATE has others",
        },
      ]);
    },
  );

  test.each<[string, Record<string, unknown>]>([
    ["OPERATOR_TOKEN", {}],
    ["TOKEN_OF_API", { operator_token: "secret:TOKEN_OF_API" }],
  ])("must not be an operator token, which the origin would receive: %s", (name, fields) => {
    const secrets = { OPERATOR_TOKEN: "s", TOKEN_OF_API: "s", GATE: "s" };
    const TENANTS = { [HOST]: entry({ origin_auth: `secret:${name}`, ...fields }) };
    const token = { purpose: "operator_token", hostnames: [HOST] };
    const SECRETS = { OPERATOR_TOKEN: token, TOKEN_OF_API: token };
    expect(parseConfig({ ...secrets, TENANTS, SECRETS }).faults).toEqual([
      {
        path: `${AT}.origin_auth`,
        message: `names a secret of another purpose: ${name}. Give this purpose a secret of its own`,
      },
    ]);
    expect(configAmong(secrets, { origin_auth: "secret:GATE", ...fields }).faults).toEqual([]);
  });

  test("may be 4,096 characters long, with spaces inside", () => {
    expect(configAmong({ GATE: `a ${"s".repeat(4094)}` }, { origin_auth: "secret:GATE" }).faults).toEqual([]);
  });

  test("belongs to the entry, and to no route", () => {
    expect(faultsWith({ routes: [{ match: "POST /v1", origin_auth: "secret:GATE" }] })).toEqual([
      { path: `${AT}.routes[0].origin_auth`, message: "unknown field" },
    ]);
  });
});
