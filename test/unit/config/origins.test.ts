import { describe, expect, test } from "vitest";
import { parseConfig, tenantFor } from "../../../src/config/config.ts";
import { entry, faultsWith, HOST, tenant } from "./entries.ts";

const AT = `TENANTS."${HOST}".origin`;

function originOf(origin: unknown, env: Record<string, unknown> = {}) {
  return tenant(parseConfig({ ...env, TENANTS: { [HOST]: entry({ origin }) } })).origin;
}

describe("an origin that is a URL", () => {
  test.each([
    ["without a path", "https://origin.example.com", "https://origin.example.com"],
    ["with a slash", "https://origin.example.com/", "https://origin.example.com"],
    ["with several slashes", "https://origin.example.com///", "https://origin.example.com"],
    ["with a base path", "https://origin.example.com/api/v1", "https://origin.example.com/api/v1"],
    ["with a base path and a slash", "https://origin.example.com/api/", "https://origin.example.com/api"],
    ["with a port", "http://127.0.0.1:9100", "http://127.0.0.1:9100"],
    ["with its scheme's own port", "https://origin.example.com:443/a", "https://origin.example.com/a"],
    ["in upper case", "HTTPS://Origin.Example.com/A", "https://origin.example.com/A"],
    ["with an address", "http://[::1]:9100/a", "http://[::1]:9100/a"],
    ["with dots in its path", "https://origin.example.com/a/../b", "https://origin.example.com/b"],
  ])("is taken %s", (_, origin, base) => {
    expect(originOf(origin)).toEqual({ kind: "url", base, auth: null });
  });

  test.each([
    ["origin.example.com", 'must be an http(s) URL or "service:BINDING"'],
    ["//origin.example.com", 'must be an http(s) URL or "service:BINDING"'],
    ["ftp://origin.example.com", 'must be an http(s) URL or "service:BINDING"'],
    ["ws://origin.example.com", 'must be an http(s) URL or "service:BINDING"'],
    ["https://", 'must be an http(s) URL or "service:BINDING"'],
    ["", 'must be an http(s) URL or "service:BINDING"'],
    ["https://user@origin.example.com", "must not have credentials, a query or a fragment"],
    ["https://:secret@origin.example.com", "must not have credentials, a query or a fragment"],
    ["https://origin.example.com/?a=1", "must not have credentials, a query or a fragment"],
    ["https://origin.example.com/#a", "must not have credentials, a query or a fragment"],
    ["service:", 'must be an http(s) URL or "service:BINDING"'],
    ["service:MY-API", 'must be an http(s) URL or "service:BINDING"'],
    ["service:MY API", 'must be an http(s) URL or "service:BINDING"'],
    ["Service:API", 'must be an http(s) URL or "service:BINDING"'],
  ])("is refused as %j", (origin, message) => {
    expect(faultsWith({ origin })).toEqual([{ path: AT, message }]);
  });

  test.each<unknown>([5, null, { url: "https://origin.example.com" }, ["https://origin.example.com"]])(
    "is no URL as %j",
    (origin) => {
      expect(faultsWith({ origin })).toEqual([{ path: AT, message: 'must be a URL or "service:BINDING"' }]);
    },
  );
});

describe("an origin that is a service", () => {
  const service = { fetch: () => Promise.resolve(new Response()) };

  test("is taken where the Worker has that binding", () => {
    expect(originOf("service:API", { API: service })).toEqual({ kind: "service", binding: "API", auth: null });
  });

  test.each<[string, unknown]>([
    ["is missing", undefined],
    ["is null", null],
    ["is a text", "https://origin.example.com"],
    ["can't fetch", { get: () => {} }],
  ])("is a fault where the binding %s", (_, binding) => {
    const config = parseConfig({ API: binding, TENANTS: { [HOST]: entry({ origin: "service:API" }), "*": entry() } });
    expect(config.faults).toEqual([{ path: AT, message: "names no service binding of this Worker: API" }]);
    expect(tenantFor(config, HOST)).toEqual({ kind: "problem", code: "misconfigured" });
    expect(tenant(config, "other.example.com").origin.kind).toBe("url");
  });

  test.each(["constructor", "toString", "__proto__"])("is a fault where every object has that name: %s", (name) => {
    expect(faultsWith({ origin: `service:${name}` })).toEqual([
      { path: AT, message: `names no service binding of this Worker: ${name}` },
    ]);
  });
});

describe("an origin that is a tenant", () => {
  const leadsBack = (hostname: string) =>
    `leads back to this gateway: ${hostname} is a tenant. Give the origin a hostname of its own`;

  test.each([
    ["its own", `https://${HOST}`, HOST],
    ["its own, by http", `http://${HOST}/api`, HOST],
    ["its own, on its scheme's own port", `https://${HOST}:443`, HOST],
    ["its own, in upper case", `https://${HOST.toUpperCase()}`, HOST],
    ["its own, with a trailing dot, which the gateway takes for the same", `https://${HOST}./`, HOST],
    ["another's", "https://other.example.com", "other.example.com"],
  ])("is a fault of the entry that names it: %s", (_, origin, hostname) => {
    const config = parseConfig({ TENANTS: { [HOST]: entry({ origin }), "other.example.com": entry() } });
    expect(config.faults).toEqual([{ path: AT, message: leadsBack(hostname) }]);
    expect(tenantFor(config, HOST)).toEqual({ kind: "problem", code: "misconfigured" });
    expect(tenant(config, "other.example.com").origin.kind).toBe("url");
  });

  test("is a fault in any variable, also where that tenant's own entry is faulty", () => {
    const config = parseConfig({
      TENANTS: { [HOST]: entry({ origin: "https://other.example.com" }) },
      TENANTS_B: { "other.example.com": entry({ key: "yes" }) },
    });
    expect(config.faults.map(({ path }) => path)).toEqual([AT, 'TENANTS_B."other.example.com".key']);
  });

  test("is a fault for both where two name each other", () => {
    const config = parseConfig({
      TENANTS: {
        "a.example.com": entry({ origin: "https://b.example.com" }),
        "b.example.com": entry({ origin: "https://a.example.com" }),
      },
    });
    expect(config.faults.map(({ message }) => message)).toEqual([
      leadsBack("b.example.com"),
      leadsBack("a.example.com"),
    ]);
  });

  test.each([
    ["on another port", { [HOST]: entry({ origin: `http://${HOST}:9100` }) }],
    ["on the other scheme's port", { [HOST]: entry({ origin: `http://${HOST}:443` }) }],
    [
      "under a wildcard, where the loop mark guards",
      { "*": entry(), "*.example.com": entry({ origin: `https://${HOST}` }) },
    ],
    ["of a longer name", { [HOST]: entry({ origin: `https://${HOST}.example.org` }) }],
  ])("is none %s", (_, tenants) => {
    expect(parseConfig({ TENANTS: tenants }).faults).toEqual([]);
  });
});
