import { describe, expect, test } from "vitest";
import { HOST, clientOf, statusOf } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";

describe("8.3 everything but the reserved paths", () => {
  test.each([
    "/",
    "//",
    "/*",
    "/:id",
    "/.well-known/idempotency/",
    "/.well-known/idempotency/x",
    "/.well-known//idempotency",
    "//.well-known/idempotency",
    "/.well-known/idempotency%2F",
    "/_oncegate%2Fv1/records",
    "/_ONCEGATE",
    "/v1//charges/",
    "/v1/charges/%ZZ",
    "/v1/charges?next=/_oncegate",
    `/${"a/".repeat(500)}`,
  ])("goes to the origin, unchanged: %s", async (path) => {
    const origin = scriptOrigin();
    const client = clientOf();
    expect(await (await client.fetch(`https://${HOST}${path}`)).text()).toBe("ok");
    expect(statusOf(await client.post(path))).toBe("executed");
    expect(origin.received.map(({ url }) => url)).toEqual([`http://origin.test${path}`, `http://origin.test${path}`]);
  });

  test.each(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "PROPFIND", "QUERY"])(
    "goes to the origin with its method: %s",
    async (method) => {
      const origin = scriptOrigin(() => new Response(null, { status: 207, headers: { "x-app": "1" } }));
      const response = await clientOf().fetch(`https://${HOST}/v1/things`, { method });
      expect([response.status, response.headers.get("x-app"), response.body]).toEqual([207, "1", null]);
      expect(origin.received.map((request) => request.method)).toEqual([method]);
    },
  );

  test("answers HEAD with the head that GET would have", async () => {
    scriptOrigin(
      ({ method }) => new Response(method === "HEAD" ? null : "four", { headers: { "content-length": "4" } }),
    );
    const response = await clientOf().fetch(`https://${HOST}/v1/things`, { method: "HEAD" });
    expect([response.headers.get("content-length"), response.body]).toEqual(["4", null]);
  });
});

describe("8 reserved paths", () => {
  test.each(["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"])("refuse %s of the policy themselves", async (method) => {
    const origin = scriptOrigin();
    const response = await clientOf().fetch(`https://${HOST}/.well-known/idempotency`, { method });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect(origin.received).toHaveLength(0);
  });

  test.each([
    "/.well-known/idempotency",
    "/.well-known/%69dempotency",
    "/_oncegate",
    "/_oncegate/",
    "/%5foncegate/v1",
    "//_oncegate",
    "///_oncegate/v1/records",
  ])("belong to the gateway, whatever their spelling, HEAD included: %s", async (path) => {
    const origin = scriptOrigin();
    for (const method of ["GET", "HEAD"]) {
      const { status } = await clientOf().fetch(`https://${HOST}${path}`, { method });
      expect(status, method).toBe(path.includes("dempotency") ? 200 : 404);
    }
    expect(origin.received).toHaveLength(0);
  });

  test("refuse the gateway's own requests", async () => {
    const headers = { "cdn-loop": "oncegate" };
    const statuses = ["/.well-known/idempotency", "/_oncegate/v1/records"].map(
      async (path) => (await clientOf().fetch(`https://${HOST}${path}`, { headers })).status,
    );
    expect(await Promise.all(statuses)).toEqual([508, 508]);
  });

  test("have the refusals of a host that nothing serves", async () => {
    for (const path of ["/.well-known/idempotency", "/_oncegate/", "/v1/charges"]) {
      expect((await clientOf().fetch(`https://other.test${path}`)).status, path).toBe(421);
    }
  });
});
