import { env } from "cloudflare:workers";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";

const KV: KVNamespace = Reflect.get(env, "KV_OF_TESTS");

/** Another tenant's operator token, and the key of its tokens. */
const THEIRS = { OP_A: "token of tenant a", KEY_A: "k".repeat(32) };

const LISTED = {
  OP_A: { purpose: "operator_token", hostnames: ["a.test"] },
  KEY_A: { purpose: "jwt", hostnames: ["a.test"] },
  GATE: { purpose: "origin_auth", hostnames: ["*.gate.test"] },
};

const jwt = (secret: string) => ({
  jwt: { secret, claims: ["iss", "sub"], audience: "a", algorithms: ["HS256"] },
});

describe("7.2.5 an entry in KV", () => {
  test.each<[string, Record<string, unknown>]>([
    ["another tenant's operator token", { origin_auth: { header: "x-leak", secret: "OP_A" } }],
    ["the key of another tenant's tokens", { origin_auth: { header: "x-leak", secret: "KEY_A" } }],
    ["the configuration", { origin_auth: { header: "x-leak", secret: "TENANTS" } }],
    ["a secret of other hostnames", { origin_auth: { header: "x-leak", secret: "GATE" } }],
    ["a variable that is not listed", { origin_auth: { header: "x-leak", secret: "EDGE" } }],
    ["a token of another tenant as its own", { operator_token: "secret:OP_A" }],
    ["a key of another tenant as its own", { caller: [jwt("KEY_A")] }],
  ])("can't send %s to its origin: it is faulty, and nothing is sent", async (_, fields) => {
    const logged = vi.spyOn(console, "warn").mockImplementation(() => {});
    const host = `${uniqueKey()}.test`;
    await KV.put(host, JSON.stringify({ origin: "http://leak.test", caller: ["authorization"], ...fields }));
    onTestFinished(() => KV.delete(host));
    const origin = scriptOrigin();
    const bindings = { ...THEIRS, GATE: "open sesame", EDGE: "none", TENANTS_KV: KV, SECRETS: LISTED };
    const client = clientOf({}, {}, bindings);
    for (const key of [uniqueKey(), null]) {
      const headers = { authorization: "Bearer x", ...(key !== null && { "idempotency-key": key }) };
      const response = await client.fetch(`https://${host}/v1/charges`, { method: "POST", headers });
      expect(await problemOf(response)).toBe("500 misconfigured");
    }
    const headers = { authorization: `Bearer ${THEIRS.OP_A}` };
    const operator = await client.fetch(`https://${host}/_oncegate/v1/openapi.json`, { headers });
    expect(await problemOf(operator)).toBe("500 misconfigured");
    expect(origin.received).toEqual([]);
    expect(logged.mock.calls.join("\n")).toContain('"event":"configuration_fault"');
    for (const value of Object.values({ ...THEIRS, GATE: bindings.GATE })) {
      expect(logged.mock.calls.join("\n")).not.toContain(value);
    }
    logged.mockRestore();
  });

  test("is served with the secret that is listed for it", async () => {
    const host = `${uniqueKey()}.gate.test`;
    const entry = { origin: "http://origin.test", caller: ["authorization"], origin_auth: "secret:ORIGIN_SECRET" };
    await KV.put(host, JSON.stringify(entry));
    onTestFinished(() => KV.delete(host));
    const origin = scriptOrigin();
    const SECRETS = { ORIGIN_SECRET: { purpose: "origin_auth", hostnames: ["*.gate.test"] } };
    const headers = { authorization: "Bearer x", "idempotency-key": uniqueKey() };
    const client = clientOf({}, {}, { TENANTS_KV: KV, SECRETS });
    const response = await client.fetch(`https://${host}/v1/charges`, { method: "POST", headers });
    expect(statusOf(response)).toBe("executed");
    expect(origin.received[0]?.headers.get("x-origin-auth")).toBe("s3cret of the gateway");
  });
});

describe("an operator token", () => {
  test.each([
    ["is not listed", {}, 404],
    ["is listed for another purpose", { purpose: "jwt", hostnames: ["*"] }, 404],
    ["is listed for another hostname", { purpose: "operator_token", hostnames: ["other.test"] }, 404],
    ["is listed", { purpose: "operator_token", hostnames: ["api.test"] }, 200],
  ])("opens its hostnames alone: OPERATOR_TOKEN %s", async (_, listing, status) => {
    const logged = vi.spyOn(console, "warn").mockImplementation(() => {});
    const client = clientOf({}, {}, { OPERATOR_TOKEN: "token", SECRETS: { OPERATOR_TOKEN: listing } });
    const headers = { authorization: "Bearer token" };
    const response = await client.fetch("https://api.test/_oncegate/v1/openapi.json", { headers });
    expect(response.status).toBe(status);
    logged.mockRestore();
  });
});
