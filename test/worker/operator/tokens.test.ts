import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { HOST, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { type Entry } from "../../support/journal.ts";
import { TOKEN, eventually, idOf, operatorOf } from "../../support/operator.ts";
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
      expect(warn.mock.calls.map(([line]) => JSON.parse(String(line)) as object)).toMatchObject([
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

  async function recordOn(hostname: string, answer: () => Response) {
    scriptOrigin(answer);
    const operator = operatorOf({}, full, { ...secrets, OPERATOR_TOKEN: TOKEN });
    const key = uniqueKey();
    const headers = { authorization: "Bearer alice", "idempotency-key": key };
    await operator.client.fetch(`https://${hostname}${PATH}`, { method: "POST", headers });
    return { operator, headers, id: await idOf(key, PATH, { tenant: hostname }) };
  }

  test("a record is visible on the hostnames of its own entry, and on no other", async () => {
    const { operator, headers, id } = await recordOn("a.shop.test", completed);
    for (const host of ["a.shop.test", "b.shop.test", "d.c.shop.test"]) {
      const response = await operator.get(`/records/${id}?body=1`, { host, token: "shops" });
      const { tenant, answer } = await response.json<{ tenant: string; answer: { body_base64: string } }>();
      expect([response.status, tenant, atob(answer.body_base64)]).toEqual([200, "a.shop.test", "charged"]);
    }
    for (const host of ["own.shop.test", "acme.test", HOST]) {
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

  test("a record of a hostname with an entry of its own is not visible under the wildcard", async () => {
    const { operator, id } = await recordOn("own.shop.test", completed);
    expect((await operator.get(`/records/${id}`, { host: "own.shop.test", token: "own" })).status).toBe(200);
    const wide = { host: "a.shop.test", token: "shops" };
    expect(await problemOf(await operator.get(`/records/${id}`, wide))).toBe("404 not_found");
    expect(await problemOf(await operator.post(`/records/${id}/release`, { why: "x" }, wide))).toBe("404 not_found");
  });

  test.each([
    ["settle", { outcome: "not-executed", why: "x" }],
    ["release", { why: "x" }],
  ])(
    "the token of a wildcard acts under any of its hostnames, and the lists have the record's: %s",
    async (action, given) => {
      const { operator, headers, id } = await recordOn("a.shop.test", () => new Response("?", { status: 502 }));
      const at = { host: "b.shop.test", token: "shops" };
      const listed = await eventually(
        async () => (await (await operator.get("/journal", at)).json<{ entries: Entry[] }>()).entries,
        (entries) => entries.some(({ record }) => record === id),
      );
      expect(listed.find(({ record }) => record === id)).toMatchObject({ hostname: "a.shop.test", state: "unknown" });
      expect((await operator.post(`/records/${id}/${action}`, given, at)).status).toBe(200);
      const lines = await (await operator.get(`/audit?record=${id}`, { ...at, host: "c.shop.test" })).json();
      expect(lines).toMatchObject({ lines: [{ hostname: "a.shop.test", action, result: "done" }] });
      scriptOrigin(completed);
      const again = await operator.client.fetch(`https://a.shop.test${PATH}`, { method: "POST", headers });
      expect(statusOf(again)).toBe("executed");
    },
  );
});
