import { describe, expect, test } from "vitest";
import { parseConfig, tenantFor } from "../../../src/config/config.ts";
import { configWith, entry, faultsWith, HOST } from "./entries.ts";

const AT = `TENANTS."${HOST}"`;
const UNKNOWN = "unknown field";
const MATCH =
  'must be a method (or *), a space and a path pattern, such as "POST /v1/charges/:id"; with rpc, a space and a call may follow';
const CALLER =
  'must be a list of what identifies a caller, such as ["authorization"]; with [], all requests are one caller';
const CALLER_ITEM =
  'must be a header name (letters, digits and hyphens), "cookie:NAME", "client-cert", or a table such as { jwt = { jwks = "https://…", claims = ["iss", "sub"], audience = "…" } }';

describe("what a field may not hold", () => {
  test.each<[string, unknown, string, string]>([
    ["key", "yes", "key", 'must be "required" or "optional" or "off"'],
    ["key", true, "key", 'must be "required" or "optional" or "off"'],
    ["anonymous", "allow", "anonymous", 'must be "refuse" or "shared"'],
    ["in_flight", "join", "in_flight", 'must be "wait" or "refuse"'],
    ["on_unknown", "ask", "on_unknown", 'must be "refuse" or "retry" or "probe"'],
    ["on_unknown", "probe", "probe", 'is required with on_unknown = "probe"'],
    ["probe", "/v1/keys", "probe", 'must be a path with one {key} in it, such as "/v1/idempotency/{key}"'],
    ["probe", "//a.test/{key}", "probe", 'must be a path with one {key} in it, such as "/v1/idempotency/{key}"'],
    [
      "fingerprint",
      "JSON",
      "fingerprint",
      'must be "json", "bytes", or a table such as { ignore = ["/client_sent_at"] }',
    ],
    ["methods", "POST", "methods", "must be a list of methods"],
    ["methods", ["POST", "GET"], "methods[1]", 'must be "POST" or "PATCH" or "PUT" or "DELETE"'],
    ["methods", ["post"], "methods[0]", 'must be "POST" or "PATCH" or "PUT" or "DELETE"'],
    ["wait", "61s", "wait", 'must be a duration from 0s to 1m, such as "25s" (ms, s, m, h, d)'],
    [
      "origin_timeout",
      "1h",
      "origin_timeout",
      'must be a duration from 100ms to origin_deadline, such as "100s" (ms, s, m, h, d)',
    ],
    [
      "origin_deadline",
      "15m",
      "origin_deadline",
      'must be a duration from 100ms to 14m, such as "10m" (ms, s, m, h, d)',
    ],
    [
      "unknown_ttl",
      "2y",
      "unknown_ttl",
      'must be a duration from origin_deadline to 365d, such as "30d" (ms, s, m, h, d)',
    ],
    ["max_attempts", 1.5, "max_attempts", "must be a whole number from 1 to 10000"],
    ["max_attempts", "3", "max_attempts", "must be a whole number from 1 to 10000"],
    ["max_request_bytes", Number.NaN, "max_request_bytes", "must be a whole number from 0 to 25000000"],
    ["error_status", { key_reused: 399 }, "error_status.key_reused", "must be a whole number from 400 to 599"],
    ["replay_set_cookie", "true", "replay_set_cookie", "must be true or false"],
    ["caller", "authorization", "caller", CALLER],
    ["caller", [5], "caller[0]", CALLER_ITEM],
    ["caller", ["authorization", ""], "caller[1]", CALLER_ITEM],
    ["caller", ["x account"], "caller[0]", CALLER_ITEM],
    ["caller", ["x-account:"], "caller[0]", CALLER_ITEM],
    ["routes", {}, "routes", "must be a list of tables"],
    ["routes", ["POST /a"], "routes[0]", "must be a table"],
    ["routes", [{ match: "POST /a" }, null], "routes[1]", "must be a table"],
    [
      "routes",
      [{ match: "POST /a", ttl: "0s" }],
      "routes[0].ttl",
      'must be a duration from 1s to 90d, such as "1d" (ms, s, m, h, d)',
    ],
    ["routes", [{ match: 5 }], "routes[0].match", MATCH],
    ["ttl_seconds", 5, "ttl_seconds", UNKNOWN],
    ["toString", 5, "toString", UNKNOWN],
    ["orign", "https://a.test", "orign", 'unknown field: did you mean "origin"?'],
    ["origin-timeout", "1s", "origin-timeout", 'unknown field: did you mean "origin_timeout"?'],
    ["waits", "1s", "waits", 'unknown field: did you mean "wait"?'],
    ["cors", { origin: [], origins: [] }, "cors.origin", 'unknown field: did you mean "origins"?'],
    ["x".repeat(41), 5, "x".repeat(41), UNKNOWN],
  ])("%s: %j", (name, value, path, message) => {
    expect(faultsWith({ [name]: value })).toEqual([{ path: `${AT}.${path}`, message }]);
  });

  test.each<unknown>(["https://origin.example.com", null, 5, true])(
    "is a whole entry that is no table: %j",
    (value) => {
      expect(parseConfig({ TENANTS: { [HOST]: value } }).faults).toEqual([{ path: AT, message: "must be a table" }]);
    },
  );
});

describe("what must not be missing", () => {
  test.each<[string, unknown, string]>([
    ["origin", { caller: [] }, "origin"],
    ["caller", { origin: "https://origin.example.com" }, "caller"],
    ["the match of a route", entry({ routes: [{ key: "required" }] }), "routes[0].match"],
  ])("is %s", (_, value, path) => {
    const { faults } = parseConfig({ TENANTS: { [HOST]: value } });
    expect(faults).toEqual([{ path: `${AT}.${path}`, message: expect.stringMatching(/required|missing/) as string }]);
  });
});

describe("a route", () => {
  test.each([
    ["origin", "https://elsewhere.example.com", UNKNOWN],
    ["caller", [], UNKNOWN],
    ["anonymous", "shared", UNKNOWN],
    ["routes", [], UNKNOWN],
    ["matches", "POST /a", 'unknown field: did you mean "match"?'],
  ])("may not set %s", (name, value, message) => {
    expect(faultsWith({ routes: [{ match: "POST /a", [name]: value }] })).toEqual([
      { path: `${AT}.routes[0].${name}`, message },
    ]);
  });
});

describe("a contradiction between fields", () => {
  const LONGER = "must not be longer than origin_deadline";
  const SHORTER = "must not be shorter than origin_deadline";

  test("is an origin_timeout that is longer than origin_deadline, also against a default", () => {
    expect(faultsWith({ origin_timeout: "2m", origin_deadline: "1m" })).toEqual([
      { path: `${AT}.origin_timeout`, message: LONGER },
    ]);
    expect(faultsWith({ origin_timeout: "11m" })).toEqual([{ path: `${AT}.origin_timeout`, message: LONGER }]);
    expect(faultsWith({ origin_deadline: "1m" })).toEqual([{ path: `${AT}.origin_timeout`, message: LONGER }]);
    expect(faultsWith({ origin_timeout: "1m", origin_deadline: "1m" })).toEqual([]);
  });

  test("is an unknown_ttl that is shorter than origin_deadline", () => {
    expect(faultsWith({ unknown_ttl: "9m" })).toEqual([{ path: `${AT}.unknown_ttl`, message: SHORTER }]);
    expect(faultsWith({ unknown_ttl: "10m" })).toEqual([]);
  });

  test("is reported for the route that causes it", () => {
    expect(faultsWith({ routes: [{ match: "POST /a" }, { match: "POST /b", origin_timeout: "14m" }] })).toEqual([
      { path: `${AT}.routes[1].origin_timeout`, message: LONGER },
    ]);
  });

  test("is reported once, and not again for each route that inherits it", () => {
    expect(
      faultsWith({ origin_timeout: "11m", routes: [{ match: "POST /a" }, { match: "POST /b", ttl: "1h" }] }),
    ).toEqual([{ path: `${AT}.origin_timeout`, message: LONGER }]);
  });

  test("is not reported for a limit that has a fault of its own", () => {
    expect(faultsWith({ origin_timeout: "12m", origin_deadline: "14min" }).map(({ path }) => path)).toEqual([
      `${AT}.origin_deadline`,
    ]);
  });

  test("closes the host", () => {
    expect(tenantFor(configWith({ origin_timeout: "11m" }), HOST)).toEqual({ kind: "problem", code: "misconfigured" });
  });
});

describe("all faults", () => {
  test("are reported at once, each with its path", () => {
    const config = parseConfig({
      TENANTS: {
        "API.example.com": entry({ key: "yes", caller: ["a b", "c d"] }),
        "ok.example.com": entry(),
        "b.example.com": entry({ wait: "1h", routes: [{ match: "POST" }, { match: "POST /a", ttl: "0s", key: 5 }] }),
      },
      TENANTS_B: "{",
    });
    expect(config.faults.map(({ path }) => path)).toEqual([
      "TENANTS_B",
      'TENANTS."API.example.com"',
      'TENANTS."API.example.com".caller[0]',
      'TENANTS."API.example.com".caller[1]',
      'TENANTS."API.example.com".key',
      'TENANTS."b.example.com".wait',
      'TENANTS."b.example.com".routes[0].match',
      'TENANTS."b.example.com".routes[1].key',
      'TENANTS."b.example.com".routes[1].ttl',
    ]);
  });

  test.each<[string, Record<string, unknown>, string[]]>([
    ["two unknown fields of one table", { one: 1, two: 2 }, [`${AT}.one`, `${AT}.two`]],
    ["a wrong field and a contradiction", { key: "yes", origin_timeout: "11m" }, [`${AT}.key`, `${AT}.origin_timeout`]],
    ["a wrong field and a missing binding", { key: "yes", origin: "service:NONE" }, [`${AT}.key`, `${AT}.origin`]],
    [
      "a wrong field and an origin that is a tenant",
      { key: "yes", origin: `https://${HOST}` },
      [`${AT}.key`, `${AT}.origin`],
    ],
  ])("are reported together: %s", (_, fields, paths) => {
    expect(
      faultsWith(fields)
        .map(({ path }) => path)
        .toSorted(),
    ).toEqual(paths);
  });
});
