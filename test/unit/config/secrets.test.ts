import { describe, expect, onTestFinished, test, vi } from "vitest";
import { parseConfig } from "../../../src/config/config.ts";
import { parseKvEntry } from "../../../src/config/kv-entry.ts";
import { tokensOf } from "../../../src/config/operator-token.ts";
import { type SecretPurpose, listedSecrets, secretOf } from "../../../src/config/secrets.ts";
import { tokenSecrets } from "../../../src/config/token-secrets.ts";
import { prepareRequest } from "../../../src/origin/prepared-request.ts";
import { entry, tenant } from "./entries.ts";

const VALUES = { GATE: "open sesame", OP_A: "token of a", KEY: "k".repeat(32), OTHER: "of another service" };

const SECRETS = {
  GATE: { purpose: "origin_auth", hostnames: ["a.test", "*.shop.test"] },
  OP_A: { purpose: "operator_token", hostnames: ["a.test"] },
  KEY: { purpose: "jwt", hostnames: ["*"] },
};

describe("a secret of the Worker", () => {
  test.each<[name: string, purpose: SecretPurpose, hostname: string, value: string | null]>([
    ["GATE", "origin_auth", "a.test", VALUES.GATE],
    ["GATE", "origin_auth", "b.shop.test", VALUES.GATE],
    ["GATE", "origin_auth", "c.b.shop.test", VALUES.GATE],
    ["GATE", "origin_auth", "*.shop.test", VALUES.GATE],
    ["GATE", "origin_auth", "*.b.shop.test", VALUES.GATE],
    ["KEY", "jwt", "*", VALUES.KEY],
    ["GATE", "origin_auth", "shop.test", null],
    ["GATE", "origin_auth", "xshop.test", null],
    ["GATE", "origin_auth", "b.test", null],
    ["GATE", "origin_auth", "*.test", null],
    ["GATE", "origin_auth", "*", null],
    ["GATE", "operator_token", "a.test", null],
    ["OP_A", "origin_auth", "a.test", null],
    ["OP_A", "jwt", "a.test", null],
    ["OTHER", "origin_auth", "a.test", null],
    ["SECRETS", "origin_auth", "a.test", null],
    ["TENANTS", "jwt", "a.test", null],
    ["__proto__", "jwt", "a.test", null],
    ["constructor", "jwt", "a.test", null],
  ])("is read for its purpose and its hostnames alone: %s as %s of %s", (name, purpose, hostname, value) => {
    expect(secretOf({ ...VALUES, SECRETS, TENANTS: "{}" }, { name, purpose, hostname })).toBe(value);
  });

  test.each<unknown>([undefined, null, "", "{", "[]", 5, [], "null"])("is none where SECRETS is %j", (written) => {
    const env = { ...VALUES, ...(written === undefined ? {} : { SECRETS: written }) };
    for (const purpose of ["origin_auth", "operator_token", "jwt"] as const) {
      expect(secretOf(env, { name: "GATE", purpose, hostname: "a.test" })).toBe(null);
    }
  });

  test("may be listed as JSON, and in further variables", () => {
    const { GATE, ...rest } = SECRETS;
    const env = { ...VALUES, SECRETS: JSON.stringify({ GATE }), SECRETS_2: rest, SECRETS_OTHER: { NO: 1 } };
    expect(listedSecrets(env).faults).toEqual([]);
    expect([...listedSecrets(env).byName.keys()]).toEqual(["GATE", "OP_A", "KEY"]);
  });

  test("with a fault in its listing is not listed, and all faults are reported", () => {
    const env = {
      SECRETS: {
        A: { purpose: "origin_auth", hostnames: [] },
        B: { purpose: "all", hostnames: ["a.test"] },
        C: { purpose: "jwt", hostnames: ["A.test"] },
        D: { purpose: "jwt", hostnames: ["a.test"], more: 1 },
        E: "jwt",
        "F G": { purpose: "jwt", hostnames: ["*"] },
        TENANTS: { purpose: "origin_auth", hostnames: ["*"] },
        TWICE: SECRETS.KEY,
      },
      SECRETS_2: { TWICE: SECRETS.KEY },
      SECRETS_3: { TWICE: SECRETS.KEY },
    };
    expect(listedSecrets(env).byName).toEqual(new Map());
    expect(parseConfig(env).faults.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      "SECRETS.A.hostnames: must not be empty",
      'SECRETS.B.purpose: must be "origin_auth" or "operator_token" or "jwt"',
      'SECRETS.C.hostnames.0: must be a hostname in lower case without a port, "*.suffix" or "*"',
      "SECRETS.D.more: unknown field",
      'SECRETS.E: must be a table such as { purpose = "origin_auth", hostnames = ["api.example.com"] }',
      "SECRETS.F G: must be the name of a secret",
      "SECRETS.TENANTS: must not be a variable of the gateway",
      "SECRETS_2.TWICE: is listed more than once",
      "SECRETS_3.TWICE: is listed more than once",
    ]);
  });
});

describe("an entry that names a secret", () => {
  const around = { env: { ...VALUES, SECRETS, TENANTS: "{}" }, staticNames: [] };
  const inKv = (name: string, fields: Record<string, unknown>) =>
    parseKvEntry(name, JSON.stringify(entry(fields)), around);
  const jwt = (secret: string) => [{ jwt: { secret, claims: ["iss", "sub"], audience: "a", algorithms: ["HS256"] } }];

  test.each<[string, Record<string, unknown>, path: string, message: RegExp]>([
    ["b.test", { origin_auth: { header: "x-leak", secret: "OP_A" } }, "origin_auth", /of another purpose: OP_A/],
    ["a.test", { origin_auth: "secret:OP_A" }, "origin_auth", /of another purpose: OP_A/],
    ["a.test", { origin_auth: "secret:TENANTS" }, "origin_auth", /SECRETS does not list: TENANTS/],
    ["a.test", { origin_auth: "secret:OTHER" }, "origin_auth", /SECRETS does not list: OTHER/],
    ["b.test", { origin_auth: "secret:GATE" }, "origin_auth", /SECRETS does not list GATE for b\.test/],
    ["*", { origin_auth: "secret:GATE" }, "origin_auth", /SECRETS does not list GATE for \*/],
    ["b.test", { operator_token: "secret:OP_A" }, "operator_token", /SECRETS does not list OP_A for b\.test/],
    ["a.test", { operator_token: "secret:GATE" }, "operator_token", /of another purpose: GATE/],
    ["a.test", { caller: jwt("OP_A") }, "caller", /of another purpose: OP_A/],
    ["a.test", { caller: jwt("TENANTS") }, "caller", /SECRETS does not list: TENANTS/],
  ])("is refused unless SECRETS lists it for this: %s %j", (name, fields, path, message) => {
    const { tenant, faults } = inKv(name, fields);
    expect(tenant).toBe(null);
    expect(faults).toEqual([
      { path: `TENANTS_KV."${name}".${path}`, message: expect.stringMatching(message) as string },
    ]);
  });

  test("is served where SECRETS lists it, from the variables as from KV", () => {
    const fields = { origin_auth: "secret:GATE", operator_token: "secret:OP_A", caller: jwt("KEY") };
    expect(inKv("a.test", fields).faults).toEqual([]);
    expect(parseConfig({ ...around.env, TENANTS: { "a.test": entry(fields) } }).faults).toEqual([]);
  });

  /** The places that look a secret up when a request comes: what was valid when the entry was read may have changed since. */
  test("gets it where it is used only while SECRETS lists it", async () => {
    const fields = { origin_auth: "secret:GATE", operator_token: "secret:OP_A", caller: jwt("KEY") };
    const made = tenant(parseConfig({ ...around.env, TENANTS: { "a.test": entry(fields) } }), "a.test");
    const outgoing = { url: "https://origin.example.com/", method: "GET", headers: [], cf: undefined };
    const fetched = vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response());
    onTestFinished(() => fetched.mockRestore());
    const prepared = (env: object) => prepareRequest(made.origin, { env, ctx: {}, isInWorker: true }, outgoing);
    const used = (env: object) => ({
      sent: prepared(env).kind === "prepared",
      tokens: tokensOf(env, made),
      key: tokenSecrets(env, made.entry)("KEY"),
    });
    expect(used({ ...VALUES, SECRETS })).toEqual({
      sent: true,
      tokens: { operator: null, tenant: VALUES.OP_A },
      key: VALUES.KEY,
    });
    const sent = prepared({ ...VALUES, SECRETS });
    if (sent.kind === "prepared") await sent.send();
    const [[request] = []] = fetched.mock.calls;
    expect(new Request(request ?? "").headers.get("x-origin-auth")).toBe(VALUES.GATE);
    const others = Object.fromEntries(
      Object.entries(SECRETS).map(([name, { purpose }]) => [name, { purpose, hostnames: ["b.test"] }]),
    );
    const none = { sent: false, tokens: { operator: null, tenant: null }, key: null };
    expect(used({ ...VALUES, SECRETS: others })).toEqual(none);
    expect(used({ ...VALUES, OPERATOR_TOKEN: "token" })).toEqual(none);
  });
});
