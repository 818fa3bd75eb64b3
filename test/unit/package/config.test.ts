import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../src/config/config.ts";
import { environmentWith } from "../../../src/config/in-code.ts";
import { readConfig } from "../../../src/package/config.ts";
import { type Config } from "../../../src/package/types.ts";

const APP = { kind: "app", number: 1 } as const;

function faultsOf(config: unknown): string[] {
  try {
    readConfig(config, APP);
    return [];
  } catch (error) {
    return String(error).split("\n  ").slice(1);
  }
}

/** The tenants by name, as the Worker has them at its first request. */
function parsed(config: Config, env: object = {}) {
  return parseConfig(environmentWith(readConfig(config, APP), env));
}

describe("a configuration in code", () => {
  test("is the entry of all hostnames, with the app as its origin", () => {
    const { tenants, faults } = parsed({
      caller: ["authorization"],
      routes: [{ match: "POST /v1/charges", key: "required" }],
    });
    expect(faults).toEqual([]);
    expect([...tenants.keys()]).toEqual(["*"]);
    expect(tenants.get("*")?.origin).toEqual({ kind: "app", number: 1, auth: null });
    expect(tenants.get("*")?.policyFor("POST", "/v1/charges").key).toBe("required");
  });

  test("has entries by hostname, which inherit nothing", () => {
    const { tenants } = parsed({
      caller: ["authorization"],
      wait: "1s",
      hosts: { "a.example": { caller: ["x-user"] } },
    });
    expect(tenants.get("a.example")?.policy.waitMs).toBe(25_000);
    expect(tenants.get("*")?.policy.waitMs).toBe(1000);
    expect([...parsed({ hosts: { "a.example": { caller: [] } } }).tenants.keys()]).toEqual(["a.example"]);
  });

  test("has the faults of a text, at once, each with its path", () => {
    const config = {
      callers: ["authorization"],
      wait: "90s",
      routes: [{ match: "POST /v1/charges", key: "requried" }],
      origin: "https://origin.example",
      edge: "",
      events: "no binding",
      hosts: { "A.example": { caller: ["via"] }, "b c": {} },
    };
    expect(faultsOf(config)).toEqual([
      'config.edge must be "cloudflare", "proxy" or "none"',
      "config.events must be the name of an Analytics Engine binding",
      'config.callers unknown field: did you mean "caller"?',
      "config.origin unknown field",
      'config.hosts."b c" must be a hostname in lower case without a port, "*.suffix" or "*"',
      'config.wait must be a duration from 0s to 1m, such as "25s" (ms, s, m, h, d)',
      'config.routes[0].key must be "required" or "optional" or "off"',
      expect.stringMatching(/^config[.]caller is required: /),
      'config.hosts."A.example" must be a hostname in lower case without a port, "*.suffix" or "*"',
      'config.hosts."A.example".caller must not have a header that the gateway drops or sets: via',
      expect.stringMatching(/^config[.]hosts[.]"b c"[.]caller is required: /),
    ]);
    expect(faultsOf(null)).toEqual(["config must be a table"]);
    expect(faultsOf({ hosts: [] })[0]).toBe("config.hosts must be a table of entries by hostname");
  });

  test("names bindings and secrets, which are looked for at the first request", () => {
    const config: Config = {
      caller: ["authorization"],
      operator_token: "secret:MINE",
      rate_limit: { binding: "LIMIT" },
    };
    expect(faultsOf(config)).toEqual([]);
    expect(parsed(config).faults).toEqual([
      { path: "config.rate_limit.binding", message: "names no rate limiting binding of this Worker: LIMIT" },
    ]);
  });

  test("lists the secrets that it names, each for one purpose", () => {
    const jwt = { secret: "SHARED", claims: ["iss", "sub"], audience: "a", algorithms: ["HS256"] } as const;
    const env = { SHARED: "0123456789abcdef0123456789abcdef", MINE: "token" };
    expect(parsed({ caller: [{ jwt }], operator_token: "secret:MINE" }, env).faults).toEqual([]);
    expect(parsed({ caller: [{ jwt }], operator_token: "secret:SHARED" }, env).faults).toEqual([
      { path: "config.caller", message: expect.stringContaining("names a secret of another purpose: SHARED") },
    ]);
  });

  test("reads no variable of the app as one of a gateway", () => {
    const env = {
      TENANTS: "of the app",
      ORIGIN: "https://other.example",
      SECRETS: 1,
      EDGE: "x",
      CALLER: "y",
      EVENTS: {},
      OTHER: 1,
    };
    const environment = environmentWith(readConfig({ caller: [] }, APP), env);
    expect(parseConfig(environment).faults).toEqual([]);
    expect(environment).toEqual({
      EDGE: "cloudflare",
      SECRETS: { OPERATOR_TOKEN: { purpose: "operator_token", hostnames: ["*"] } },
      EVENTS: undefined,
      OTHER: 1,
    });
  });
});
