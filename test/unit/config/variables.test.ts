import { describe, expect, test, vi } from "vitest";

import { configOf, parseConfig, tenantFor } from "../../../src/config/config.ts";
import { entry, tenant } from "./entries.ts";

const A = entry({ origin: "https://a.example.net" });
const B = entry({ origin: "https://b.example.net" });
const READABLE = "must be a table, or a string that holds one as JSON";

describe("the TENANTS variables", () => {
  test("are merged", () => {
    const config = parseConfig({ TENANTS: { "a.example.com": A }, TENANTS_MORE: { "b.example.com": B }, TENANTS2: {} });
    expect(config.faults).toEqual([]);
    expect([...config.tenants.keys()]).toEqual(["a.example.com", "b.example.com"]);
    expect(tenant(config, "a.example.com").origin).toMatchObject({ kind: "url", base: "https://a.example.net" });
    expect(tenant(config, "b.example.com").origin).toMatchObject({ kind: "url", base: "https://b.example.net" });
  });

  test("may each be a table or a string of JSON", () => {
    const config = parseConfig({ TENANTS: JSON.stringify({ "a.example.com": A }), TENANTS_B: { "b.example.com": B } });
    expect(config.faults).toEqual([]);
    expect([...config.tenants.keys()]).toEqual(["a.example.com", "b.example.com"]);
  });

  test("are the variables whose names begin with TENANTS", () => {
    const config = parseConfig({ TENANT: { "a.example.com": A }, tenants: "{", MY_TENANTS: "{", KEYS: {}, LOG: "x" });
    expect(config).toEqual({ tenants: new Map(), faults: [], unreadable: false });
  });

  test("may be missing: then every hostname is unknown", () => {
    const config = parseConfig({});
    expect(config.faults).toEqual([]);
    expect(tenantFor(config, "a.example.com")).toEqual({ kind: "problem", code: "unknown_tenant" });
  });
});

describe("3.1.4 a variable that can't be read", () => {
  test.each<[string, unknown]>([
    ["a string that is not JSON", "{"],
    ["an empty string", ""],
    ["a string of another JSON type", '"a.example.com"'],
    ["a list as JSON", "[]"],
    ["null as JSON", "null"],
    ["a list", [A]],
    ["null", null],
    ["a number", 5],
    ["a boolean", true],
    ["nothing", undefined],
  ])("closes all hosts: %s", (_, value) => {
    const config = parseConfig({ TENANTS: { "a.example.com": A, "*": B }, TENANTS_B: value });
    expect(config.unreadable).toBe(true);
    expect(config.faults).toEqual([{ path: "TENANTS_B", message: READABLE }]);
    for (const host of ["a.example.com", "b.example.com", "unheard-of.example.com"]) {
      expect(tenantFor(config, host)).toEqual({ kind: "problem", code: "misconfigured" });
    }
  });
});

describe("one hostname in two variables", () => {
  test("is a fault of that host only, reported for the second entry", () => {
    const config = parseConfig({
      TENANTS: { "a.example.com": A, "b.example.com": B },
      TENANTS_B: { "a.example.com": A },
    });
    expect(config.unreadable).toBe(false);
    expect(config.faults).toEqual([{ path: 'TENANTS_B."a.example.com"', message: "is configured more than once" }]);
    expect(tenantFor(config, "a.example.com")).toEqual({ kind: "problem", code: "misconfigured" });
    expect(tenant(config, "b.example.com").origin).toMatchObject({ kind: "url", base: "https://b.example.net" });
  });

  test("is reported for each entry after the first, with the faults of the entries", () => {
    const config = parseConfig({
      TENANTS: { "*": entry({ key: "yes" }) },
      TENANTS_B: { "*": A },
      TENANTS_C: { "*": entry({ wait: "1h" }) },
    });
    expect(config.faults.map(({ path }) => path)).toEqual([
      'TENANTS."*".key',
      'TENANTS_B."*"',
      'TENANTS_C."*"',
      'TENANTS_C."*".wait',
    ]);
    expect(tenantFor(config, "a.example.com")).toEqual({ kind: "problem", code: "misconfigured" });
  });
});

describe("the configuration of an isolate", () => {
  test("is parsed once for one environment, and its faults are logged then", () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const env = { TENANTS: "{" };
    const config = configOf(env);
    expect(configOf(env)).toBe(config);
    expect(configOf({ TENANTS: "{" })).not.toBe(config);

    const lines = [...error.mock.calls, ...warn.mock.calls].map(([line]) => JSON.stringify(line));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain("configuration_fault");
    expect(lines[0]).toContain(READABLE);
    vi.restoreAllMocks();
  });
});
