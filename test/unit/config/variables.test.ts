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
    ["a number", 5],
    ["a boolean", true],
  ])("closes all hosts: %s", (_, value) => {
    const config = parseConfig({ TENANTS: { "a.example.com": A, "*": B }, TENANTS_B: value });
    expect(config.unreadable).toBe(true);
    expect(config.faults).toEqual([{ path: "TENANTS_B", message: READABLE }]);
    for (const host of ["a.example.com", "b.example.com", "unheard-of.example.com"]) {
      expect(tenantFor(config, host)).toEqual({ kind: "problem", code: "misconfigured" });
    }
  });
});

test.each([null, undefined])("a variable that is %s is not set: the open-source runtime binds null", (value) => {
  const config = parseConfig({ TENANTS: { "a.example.com": A }, TENANTS_B: value });
  expect(config).toMatchObject({ faults: [], unreadable: false });
});

describe("ORIGIN and CALLER", () => {
  const ORIGIN = "http://localhost:3000";

  test("are the entry of every hostname, with Authorization as the caller", () => {
    for (const more of [{}, { CALLER: "" }, { CALLER: null, TENANTS: null }, { CALLER: "authorization" }]) {
      const config = parseConfig({ ORIGIN, ...more });
      expect(config.faults).toEqual([]);
      expect([...config.tenants.keys()]).toEqual(["*"]);
      expect(tenant(config, "a.example.com")).toMatchObject({
        origin: { kind: "url", base: ORIGIN, auth: null },
        callers: { items: [{ kind: "header", name: "authorization" }], anonymous: "refuse" },
        routes: [],
      });
    }
  });

  test.each<[unknown, readonly object[]]>([
    [
      "x-user, cookie:session",
      [
        { kind: "cookie", name: "session" },
        { kind: "header", name: "x-user" },
      ],
    ],
    [["x-user"], [{ kind: "header", name: "x-user" }]],
    [[], []],
  ])("may have a list of callers: %j", (CALLER, items) => {
    const config = parseConfig({ ORIGIN, CALLER });
    expect(config.faults).toEqual([]);
    expect(tenant(config, "a.example.com").callers.items).toEqual(items);
  });

  test("leave the hostnames of TENANTS to their own entries", () => {
    const config = parseConfig({ ORIGIN, TENANTS: { "a.example.com": A } });
    expect(config.faults).toEqual([]);
    expect(tenant(config, "a.example.com").origin).toMatchObject({ base: "https://a.example.net" });
    expect(tenant(config, "b.example.com").origin).toMatchObject({ base: ORIGIN });
  });

  test("are a fault beside a * in TENANTS, which closes its hostnames", () => {
    const config = parseConfig({ ORIGIN, TENANTS: { "*": A } });
    expect(config.faults).toEqual([
      { path: 'TENANTS."*"', message: "is also configured by ORIGIN: remove one of them" },
    ]);
    expect(tenantFor(config, "a.example.com")).toEqual({ kind: "problem", code: "misconfigured" });
  });

  test.each<[object, string, string]>([
    [{ ORIGIN: "localhost:3000" }, "ORIGIN", 'must be an http(s) URL or "service:BINDING"'],
    [{ ORIGIN: 5 }, "ORIGIN", 'must be a URL or "service:BINDING"'],
    [
      { ORIGIN, CALLER: "x user" },
      "CALLER",
      'must be a header name (letters, digits and hyphens), "cookie:NAME", "client-cert"',
    ],
    [{ ORIGIN, CALLER: 5 }, "CALLER", "must be a list of what identifies a caller"],
    [{ CALLER: "x-user" }, "CALLER", "has no effect without ORIGIN"],
  ])("are faults by their own names: %j", (env, path, message) => {
    expect(parseConfig(env).faults).toEqual([{ path, message: expect.stringContaining(message) as string }]);
  });

  test("are what the log asks for where there is no tenant", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    configOf({ ORIGIN: "" });
    configOf({ TENANTS_KV: { getWithMetadata: () => null } });
    configOf({ ORIGIN });
    const lines = warn.mock.calls.map(([line]) => JSON.parse(String(line)) as object);
    warn.mockRestore();
    expect(lines).toMatchObject([
      {
        event: "configuration_fault",
        path: "ORIGIN",
        message: "is not set, and there is no other tenant: set it to your API's URL",
      },
    ]);
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
