import { describe, expect, test } from "vitest";
import { type Tenant } from "../../../src/config/policy.ts";
import { tenantOf } from "../../../src/config/tenants.ts";
import { coverageOf } from "../../../src/console/coverage.ts";
import { isRefusal } from "../../../src/http/problem.ts";

const HOST = "api.test";

function tenant(entry: object): Tenant {
  const found = tenantOf({ TENANTS: { [HOST]: { origin: "http://origin.test", caller: [], ...entry } } }, HOST);
  if (found instanceof Promise || isRefusal(found)) throw new Error("the entry is not valid");
  return found;
}

describe("O8 the configuration lines that would cover requests without a key", () => {
  test.each([
    ["POST *", {}, ['derive_key = { window = "5m" }']],
    ["PUT *", {}, ['methods = ["POST", "PATCH", "PUT"]', 'derive_key = { window = "5m" }']],
    ["POST *", { mode: "off", key: "off" }, ['mode = "enforce"', 'key = "optional"', 'derive_key = { window = "5m" }']],
    ["POST *", { derive_key: { window: "1m" } }, ['key = "required" # ends derive_key']],
    ["POST *", { key: "off", derive_key: { window: "1m" } }, ['key = "optional"']],
    ["PUT *", { derive_key: { window: "1m" } }, ['methods = ["POST", "PATCH", "PUT"]']],
  ])("cover %s under %j", (operation, entry, lines) => {
    expect(coverageOf(operation, tenant(entry))?.proposals[0]?.lines).toEqual(lines);
  });

  test.each([
    ["POST *", {}, ['key = "required"']],
    ["PUT *", {}, ['methods = ["POST", "PATCH", "PUT"]', 'key = "required"']],
    ["POST *", { mode: "off", key: "off" }, ['mode = "enforce"', 'key = "required"']],
    ["POST *", { derive_key: { window: "1m" } }, ['key = "required" # ends derive_key']],
    ["POST *", { mode: "hold" }, ['key = "required"']],
    ["POST *", { mode: "observe", key: "required" }, ['mode = "enforce"']],
  ])("require a key for %s under %j", (operation, entry, lines) => {
    expect(coverageOf(operation, tenant(entry))?.proposals.at(-1)?.lines).toEqual(lines);
  });

  test("never derive a key where one is required, and propose nothing that is already so", () => {
    expect(coverageOf("POST *", tenant({ mode: "observe", key: "required" }))?.proposals).toHaveLength(1);
    expect(coverageOf("POST *", tenant({ key: "required" }))).toBeNull();
  });

  test("belong in the route that matches", () => {
    const routes = [
      { match: "POST /v1/orders", key: "off" },
      { match: "* /v1/*", ttl: "1h" },
    ];
    const orders = coverageOf("POST /v1/orders", tenant({ routes }));
    expect(orders?.where).toContain("route");
    expect(orders?.proposals[0]?.lines).toEqual([
      'match = "POST /v1/orders"',
      'key = "optional"',
      'derive_key = { window = "5m" }',
    ]);
    const others = coverageOf("PATCH /v1/*", tenant({ routes }));
    expect(others?.proposals[0]?.lines).toEqual(['match = "* /v1/*"', 'derive_key = { window = "5m" }']);
  });

  test.each(["(other)", "POST /v1/gone", ""])("do not exist for %j", (operation) => {
    expect(coverageOf(operation, tenant({}))).toBeNull();
  });
});
