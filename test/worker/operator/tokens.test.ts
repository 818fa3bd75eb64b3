import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { HOST, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { TOKEN, idOf, operatorOf } from "../../support/operator.ts";
import { scriptOrigin } from "../../support/origin.ts";

const PATH = "/v1/charges";
const ABSENT = "0".repeat(64);
const completed = () => new Response("charged", { status: 201 });

describe("O1 who may operate", () => {
  test.each(["/_oncegate", "/_oncegate/", "/_oncegate/v1/records/find", "/_oncegate/v1/openapi.json", "/_oncegate/x"])(
    "without a configured secret, %s is 404 with any credentials",
    async (path) => {
      const client = clientOf({ operator_token: "secret:NOT_SET" });
      for (const headers of [{}, { authorization: `Bearer ${TOKEN}` }, { authorization: "Bearer " }]) {
        const response = await client.fetch(`https://${HOST}${path}`, { headers });
        expect(response.status).toBe(404);
        expect(await response.json()).toEqual({ type: "about:blank", title: "Not Found", status: 404 });
      }
    },
  );

  test.each(["in the variables", "in KV"])(
    "a missing tenant secret is logged, and clients are served: %s",
    async (where) => {
      const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
      scriptOrigin(completed);
      const host = `${uniqueKey()}.test`;
      const entry = { origin: "http://origin.test", caller: ["authorization"], operator_token: "secret:TEAM" };
      const kv: KVNamespace = Reflect.get(env, "KV_OF_TESTS");
      if (where === "in KV") await kv.put(host, JSON.stringify(entry));
      const SECRETS = { TEAM: { purpose: "operator_token", hostnames: ["*"] } };
      const { client } = operatorOf({}, where === "in KV" ? {} : { [host]: entry }, { TENANTS_KV: kv, SECRETS });
      const headers = { authorization: "Bearer alice", "idempotency-key": uniqueKey() };
      expect(statusOf(await client.fetch(`https://${host}${PATH}`, { method: "POST", headers }))).toBe("executed");
      expect(warn.mock.calls.map(([line]) => JSON.parse(String(line)))).toEqual([
        {
          event: "configuration_fault",
          path: `"${host}".operator_token`,
          message: expect.stringContaining("names no secret of this Worker: TEAM."),
        },
      ]);
      warn.mockRestore();
    },
  );

  test.each([null, "", "wrong", `${TOKEN}x`, TOKEN.slice(1)])("refuses the token %j", async (token) => {
    for (const path of ["/openapi.json", `/records/${ABSENT}`, "/nothing"]) {
      const response = await operatorOf().get(path, { token });
      expect(await problemOf(response)).toBe("401 unauthorized");
      expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
      expect(response.headers.get("cache-control")).toBe("no-store");
    }
  });

  test("an empty secret, or one that is not a string, opens nothing", async () => {
    for (const secret of ["", null, 7, {}]) {
      const operator = operatorOf({}, {}, { OPERATOR_TOKEN: secret });
      for (const token of ["", "null", "7", null]) {
        expect((await operator.get("/openapi.json", { token })).status).toBe(404);
      }
    }
  });

  const tenants = {
    "acme.test": { operator_token: "secret:ACME" },
    "*.shop.test": { operator_token: "secret:SHOPS" },
    "own.shop.test": { operator_token: "secret:OWN" },
    "none.shop.test": {},
  };
  const full = Object.fromEntries(
    Object.entries(tenants).map(([host, entry]) => [
      host,
      { origin: "http://origin.test", caller: ["authorization"], ...entry },
    ]),
  );
  const secrets = { ACME: "acme", SHOPS: "shops", OWN: "own" };

  test.each([
    ["acme.test", { acme: 200, shops: 401, own: 401 }],
    ["a.shop.test", { acme: 401, shops: 200, own: 401 }],
    ["own.shop.test", { acme: 401, shops: 401, own: 200 }],
    ["none.shop.test", { acme: 404, shops: 404, own: 404 }],
    [HOST, { acme: 404, shops: 404, own: 404 }],
  ])("a tenant's token opens %s only if its own entry serves it", async (host, statuses) => {
    const operator = operatorOf({}, full, secrets);
    for (const [token, status] of Object.entries(statuses)) {
      expect([token, (await operator.get("/openapi.json", { host, token })).status]).toEqual([token, status]);
    }
    const both = operatorOf({}, full, { ...secrets, OPERATOR_TOKEN: TOKEN });
    expect((await both.get("/openapi.json", { host })).status).toBe(200);
  });

  test("a record is visible on its own hostname only, even if one entry serves several hostnames", async () => {
    scriptOrigin(completed);
    const operator = operatorOf({}, full, { ...secrets, OPERATOR_TOKEN: TOKEN });
    const key = uniqueKey();
    const headers = { authorization: "Bearer alice", "idempotency-key": key };
    await operator.client.fetch(`https://a.shop.test${PATH}`, { method: "POST", headers });
    const id = await idOf(key, PATH, { tenant: "a.shop.test" });
    expect((await operator.get(`/records/${id}`, { host: "a.shop.test", token: "shops" })).status).toBe(200);
    for (const host of ["b.shop.test", "own.shop.test", "acme.test", HOST]) {
      expect(await problemOf(await operator.get(`/records/${id}`, { host }))).toBe("404 not_found");
      for (const action of ["release", "purge"]) {
        const response = await operator.post(`/records/${id}/${action}`, { why: "x" }, { host });
        expect(await problemOf(response)).toBe("404 not_found");
      }
      const settling = { outcome: "not-executed", why: "x" };
      expect(await problemOf(await operator.post(`/records/${id}/settle`, settling, { host }))).toBe("404 not_found");
    }
    const again = await operator.client.fetch(`https://a.shop.test${PATH}`, { method: "POST", headers });
    expect(statusOf(again)).toBe("replayed");
  });
});
