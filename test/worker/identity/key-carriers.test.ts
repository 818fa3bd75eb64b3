import { describe, expect, test } from "vitest";
import { type Client, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";
import { objectCount } from "../../support/records.ts";

const VENDORS = ["X-Idempotency-Key", "PayPal-Request-Id", "Cko-Idempotency-Key", "chargebee-idempotency-key"];
const EVERYWHERE = ["Idempotency-Key", ...VENDORS, "/idempotency_key"];

function inBody(client: Client, key: unknown, more: Record<string, unknown> = {}): Promise<Response> {
  return client.post("/v2/payments", { key: null, json: { amount: 100, ...more, idempotency_key: key } });
}

describe("3.4.6 carriers of the key", () => {
  test.each(VENDORS)("execute once by %s, and forward it as sent", async (header) => {
    const origin = scriptOrigin(() => new Response("done", { status: 201 }));
    const client = clientOf({ key_from: [header] });
    const headers = { [header]: `"${uniqueKey()}"` };
    const first = await client.post("/v1/orders", { key: null, headers });
    const again = await client.post("/v1/orders", { key: null, headers });
    expect([statusOf(first), statusOf(again)]).toEqual(["executed", "replayed"]);
    expect(first.headers.get("idempotency-key")).toBe(headers[header]);
    expect(origin.received.map(({ headers }) => headers.get(header))).toEqual([headers[header]]);
  });

  test("select one record for one key, in any carrier", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ key_from: EVERYWHERE });
    const key = uniqueKey();
    expect(statusOf(await inBody(client, key))).toBe("executed");
    for (const header of ["Idempotency-Key", ...VENDORS]) {
      const headers = { [header]: `"${key}"` };
      expect(statusOf(await client.post("/v2/payments", { key: null, headers, json: { amount: 100 } }))).toBe(
        "replayed",
      );
    }
    expect(origin.received).toHaveLength(1);
  });

  test("accept and forward a key header that Connection names", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ key_from: ["X-Idempotency-Key"] });
    const headers = { "x-idempotency-key": uniqueKey(), connection: "x-idempotency-key" };
    await client.post("/v1/orders", { key: null, headers });
    expect(origin.received[0]?.headers.get("x-idempotency-key")).toBe(headers["x-idempotency-key"]);
  });

  test("are only those that the policy names", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ key_from: ["X-Idempotency-Key"] });
    for (const _ of [1, 2]) expect(statusOf(await client.post("/v1/orders", { key: "k" }))).toBeUndefined();
    expect(origin.received).toHaveLength(2);
  });

  test("differ by route", async () => {
    scriptOrigin();
    const client = clientOf({ routes: [{ match: "POST /v2/*", key_from: ["/idempotency_key"], key: "required" }] });
    expect(await problemOf(await client.post("/v2/payments", { json: {} }))).toBe("400 key_missing");
    expect(statusOf(await inBody(client, uniqueKey()))).toBe("executed");
    expect(statusOf(await client.post("/v1/payments", { json: {} }))).toBe("executed");
  });
});

describe("3.4.7 a key in the body", () => {
  const square = { key_from: ["/idempotency_key"] };

  test("executes once, forwards the body as sent, and echoes the key", async () => {
    const origin = scriptOrigin(() => new Response("paid"));
    const client = clientOf(square);
    const key = uniqueKey();
    const [first, again] = [await inBody(client, key), await inBody(client, key)];
    expect([statusOf(first), statusOf(again)]).toEqual(["executed", "replayed"]);
    expect(again.headers.get("idempotency-key")).toBe(key);
    expect(await again.text()).toBe("paid");
    expect(origin.received.map(({ body }) => new TextDecoder().decode(body))).toEqual([
      `{"amount":100,"idempotency_key":"${key}"}`,
    ]);
    expect(origin.received[0]?.headers.has("idempotency-key")).toBe(false);
  });

  test("joins the running original", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf(square);
    const key = uniqueKey();
    const first = inBody(client, key);
    await origin.arrived(1);
    const second = inBody(client, key);
    // Calls reach an object in order, so the second request has arrived when this one has.
    const json = { amount: 100, idempotency_key: key };
    const last = await client.post("/v2/payments", { key: null, json, headers: { prefer: "wait=0" } });
    expect(await problemOf(last)).toBe("409 in_flight");
    held.release();
    expect([statusOf(await first), statusOf(await second)]).toEqual(["executed", "joined"]);
    expect(origin.received).toHaveLength(1);
  });

  test("is refused with another body", async () => {
    const origin = scriptOrigin();
    const client = clientOf(square);
    const key = uniqueKey();
    await inBody(client, key);
    expect(await problemOf(await inBody(client, key, { amount: 101 }))).toBe("422 key_reused");
    expect(origin.received).toHaveLength(1);
  });

  test.each([
    ["a body without it", { json: { amount: 1 } }],
    ["null in its place", { json: { idempotency_key: null } }],
    ["no body", { headers: { "content-type": "application/json" } }],
    ["a body of another type", { body: '{"idempotency_key":"k"}', headers: { "content-type": "text/plain" } }],
  ])("passes %s through unchanged if a key is optional", async (_, options) => {
    const origin = scriptOrigin();
    const before = await objectCount();
    const response = await clientOf(square).post("/v2/payments", { key: null, ...options });
    expect([response.status, statusOf(response)]).toEqual([200, undefined]);
    const sent = "json" in options ? JSON.stringify(options.json) : "body" in options ? options.body : "";
    expect(origin.received.map(({ body }) => new TextDecoder().decode(body))).toEqual([sent]);
    expect(await objectCount()).toBe(before);
  });

  test.each([
    ["a key that is no string", '{"idempotency_key":7}'],
    ["two keys", '{"idempotency_key":"a","idempotency_key":"b"}'],
    ["a duplicate member, for it may be read as the key by others", '{"a":1,"a":2,"idempotency_key":"k"}'],
    ["what is not JSON", '{"idempotency_key":"k"'],
    ["more than 1 MB of JSON", `{"a":"${"x".repeat(1_000_000)}"}`],
  ])("refuses %s instead of running it unprotected", async (_, body) => {
    const origin = scriptOrigin();
    const client = clientOf({ ...square, max_request_bytes: 2_000_000 });
    const headers = { "content-type": "application/json" };
    expect(await problemOf(await client.post("/v2/payments", { key: null, body, headers }))).toBe("400 key_invalid");
    expect(origin.received).toHaveLength(0);
  });

  test("refuses a body that is too large to parse", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ ...square, max_request_bytes: 10 });
    expect(await problemOf(await inBody(client, "k"))).toBe("413 body_too_large");
    expect(origin.received).toHaveLength(0);
  });

  test("streams a body of another type and any size", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ ...square, max_request_bytes: 10 });
    const body = "x".repeat(100_000);
    const response = await client.post("/v2/files", { key: null, body, headers: { "content-type": "image/png" } });
    expect(response.status).toBe(200);
    expect(origin.received[0]?.body.byteLength).toBe(100_000);
  });
});

describe("3.4.7 a body that may be JSON and can't be read", () => {
  test.each<[string, Record<string, string>]>([
    ["two Content-Type lines", { "content-type": "application/json, application/json" }],
    ["a Content-Type with a broken parameter", { "content-type": "application/json; charset" }],
    ["a Content-Type that is no media type", { "content-type": "json" }],
    ["an empty Content-Type", { "content-type": "" }],
    ["JSON in UTF-16", { "content-type": "application/json; charset=utf-16" }],
    ["JSON in two charsets", { "content-type": "application/json; charset=utf-8; charset=utf-7" }],
    ["JSON with a content coding", { "content-encoding": "x-unknown" }],
  ])("is refused, and not taken for one without a key: %s", async (_, headers) => {
    const origin = scriptOrigin();
    const client = clientOf({ key_from: ["/idempotency_key"] });
    for (const _ of [1, 2]) {
      const response = await client.post("/v1/orders", { key: null, json: { idempotency_key: "k" }, headers });
      expect(await problemOf(response)).toBe("400 key_invalid");
    }
    expect(origin.received).toHaveLength(0);
  });

  test("has a key in a header all the same", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ key_from: ["Idempotency-Key", "/idempotency_key"] });
    const headers = { "content-type": "application/json; charset=utf-16" };
    const key = uniqueKey();
    for (const _ of [1, 2]) await client.post("/v1/orders", { key, json: { idempotency_key: "k" }, headers });
    expect(origin.received).toHaveLength(1);
  });

  test.each<[string, BodyInit | null]>([
    ["text/plain", "{}"],
    ["application/json; charset", null],
  ])("has no key: %s with the body %j", async (type, body) => {
    const origin = scriptOrigin();
    const client = clientOf({ key_from: ["/idempotency_key"] });
    const response = await client.post("/v1/orders", { key: null, body, headers: { "content-type": type } });
    expect([response.status, origin.received.length]).toEqual([200, 1]);
  });
});
