import { describe, expect, test } from "vitest";
import { clientOf, statusOf, problemOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";
import { objectOf, rowOf } from "../../support/records.ts";

/** Bytes that no text decoding leaves as they are. */
function binary(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 131 + (index >> 8)) % 256);
}

describe("P1, P2: a retry is answered from the record", () => {
  test("executes once and replays the stored answer to every retry", async () => {
    const origin = scriptOrigin((_, number) => Response.json({ charge: number }, { status: 201 }));
    const client = clientOf();
    const key = uniqueKey();

    const first = await client.post("/v1/charges", { key, json: { amount: 1 } });
    expect(first.status).toBe(201);
    expect(await first.json()).toEqual({ charge: 1 });
    expect(statusOf(first)).toBe("executed");
    expect(first.headers.get("idempotent-replayed")).toBeNull();

    for (const retry of [1, 2]) {
      const replayed = await client.post("/v1/charges", { key, json: { amount: 1 } });
      expect(replayed.status, `retry ${retry}`).toBe(201);
      expect(await replayed.json()).toEqual({ charge: 1 });
      expect(statusOf(replayed)).toBe("replayed");
      expect(replayed.headers.get("idempotent-replayed")).toBe("true");
      expect(replayed.headers.get("idempotency-key")).toBe(key);
    }
    expect(origin.received).toHaveLength(1);
  });

  test("says when the answer was recorded and when the record ends", async () => {
    scriptOrigin();
    const before = Math.floor(Date.now() / 1000);
    const response = await clientOf({ ttl: "60s" }).post("/v1/charges");
    const status = response.headers.get("idempotency-status") ?? "";
    const [, recorded, expires] = /^executed; recorded=@(\d+); expires=@(\d+)$/.exec(status) ?? [];
    expect(Number(expires) - Number(recorded)).toBe(60);
    expect(Number(recorded)).toBeGreaterThanOrEqual(before);
  });

  test.each([
    ["200 with an empty body", 200, new Uint8Array()],
    ["200 with one byte", 200, Uint8Array.of(0)],
    ["500 with text", 500, new TextEncoder().encode("boom")],
    ["404 with binary", 404, binary(70_000)],
    ["200 at the inline limit", 200, binary(1_000_000)],
    ["200 one byte over the inline limit", 200, binary(1_000_001)],
    ["200 in several rows", 200, binary(2_500_000)],
  ])("keeps %s, byte for byte", async (_, status, bytes) => {
    const origin = scriptOrigin(
      () => new Response(bytes, { status, headers: { "content-type": "application/x-bin" } }),
    );
    const client = clientOf();
    const key = uniqueKey();
    for (const expected of ["executed", "replayed", "replayed"]) {
      const response = await client.post("/v1/files", { key });
      expect(statusOf(response)).toBe(expected);
      expect(response.status).toBe(status);
      expect(response.headers.get("content-type")).toBe("application/x-bin");
      const answered = new Uint8Array(await response.arrayBuffer());
      expect(answered.byteLength).toBe(bytes.byteLength);
      expect(answered).toEqual(bytes);
    }
    expect(origin.received).toHaveLength(1);
  });

  test.each([204, 205, 304])("keeps a %i without a body", async (status) => {
    const origin = scriptOrigin(() => new Response(null, { status, headers: { etag: '"v1"' } }));
    const client = clientOf();
    const key = uniqueKey();
    for (const expected of ["executed", "replayed"]) {
      const response = await client.post("/v1/files", { key });
      expect([response.status, statusOf(response), response.headers.get("etag")]).toEqual([status, expected, '"v1"']);
      expect(response.body).toBeNull();
    }
    expect(origin.received).toHaveLength(1);
  });

  test("passes a redirect on and replays it", async () => {
    const origin = scriptOrigin(() => new Response(null, { status: 303, headers: { location: "/v1/charges/7" } }));
    const client = clientOf();
    const key = uniqueKey();
    for (const expected of ["executed", "replayed"]) {
      const response = await client.post("/v1/charges", { key });
      expect([response.status, response.headers.get("location")]).toEqual([303, "/v1/charges/7"]);
      expect(statusOf(response)).toBe(expected);
    }
    expect(origin.received).toHaveLength(1);
  });
});

describe("7.5 cookies", () => {
  const cookies = ["session=1; Path=/", "theme=dark; Expires=Wed, 21 Oct 2026 07:28:00 GMT"];
  const withCookies = () => {
    const response = new Response("ok");
    for (const cookie of cookies) response.headers.append("set-cookie", cookie);
    return response;
  };

  test("reach the first client, several as several, and are neither stored nor replayed", async () => {
    scriptOrigin(withCookies);
    const client = clientOf();
    const key = uniqueKey();
    const first = await client.post("/v1/login", { key });
    const second = await client.post("/v1/login", { key });
    expect(first.headers.getSetCookie()).toEqual(cookies);
    expect(second.headers.getSetCookie()).toEqual([]);
    const row = await rowOf(await objectOf(key, "/v1/login"));
    expect(JSON.stringify(row)).not.toContain("session=1");
  });

  test("are replayed where the policy says so", async () => {
    scriptOrigin(withCookies);
    const client = clientOf({ replay_set_cookie: true });
    const key = uniqueKey();
    await client.post("/v1/login", { key });
    expect((await client.post("/v1/login", { key })).headers.getSetCookie()).toEqual(cookies);
  });
});

describe("5.6 tombstones", () => {
  test("gives an answer too large to keep whole to the first client, and never runs again", async () => {
    const bytes = binary(300_000);
    const origin = scriptOrigin(() => new Response(bytes));
    const client = clientOf({ max_response_bytes: 100_000 });
    const key = uniqueKey();
    const first = await client.post("/v1/export", { key });
    expect(statusOf(first)).toBe("executed");
    expect(new Uint8Array(await first.arrayBuffer())).toEqual(bytes);
    for (const _ of [1, 2]) {
      const retry = await client.post("/v1/export", { key });
      expect(await problemOf(retry)).toBe("409 replay_unavailable");
      expect(retry.headers.get("idempotency-status")).toMatch(/^refused; recorded=@\d+; expires=@\d+$/);
    }
    expect(origin.received).toHaveLength(1);
  });
});

describe("P4, P5: whose answer it is", () => {
  test("keeps a record for each caller", async () => {
    const origin = scriptOrigin((request) => new Response(`for ${request.headers.get("authorization")}`));
    const client = clientOf();
    const key = uniqueKey();
    const post = (authorization: string) => client.post("/v1/charges", { key, headers: { authorization } });
    for (const _ of [1, 2]) {
      expect(await (await post("Bearer alice")).text()).toBe("for Bearer alice");
      expect(await (await post("Bearer bob")).text()).toBe("for Bearer bob");
    }
    expect(origin.received).toHaveLength(2);
  });

  test("keeps a record for each tenant, also under one wildcard entry, and for each path", async () => {
    const origin = scriptOrigin((request) => new Response(request.headers.get("x-forwarded-host")));
    const client = clientOf({}, { "*.shops.test": { origin: "http://origin.test", caller: [] } });
    const key = uniqueKey();
    const post = (url: string) => client.fetch(url, { method: "POST", headers: { "idempotency-key": key } });
    for (const _ of [1, 2]) {
      expect(await (await post("https://a.shops.test/v1/charges")).text()).toBe("a.shops.test");
      expect(await (await post("https://b.shops.test/v1/charges")).text()).toBe("b.shops.test");
      expect(await (await post("https://b.shops.test/v1/refunds")).text()).toBe("b.shops.test");
    }
    expect(origin.received).toHaveLength(3);
  });

  test("keeps a record for each method", async () => {
    const origin = scriptOrigin((request) => new Response(request.method));
    const client = clientOf();
    const key = uniqueKey();
    expect(await (await client.post("/v1/charges", { key })).text()).toBe("POST");
    expect(await (await client.post("/v1/charges", { key, method: "PATCH" })).text()).toBe("PATCH");
    expect(origin.received).toHaveLength(2);
  });

  test("treats a trailing dot and a port as the same tenant", async () => {
    const origin = scriptOrigin();
    const client = clientOf();
    const headers = { "idempotency-key": uniqueKey(), authorization: "x" };
    for (const host of ["api.test", "api.test.", "API.test:8443"]) {
      await client.fetch(`https://${host}/v1/charges`, { method: "POST", headers });
    }
    expect(origin.received).toHaveLength(1);
  });

  test.each([
    ["another body", { json: { amount: 2 } }],
    ["another media type", { body: '{"amount":1}', headers: { "content-type": "text/plain" } }],
    ["another precondition", { json: { amount: 1 }, headers: { "if-match": '"v2"' } }],
  ])("refuses the key with %s", async (_, options) => {
    const origin = scriptOrigin((_, number) => new Response(`secret ${number}`));
    const client = clientOf();
    const key = uniqueKey();
    await client.post("/v1/charges", { key, json: { amount: 1 } });
    const other = await client.post("/v1/charges", { key, ...options });
    expect(await problemOf(other)).toBe("422 key_reused");
    expect(await other.text()).not.toContain("secret");
    expect(origin.received).toHaveLength(1);
  });

  test("refuses the key with another query", async () => {
    const origin = scriptOrigin();
    const client = clientOf();
    const key = uniqueKey();
    await client.post("/v1/charges?dry=1", { key });
    expect(await problemOf(await client.post("/v1/charges?dry=0", { key }))).toBe("422 key_reused");
    expect(origin.received).toHaveLength(1);
  });

  test("takes a retry for one after the fingerprint rule has changed (3.8.4)", async () => {
    const origin = scriptOrigin();
    const key = uniqueKey();
    const body = '{ "amount": 1 }';
    const headers = { "content-type": "application/json" };
    await clientOf({ fingerprint: "json" }).post("/v1/charges", { key, body, headers });
    const changed = clientOf({ fingerprint: "bytes" });
    expect(statusOf(await changed.post("/v1/charges", { key, body, headers }))).toBe("replayed");
    const other = await changed.post("/v1/charges", { key, body: '{ "amount": 2 }', headers });
    expect(await problemOf(other)).toBe("422 key_reused");
    expect(origin.received).toHaveLength(1);
  });

  test("counts a precondition also after the fingerprint rule has changed", async () => {
    scriptOrigin();
    const key = uniqueKey();
    const post = (fingerprint: string, ifMatch: string) =>
      clientOf({ fingerprint }).post("/v1/charges", { key, json: {}, headers: { "if-match": ifMatch } });
    await post("json", '"v1"');
    expect(await problemOf(await post("bytes", '"v2"'))).toBe("422 key_reused");
  });
});
