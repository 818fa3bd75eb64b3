import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import { clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";
import { objectOf } from "../../support/records.ts";

/** As vitest.config.ts binds it. */
const SECRET = "s3cret of the gateway";
const AUTH = { origin_auth: "secret:ORIGIN_SECRET" };

describe("7.2.5 the secret of an origin", () => {
  test("goes with forwards, retried attempts, probes and requests that pass through", async () => {
    const origin = scriptOrigin(({ method }, number) => {
      if (method === "GET") return new Response(null, { headers: { "oncegate-outcome": "not-executed" } });
      return number === 1 ? Promise.reject(new Error("reset")) : new Response("ok");
    });
    const client = clientOf({ ...AUTH, on_unknown: "probe", probe: "/asked/{key}" });
    const key = uniqueKey();
    await client.post("/v1/charges", { key });
    expect(statusOf(await client.post("/v1/charges", { key }))).toBe("executed");
    await client.post("/v1/charges", { key: null });
    await client.fetch("https://api.test/v1/charges");
    expect(origin.received.map(({ method, headers }) => [method, headers.get("x-origin-auth")])).toEqual([
      ["POST", SECRET],
      ["GET", SECRET],
      ["POST", SECRET],
      ["POST", SECRET],
      ["GET", SECRET],
    ]);
  });

  test.each([uniqueKey(), null])("replaces what a client sends under that name, key %s", async (key) => {
    const origin = scriptOrigin();
    const client = clientOf({ origin_auth: { header: "X-Gateway", secret: "ORIGIN_SECRET" } });
    await client.post("/v1/charges", { key, headers: { "x-gateway": "forged", connection: "x-gateway" } });
    expect(origin.received[0]?.headers.get("x-gateway")).toBe(SECRET);
    expect(origin.received[0]?.headers.get("x-origin-auth")).toBe(null);
  });

  test("goes to its own origin alone, and not where a redirect leads", async () => {
    const origin = scriptOrigin(() => new Response(null, { status: 307, headers: { location: "http://else.test/" } }));
    const other = { origin: "http://other.test", caller: [] };
    const client = clientOf(AUTH, { "other-api.test": other });
    expect((await client.post("/v1/charges")).status).toBe(307);
    await client.fetch("https://other-api.test/v1", { method: "POST", headers: { "x-origin-auth": "client's" } });
    expect(origin.received.map(({ url, headers }) => [url, headers.get("x-origin-auth")])).toEqual([
      ["http://origin.test/v1/charges", SECRET],
      ["http://other.test/v1", "client's"],
    ]);
  });

  test("is in no row, no answer and no log line", async () => {
    const logged = vi.spyOn(console, "warn").mockImplementation(() => {});
    scriptOrigin((_, number) => (number === 1 ? Promise.reject(new Error("reset")) : new Response("ok")));
    const client = clientOf({ ...AUTH, on_unknown: "retry" });
    const key = uniqueKey();
    const seen: unknown[] = [];
    for (const _ of [1, 2, 3]) {
      const answer = await client.post("/v1/charges", { key });
      seen.push([...answer.headers], await answer.text());
      seen.push(await dumpOf(key));
    }
    seen.push(await (await client.fetch("https://api.test/.well-known/idempotency")).text(), logged.mock.calls);
    expect(logged).toHaveBeenCalled();
    expect(JSON.stringify(seen)).toContain("/v1/charges");
    expect(JSON.stringify(seen)).not.toContain(SECRET);
    logged.mockRestore();
  });

  test("that the Worker does not have closes the host: nothing is sent without it", async () => {
    const logged = vi.spyOn(console, "warn").mockImplementation(() => {});
    const origin = scriptOrigin();
    const client = clientOf({ origin_auth: "secret:NO_SUCH_SECRET" });
    expect(await problemOf(await client.post("/v1/charges"))).toBe("500 misconfigured");
    expect(await problemOf(await client.post("/v1/charges", { key: null }))).toBe("500 misconfigured");
    expect(origin.received).toEqual([]);
    logged.mockRestore();
  });
});

/** All that the object of `key` stores. Bodies are bytes, so they are read as text. */
async function dumpOf(key: string): Promise<unknown> {
  const text = (value: unknown): unknown =>
    value instanceof Uint8Array || value instanceof ArrayBuffer ? new TextDecoder().decode(value) : value;
  return runInDurableObject(await objectOf(key, "/v1/charges"), (_, { storage }) => {
    const tables = storage.sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").toArray();
    const rows = tables
      .filter(({ name }) => !name.startsWith("_cf_"))
      .flatMap(({ name }) => storage.sql.exec(`SELECT * FROM ${name}`).toArray());
    const values = [...storage.kv.list<object>()].map(([, value]) => value);
    return [...values, ...rows].map((row) => Object.values(row).map(text));
  });
}
