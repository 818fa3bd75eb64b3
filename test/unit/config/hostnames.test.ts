import { describe, expect, test } from "vitest";
import { parseConfig, tenantFor } from "../../../src/config/config.ts";
import { entry, tenant } from "./entries.ts";

/** A configuration whose entry `name` has the origin `https://origin.example/<name>`, percent-encoded. */
function configFor(...names: string[]) {
  const originOf = (name: string): string => `https://origin.example/${encodeURIComponent(name)}`;
  const entryOf = (name: string): [string, unknown] => [name, entry({ origin: originOf(name) })];
  return parseConfig({ TENANTS: Object.fromEntries(names.map(entryOf)) });
}

/** Which entry serves `hostname`. */
function servedBy(names: readonly string[], hostname: string): string {
  const { origin } = tenant(configFor(...names), hostname);
  if (origin.kind === "url") return decodeURIComponent(origin.base.slice("https://origin.example/".length));
  return origin.kind === "service" ? origin.binding : origin.kind;
}

describe("3.1.1 the entry that serves a hostname", () => {
  const NAMES = ["*", "*.com", "*.example.com", "*.b.example.com", "a.example.com", "localhost", "127.0.0.1", "[::1]"];

  test.each([
    ["a.example.com", "a.example.com"],
    ["b.example.com", "*.example.com"],
    ["x.b.example.com", "*.b.example.com"],
    ["x.y.b.example.com", "*.b.example.com"],
    ["x.a.example.com", "*.example.com"],
    ["example.com", "*.com"],
    ["com", "*"],
    ["example.org", "*"],
    ["a.example.com.org", "*"],
    ["xexample.com", "*.com"],
    ["localhost", "localhost"],
    ["127.0.0.1", "127.0.0.1"],
    ["[::1]", "[::1]"],
    ["*", "*"],
  ])("of %j is %s", (hostname, name) => {
    expect(servedBy(NAMES, hostname)).toBe(name);
  });

  test("does not depend on the order of the configuration", () => {
    expect(servedBy(NAMES.toReversed(), "x.b.example.com")).toBe("*.b.example.com");
  });
});

describe("3.1.2 a hostname that nothing serves", () => {
  test.each([
    [["a.example.com"], "b.example.com"],
    [["a.example.com"], "x.a.example.com"],
    [["*.example.com"], "example.com"],
    [["*.example.com"], "example.org"],
    [["*.example.com"], "xexample.com"],
    [["a.example.com"], "constructor"],
    [["a.example.com"], "__proto__"],
  ])("is unknown where there is only %j: %s", (names, hostname) => {
    expect(tenantFor(configFor(...names), hostname)).toEqual({ kind: "problem", code: "unknown_tenant" });
  });
});

describe("3.1.4 a hostname whose entry is faulty", () => {
  const config = parseConfig({
    TENANTS: {
      "*": entry(),
      "*.b.example.com": entry({ key: "yes" }),
      "a.example.com": entry({ origin: "ftp://origin.example" }),
    },
  });

  test.each(["a.example.com", "x.b.example.com"])("is refused, and not served by a wider one: %s", (hostname) => {
    expect(tenantFor(config, hostname)).toEqual({ kind: "problem", code: "misconfigured" });
  });

  test.each(["b.example.com", "c.example.com"])("does not affect others: %s", (hostname) => {
    expect(tenant(config, hostname).origin).toMatchObject({ kind: "url", base: "https://origin.example.com" });
  });
});

describe("a name that is not written right", () => {
  test.each([
    ["API.Example.com", "api.example.com"],
    ["api.example.com:8787", "api.example.com"],
    ["api.example.com.", "api.example.com"],
    ["api.example.com/v1", "api.example.com"],
    ["*.Example.com", "x.example.com"],
    ["münchen.de", "xn--mnchen-3ya.de"],
  ])("closes the host that it means, and no other: %s", (name, hostname) => {
    const config = configFor(name, "*");
    expect(config.unreadable).toBe(false);
    expect(tenantFor(config, hostname)).toEqual({ kind: "problem", code: "misconfigured" });
    expect(tenant(config, "other.example.org").origin.kind).toBe("url");
  });

  // Its hosts would otherwise be served by the wildcard entry, from another origin.
  test.each(["*example.com", "api.*.example.com", "api example.com", "", "*."])(
    "closes all hosts where its hostname can't be read: %j",
    (name) => {
      const config = configFor(name, "*", "ok.example.com");
      expect(config.unreadable).toBe(true);
      expect(tenantFor(config, "ok.example.com")).toEqual({ kind: "problem", code: "misconfigured" });
    },
  );
});

describe("names of entries", () => {
  test.each([
    "a.example.com",
    "*.example.com",
    "*.com",
    "*",
    "localhost",
    "xn--mnchen-3ya.de",
    "127.0.0.1",
    "a_b.example.com",
  ])("may be %s", (name) => {
    expect(configFor(name).faults).toEqual([]);
  });

  test.each([
    ["upper case", "API.example.com"],
    ["a port", "api.example.com:8787"],
    ["a default port", "api.example.com:80"],
    ["a trailing dot", "api.example.com."],
    ["a scheme", "https://api.example.com"],
    ["a path", "api.example.com/v1"],
    ["a trailing slash", "api.example.com/"],
    ["a user", "user@api.example.com"],
    ["a query", "api.example.com?x"],
    ["a space", "api example.com"],
    ["a space around it", " api.example.com"],
    ["letters beyond ASCII", "münchen.de"],
    ["an address in another spelling", "127.1"],
    ["nothing", ""],
    ["no suffix", "*."],
    ["a suffix in upper case", "*.Example.com"],
    ["a star without a dot", "*example.com"],
    ["a star in the middle", "api.*.example.com"],
    ["a star at the end", "api.*"],
    ["two stars", "*.*.example.com"],
    ["only stars", "**"],
  ])("may not have %s: %j", (_, name) => {
    expect(configFor(name).faults).toEqual([
      { path: `TENANTS."${name}"`, message: 'must be a hostname in lower case without a port, "*.suffix" or "*"' },
    ]);
  });
});
