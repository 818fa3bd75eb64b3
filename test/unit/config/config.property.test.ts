import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseConfig, tenantFor } from "../../../src/config/config.ts";
import { isRefusal } from "../../../src/http/problem.ts";
import { RUN_FACTOR, runs } from "../../support/runs.ts";
import { entry, HOST } from "./entries.ts";

const fieldName = fc.constantFrom(
  "origin",
  "caller",
  "anonymous",
  "key",
  "methods",
  "ttl",
  "unknown_ttl",
  "in_flight",
  "wait",
  "origin_timeout",
  "origin_deadline",
  "on_unknown",
  "max_attempts",
  "fingerprint",
  "max_request_bytes",
  "outcomes",
  "routes",
  "match",
  "__proto__",
  "constructor",
  "other",
);
const plausible = fc.constantFrom<unknown>(
  "https://origin.example.com",
  "http://[",
  "service:API",
  "service:KEYS",
  "required",
  "90s",
  "1h",
  "999d",
  "POST",
  "POST /v1/:id",
  "POST /:a{[}",
  "* /*",
  ["authorization"],
  ["POST"],
  [{ status: "5xx", outcome: "unknown" }],
  [{ unless: { is: 5 }, outcome: "final" }, 429],
  5,
  0,
  -1,
  true,
  null,
  "",
  [],
);
const fields = fc.dictionary(fieldName, fc.oneof(plausible, fc.jsonValue({ maxDepth: 1 })), { maxKeys: 3 });
const origins = fc.constantFrom(
  "https://origin.example.com",
  "https://example.org:8443/api",
  `https://${HOST}`,
  "service:API",
);
const entries = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(origins, fields, fc.array(fields, { maxLength: 2 }))
      .map(([origin, own, routes]) => entry({ origin, routes, ...own })),
  },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 1 }) },
);
const name = fc.oneof(
  fc.constantFrom("*", "*.example.com", HOST, "API.example.com", "a:1", "", "*.", "[::1]", "__proto__", "%", "a b"),
  fc.string({ unit: "binary", maxLength: 12 }),
);
const table = fc.dictionary(name, entries, { maxKeys: 3 });
const variable = fc.oneof(
  { weight: 4, arbitrary: table },
  { weight: 2, arbitrary: table.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.string({ maxLength: 20 })) },
);
const env = fc.dictionary(fc.constantFrom("TENANTS", "TENANTS_B", "TENANTS2", "KEYS", "API"), variable);

/** Beyond what generating values takes on a busy machine. */
const TIMEOUT_MS = 60_000 * RUN_FACTOR;

describe("any configuration", { timeout: TIMEOUT_MS }, () => {
  test("is parsed without a crash, and each entry is whole or has a fault", () => {
    fc.assert(
      fc.property(env, (env) => {
        const config = parseConfig(env);
        const closed = [...config.tenants].filter(([, tenant]) => tenant === null);
        expect(config.faults.length > 0).toBe(config.unreadable || closed.length > 0);
        // Counted, not compared by name: a misspelt name closes the host that it means.
        expect(config.faults.length).toBeGreaterThanOrEqual(closed.length);
        const unclear = config.faults.filter(
          ({ path, message }) => !path.startsWith("TENANTS") || !/^(must|names|is|leads|unknown) /.test(message),
        );
        expect(unclear).toEqual([]);
      }),
      runs(100),
    );
  });

  test("serves or refuses any hostname without a crash, and never one that is closed", () => {
    const hostname = fc.oneof(
      fc.constantFrom(HOST, "a.example.com", "example.org", "__proto__", "constructor", ""),
      fc.domain(),
    );
    fc.assert(
      fc.property(env, hostname, (env, hostname) => {
        const config = parseConfig(env);
        const found = tenantFor(config, hostname);
        const serving = isRefusal(found) ? null : found;
        expect(serving !== null && config.unreadable).toBe(false);
        expect([null, ...config.tenants.values()]).toContain(serving);
      }),
      runs(100),
    );
  });

  test("has a policy for any request, whatever its patterns are", () => {
    const part = fc.constantFrom(
      "v1",
      ":id",
      ":id?",
      ":id{[0-9]+}",
      ":id{.+}",
      "*",
      "",
      "{",
      "}",
      ":",
      "?",
      "a*",
      ":a:b",
      ":id{",
      "__proto__",
      "%2F",
    );
    const pattern = fc.array(part, { maxLength: 4 }).map((parts) => `/${parts.join("/")}`);
    const path = fc
      .array(fc.constantFrom("v1", "7", "", "a", "é", "__proto__", ":id", "*", "%2F"), { maxLength: 5 })
      .map((parts) => `/${parts.join("/")}`);
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 4 }), path, (patterns, path) => {
        const routes = patterns.map((pattern) => ({ match: `POST ${pattern}` }));
        const config = parseConfig({ TENANTS: { [HOST]: entry({ routes }) } });
        const tenant = tenantFor(config, HOST);
        if (isRefusal(tenant)) return;
        const policies = [tenant.policy, ...tenant.routes.map(({ policy }) => policy)];
        expect(policies).toContain(tenant.policyFor("POST", path));
        expect(tenant.policyFor("PATCH", path)).toBe(tenant.policy);
      }),
      runs(100),
    );
  });
});
