import { describe, expect, test } from "vitest";
import { parseConfig, tenantFor } from "../../../src/config/config.ts";
import { RouteRouter } from "../../../src/config/route-router.ts";
import { callsAt, strictestPolicy } from "../../../src/config/strictest-policy.ts";
import { matchingPath } from "../../../src/http/matching-path.ts";
import { configWith, entry, faultsWith, HOST, tenant } from "./entries.ts";

/** The number of the route that matches, by the order of `matches`; null where none does. */
function routeFor(matches: readonly string[], method: string, path: string): number | null {
  const routes = matches.map((match, index) => ({ match, max_attempts: index + 1 }));
  const own = tenant(configWith({ max_attempts: 10, routes }));
  const { maxAttempts } = own.policyFor(method, matchingPath(path));
  return maxAttempts === 10 ? null : maxAttempts - 1;
}

test("a request whose segments are written like the parameters of a route finds it once", () => {
  const router = new RouteRouter<string>();
  router.add("POST /:a/:b{[^/]+}/:c/:d/:e/:f/:g/:h/:i/:j", "route");
  for (const path of ["/:a/:b/:c/:d/:e/:f/:g/:h/:i/:j", "/0/1/2/3/4/5/6/7/8/9"]) {
    expect(router.at("POST", path)).toEqual(["route"]);
  }
});

describe("3.2.1 the route that matches", () => {
  test.each([
    ["POST /v1/charges", "/v1/charges", true],
    ["POST /v1/charges", "/v1/charges/", false],
    ["POST /v1/charges", "/v1/charges/1", false],
    ["POST /v1/charges", "/V1/charges", false],
    ["POST /v1/charges", "//v1/charges", false],
    ["POST /", "/", true],
    ["POST /", "/v1", false],
    ["POST /v1/charges/:id", "/v1/charges/ch_1", true],
    ["POST /v1/charges/:id", "/v1/charges", false],
    ["POST /v1/charges/:id", "/v1/charges/ch_1/refund", false],
    ["POST /v1/charges/:id", "/v1/charges/a%2Fb", true],
    ["POST /v1/:kind/:id/refund", "/v1/charges/ch_1/refund", true],
    ["POST /v1/charges/:id{[0-9]+}", "/v1/charges/123", true],
    ["POST /v1/charges/:id{[0-9]+}", "/v1/charges/ch_1", false],
    ["POST /v1/charges/:id{[0-9]+}/refund", "/v1/charges/123/refund", true],
    ["POST /v1/charges/:id{[a-z]{2}_[0-9]+}", "/v1/charges/ch_1", true],
    ["POST /v1/*", "/v1/charges/ch_1/refund", true],
    ["POST /v1/*", "/v1/charges", true],
    ["POST /v1/*", "/v1", true],
    ["POST /v1/*", "/v2/charges", false],
    ["POST /*", "/anything/at/all", true],
    ["POST /v1/*/refund", "/v1/charges/refund", true],
    ["POST /v1/charges/:id?", "/v1/charges", true],
    ["POST /v1/charges/:id?", "/v1/charges/ch_1", true],
    ["POST /v1/charges/:id?", "/v1/charges/ch_1/refund", false],
    ["POST /café", "/caf%C3%A9", true],
    ["POST /v1/charges", "/v1/%63harges", true],
    ["POST /v1/charges", "/v1%2Fcharges", false],
    ["POST /v1/%63harges", "/v1/charges", true],
    ["POST /caf%C3%A9", "/caf%C3%A9", true],
    ["POST /a%2fb", "/a%2Fb", true],
    ["POST /v1/:id", "/v1/__proto__", true],
    ["POST /v1/:id", "/v1/:id", true],
    ["POST /v1/:id?", "/v1/:id", true],
    ["POST /v1/:id{[:a-z]+}", "/v1/:id", true],
    ["POST /v1/:id{[0-9]+}", "/v1/:id{[0-9]+}", false],
    ["POST /v1/charges:cancel", "/v1/charges:cancel", true],
    ["POST /v1/*", "/v1/*", true],
    ["POST /v1/constructor", "/v1/constructor", true],
  ])("%s, for %s: %s", (match, path, matches) => {
    expect(routeFor([match], "POST", path)).toBe(matches ? 0 : null);
  });

  test.each([
    ["POST /v1/*", "PATCH", false],
    ["PATCH /v1/*", "PATCH", true],
    ["* /v1/*", "PATCH", true],
    ["* /v1/*", "POST", true],
    ["* /v1/*", "PROPFIND", true],
  ])("%s, for the method %s: %s", (match, method, matches) => {
    expect(routeFor([match], method, "/v1/charges")).toBe(matches ? 0 : null);
  });

  test.each<[string[], number]>([
    [["POST /v1/charges", "POST /v1/:kind", "POST /v1/*", "* /*"], 0],
    [["POST /v1/:kind", "POST /v1/charges"], 0],
    [["* /*", "POST /v1/*", "POST /v1/charges"], 0],
    [["PATCH /v1/charges", "* /v2/*", "POST /v1/*", "POST /v1/charges"], 2],
    [["POST /v1/charges/:id", "POST /v1/charges/:id?", "POST /v1/charges"], 1],
    [["POST /v1/:kind{[0-9]+}", "POST /v1/:kind{[a-z]+}", "POST /v1/charges"], 1],
    [["POST /v1/charges", "POST /v1/charges"], 0],
  ])("is the first of %j", (matches, first) => {
    expect(routeFor(matches, "POST", "/v1/charges")).toBe(first);
  });

  test("has the tenant's settings where it sets nothing itself", () => {
    const routes = [
      { match: "POST /a", key: "required" },
      { match: "POST /b", ttl: "1h", key: "off" },
    ];
    const own = tenant(configWith({ ttl: "2h", key: "optional", wait: "5s", routes }));
    expect(own.policyFor("POST", "/a")).toMatchObject({ key: "required", ttlMs: 7_200_000, waitMs: 5000 });
    expect(own.policyFor("POST", "/b")).toMatchObject({ key: "off", ttlMs: 3_600_000, waitMs: 5000 });
    expect(own.policyFor("POST", "/c")).toBe(own.policy);
    // Names that every object has.
    for (const method of ["constructor", "__proto__", "toString"]) {
      expect(own.policyFor(method, "/a")).toBe(own.policy);
    }
    expect(own.routes.map(({ match }) => match)).toEqual(["POST /a", "POST /b"]);
    expect(own.policyFor("POST", "/a")).toBe(own.routes[0]?.policy);
  });

  test("is one tenant's own", () => {
    const config = parseConfig({
      TENANTS: {
        "a.example.com": entry({ routes: [{ match: "POST /v1", key: "required" }] }),
        "b.example.com": entry({ routes: [{ match: "POST /v1", key: "off" }] }),
      },
    });
    expect(tenant(config, "a.example.com").policyFor("POST", "/v1").key).toBe("required");
    expect(tenant(config, "b.example.com").policyFor("POST", "/v1").key).toBe("off");
  });
});

describe("3.2.7 a route for a call", () => {
  const routes = [
    { match: "POST /mcp tools/call:pay", key: "required" },
    { match: "POST /mcp tools/call", ttl: "2h" },
    { match: "* /:any ping", ttl: "3h" },
    { match: "POST /mcp", ttl: "4h" },
    { match: "POST /mcp tools/list", ttl: "5h" },
  ];
  const own = tenant(configWith({ rpc: "json-rpc", ttl: "1h", routes }));
  const hours = (path: string, ...names: string[]): number => own.policyFor("POST", path, names).ttlMs / 3_600_000;

  test("is the first that names the call, or none", () => {
    expect(own.policyFor("POST", "/mcp", ["tools/call", "tools/call:pay"])).toBe(own.routes[0]?.policy);
    expect([hours("/mcp", "tools/call", "tools/call:other"), hours("/mcp", "ping"), hours("/other", "ping")]).toEqual([
      2, 3, 3,
    ]);
    expect([hours("/mcp"), hours("/mcp", "tools/list"), hours("/other"), hours("/other", "tools/call")]).toEqual([
      4, 4, 1, 1,
    ]);
  });

  test("makes the body decide where it may match, and nowhere else", () => {
    expect(own.callsAt?.("POST", "/mcp")).toEqual(["tools/call:pay", "tools/call", "ping", "tools/list"]);
    expect(own.callsAt?.("PATCH", "/mcp")).toEqual(["ping"]);
    expect(own.callsAt?.("POST", "/other/path")).toEqual([]);
    expect(tenant(configWith({ routes: [{ match: "POST /mcp" }] })).callsAt).toBeNull();
  });

  test("of several calls, and of methods that may replace the request's, has the strictest policy", () => {
    const request = new Request("https://api.test/mcp", { method: "POST" });
    const strictest = (...calls: string[][]) => strictestPolicy(own, request, "/mcp", calls).policy;
    expect(strictest(["ping"], ["tools/call", "tools/call:pay"])).toBe(own.routes[0]?.policy);
    expect(strictest(["tools/call", "tools/call:other"], ["ping"])).toBe(own.routes[1]?.policy);
    expect(callsAt(own, new Request(request, { headers: { "x-http-method-override": "PATCH" } }), "/mcp")).toEqual([
      ...(own.callsAt?.("POST", "/mcp") ?? []),
      "ping",
    ]);
  });

  test("has the policy of its route where only some calls of a batch are those of one caller, so that lines and counts name the route", () => {
    const open = tenant(
      configWith({ profile: "mcp", routes: [{ match: "POST /mcp tools/call:open", one_caller: true }] }),
    );
    const request = new Request("https://api.test/mcp", { method: "POST" });
    const applied = (...tools: string[]) => {
      const calls = tools.map((tool) => ["tools/call", `tools/call:${tool}`]);
      return strictestPolicy(open, request, "/mcp", calls);
    };
    expect(applied("open", "private").policy).toBe(open.routes[0]?.policy);
    expect([applied("open", "private"), applied("private", "open")].map(({ isOneCaller }) => isOneCaller)).toEqual([
      false,
      false,
    ]);
    expect(applied("open", "open").isOneCaller).toBe(true);
  });

  test("needs rpc, of the tenant, of the route or by its profile", () => {
    const at = (route: object, entry: object = {}) =>
      faultsWith({ ...entry, routes: [{ match: "POST /rpc pay", ...route }] });
    const fault = {
      path: `TENANTS."${HOST}".routes[0].match`,
      message: 'names a call, which only rpc = "json-rpc" finds, or profile = "mcp"',
    };
    expect(at({})).toEqual([fault]);
    expect(at({ rpc: "none" }, { profile: "mcp" })).toContainEqual(fault);
    for (const fields of [{ rpc: "json-rpc" }, { profile: "mcp" }]) {
      expect([at(fields), at({}, fields)]).toEqual([[], []]);
    }
  });

  test("is needed for rpc_methods too", () => {
    expect(faultsWith({ rpc_methods: ["pay"] })).toEqual([
      { path: `TENANTS."${HOST}".rpc_methods`, message: 'needs rpc = "json-rpc"' },
    ]);
    expect(faultsWith({ rpc: "json-rpc", rpc_methods: [] })).toEqual([
      { path: `TENANTS."${HOST}".rpc_methods`, message: "must not be empty" },
    ]);
  });
});

describe("a match that can't be read", () => {
  const MESSAGE =
    'must be a method (or *), a space and a path pattern, such as "POST /v1/charges/:id"; with rpc, a space and a call may follow';

  test.each([
    "",
    "POST",
    "/v1",
    "POST v1",
    "post /v1",
    "POST  /v1",
    " POST /v1",
    "POST /v1 ",
    "POST,PATCH /v1",
    "POST /a b c",
    "** /v1",
  ])("is a fault: %j", (match) => {
    expect(faultsWith({ routes: [{ match }] })).toEqual([
      { path: `TENANTS."${HOST}".routes[0].match`, message: MESSAGE },
    ]);
  });

  test("is a fault where it holds a broken regular expression, and not a crash", () => {
    const config = parseConfig({
      TENANTS: {
        [HOST]: entry({
          routes: [{ match: "POST /ok" }, { match: "POST /v1/:id{[0-9}" }, { match: "POST /v1/:id{(}" }],
        }),
        "*": entry(),
      },
    });
    expect(config.faults.map(({ path }) => path)).toEqual([
      `TENANTS."${HOST}".routes[1].match`,
      `TENANTS."${HOST}".routes[2].match`,
    ]);
    for (const { message } of config.faults) {
      expect(message).toMatch(/^is not a Hono path pattern: SyntaxError: Invalid regular expression/);
    }
    expect(tenantFor(config, HOST)).toEqual({ kind: "problem", code: "misconfigured" });
    expect(tenant(config, "other.example.com").policy.key).toBe("optional");
  });

  test.each([
    ["a method that HTTP does not have", "PSOT /v1/charges"],
    ["a method that no policy can cover", "GET /v1/charges"],
    ["ALL, which is Hono's word for *", "ALL /v1/charges"],
  ])("is a fault where its route could never count as written: %s", (_, match) => {
    expect(faultsWith({ routes: [{ match }] }).map(({ path }) => path)).toEqual([`TENANTS."${HOST}".routes[0].match`]);
  });
});
