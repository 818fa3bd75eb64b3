import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { gateway } from "../../../src/worker/gateway.ts";
import { HOST, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";
import { objectCount } from "../../support/records.ts";

describe("bad input has a clear problem and no effect", () => {
  const cases: [string, Record<string, unknown>, Parameters<ReturnType<typeof clientOf>["post"]>[1], string][] = [
    ["no key where it is required", { key: "required" }, { key: null }, "400 key_missing"],
    ["an empty key", {}, { key: "" }, "400 key_invalid"],
    ["two key lines", {}, { key: "a, b" }, "400 key_invalid"],
    ["a key with parameters", {}, { key: '"a"; b=1' }, "400 key_invalid"],
    ["no caller", {}, { headers: { authorization: null } }, "400 caller_missing"],
    ["an empty caller", {}, { headers: { authorization: "" } }, "400 caller_missing"],
    ["a body beyond the limit", { max_request_bytes: 10 }, { body: "12345678901" }, "413 body_too_large"],
    ["the gateway's own request", {}, { headers: { "cdn-loop": "cloudflare, oncegate; v=1" } }, "508 loop_detected"],
    ["a host with a faulty entry", { ttl: "1y" }, {}, "500 misconfigured"],
  ];
  test.each(cases)("%s", async (_, policy, options, expected) => {
    const origin = scriptOrigin();
    const before = await objectCount();
    const response = await clientOf(policy).post("/v1/charges", options);
    expect(await problemOf(response)).toBe(expected);
    if (expected === "500 misconfigured")
      expect(await response.clone().text()).toMatch(/log has the cause under [0-9a-f-]{36}/);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(origin.received).toHaveLength(0);
    expect(await objectCount()).toBe(before);
  });

  test("an unknown host", async () => {
    const response = await clientOf().fetch("https://other.test/v1/charges", { method: "POST" });
    expect(await problemOf(response)).toBe("421 unknown_tenant");
  });

  test("a body beyond the limit that does not say its length", async () => {
    const origin = scriptOrigin();
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1000)) });
    const response = await clientOf({ max_request_bytes: 5000 }).post("/v1/charges", { body: endless });
    expect(await problemOf(response)).toBe("413 body_too_large");
    expect(origin.received).toHaveLength(0);
  });

  test("an upload that breaks off", async () => {
    const origin = scriptOrigin();
    const broken = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(10)),
      pull: (controller) => controller.error(new Error("gone")),
    });
    const before = await objectCount();
    expect(await problemOf(await clientOf().post("/v1/charges", { body: broken }))).toBe("400 body_incomplete");
    expect([origin.received.length, await objectCount()]).toEqual([0, before]);
  });

  test("a body of exactly the limit is no bad input", async () => {
    const origin = scriptOrigin();
    const response = await clientOf({ max_request_bytes: 10 }).post("/v1/charges", { body: "1234567890" });
    expect(statusOf(response)).toBe("executed");
    expect(new TextDecoder().decode(origin.received[0]?.body)).toBe("1234567890");
  });

  test("echoes the key as it was sent", async () => {
    scriptOrigin();
    const response = await clientOf().post("/v1/charges", { key: '"a \\"quoted\\" key"' });
    expect(response.headers.get("idempotency-key")).toBe('"a \\"quoted\\" key"');
  });

  test("takes the quoted and the bare spelling for one key, and forwards it as sent", async () => {
    const origin = scriptOrigin();
    const key = uniqueKey();
    expect(statusOf(await clientOf().post("/v1/charges", { key: `"${key}"` }))).toBe("executed");
    expect(statusOf(await clientOf().post("/v1/charges", { key }))).toBe("replayed");
    expect(origin.received[0]?.headers.get("idempotency-key")).toBe(`"${key}"`);
  });

  test('makes all without a caller one caller with anonymous = "shared", and all requests with caller = []', async () => {
    const origin = scriptOrigin();
    const key = uniqueKey();
    const none = { authorization: null };
    await clientOf({ anonymous: "shared" }).post("/v1/a", { key, headers: none });
    expect(statusOf(await clientOf({ anonymous: "shared" }).post("/v1/a", { key, headers: none }))).toBe("replayed");
    expect(statusOf(await clientOf({ anonymous: "shared" }).post("/v1/a", { key }))).toBe("executed");
    expect(statusOf(await clientOf({ caller: [] }).post("/v1/b", { key, headers: none }))).toBe("executed");
    expect(statusOf(await clientOf({ caller: [] }).post("/v1/b", { key }))).toBe("replayed");
    expect(origin.received).toHaveLength(3);
  });
});

describe("a hostname that is none", () => {
  test.each(["http://foo bar/x", "http://[::1/x", "http://api.test:abc/x"])("is refused: %s", async (url) => {
    // As the platform hands on a Host header that makes no URL.
    const request = new Proxy(new Request("http://api.test/x", { method: "POST" }), {
      get: (target, name) => (name === "url" ? url : Reflect.get(target, name)),
    });
    const response = await gateway.fetch(request, env, createExecutionContext());
    expect(await problemOf(response)).toBe("400 host_invalid");
    expect(await response.json()).toMatchObject({ type: "about:blank" });
  });
});

describe("8 reserved paths", () => {
  test("publishes the policy without saying where the origin is", async () => {
    const client = clientOf({ ttl: "2h", routes: [{ match: "POST /v1/charges", key: "required" }] });
    const response = await client.fetch(`https://${HOST}/.well-known/idempotency`);
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).not.toContain("origin.test");
    const policy = JSON.parse(text);
    expect(policy).toMatchObject({
      tenant: HOST,
      key: { characters_max: 255 },
      default: {
        key: "optional",
        key_from: ["idempotency-key"],
        methods: ["POST", "PATCH"],
        answers_kept_seconds: 7200,
      },
      operations: [{ match: "POST /v1/charges", key: "required" }],
    });
    expect(policy.problems).toContainEqual(
      expect.objectContaining({
        type: `https://${HOST}/.well-known/idempotency#key_reused`,
        code: "key_reused",
        status: 422,
        retryable: false,
        key_reuse: "new",
      }),
    );
  });

  test("refuses other methods there, and keeps /_oncegate to itself", async () => {
    const origin = scriptOrigin();
    const client = clientOf();
    const post = await client.fetch(`https://${HOST}/.well-known/idempotency`, { method: "POST" });
    expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    const paths = ["/_oncegate", "/_oncegate/", "/_oncegate/v1/records", "/%5Foncegate/x", "/_oncegate\\x"];
    for (const path of [...paths, "/x/../_oncegate/y", "/x/%2e%2e/_oncegate/y"]) {
      const response = await client.fetch(`https://${HOST}${path}`);
      expect(response.status, path).toBe(404);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
    }
    expect(origin.received).toHaveLength(0);
    for (const path of ["/_oncegate/../v1/x", "/_oncegatex"]) await client.fetch(`https://${HOST}${path}`);
    expect(origin.received.map(({ url }) => url)).toEqual(["http://origin.test/v1/x", "http://origin.test/_oncegatex"]);
  });
});
