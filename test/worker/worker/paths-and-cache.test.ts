import { onTestFinished, describe, expect, test, vi } from "vitest";
import { HOST, clientOf, problemOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";
import { objectCount } from "../../support/records.ts";

const ORIGIN = "http://origin.test/tenants/acme";

describe("3.2.6 paths that could leave the origin's base path", () => {
  test.each([
    "/..%2fvictim%2ffile",
    "/..%2Fvictim",
    "/..%5cvictim",
    "/..%5Cvictim",
    "/..;/victim",
    "/..;a=b/victim",
    "/..%3b/victim",
    "/%2e%2e%2fvictim",
    "/v1/..%2f..%2fvictim",
    "/v1%2f..%2f..%2fvictim",
    "/v1/..%2f",
    "/v1/%252e%252e%252fx",
    "/..%00/victim",
    "/.%09./victim",
    "/..%20/victim",
    "/..%c0%afvictim",
    "/..%ef%bc%8fvictim",
    "/%2e%2e;/victim",
  ])("are refused: %s", async (path) => {
    const origin = scriptOrigin();
    const before = await objectCount();
    const client = clientOf({ origin: ORIGIN });
    expect(await problemOf(await client.post(path, {}))).toBe("400 path_refused");
    expect(await problemOf(await client.fetch(`https://${HOST}${path}`))).toBe("400 path_refused");
    expect([origin.received.length, await objectCount()]).toEqual([0, before]);
  });

  test.each(["/v1/a%2Fb", "/v1/..x%2fy", "/v1/a..;b", "/v1/%252e%252fx", "/v1/a;b=../c", "/v1/%2e%2e/x"])(
    "pass where no parent segment appears: %s",
    async (path) => {
      const origin = scriptOrigin();
      const response = await clientOf({ origin: ORIGIN }).post(path, {});
      expect(response.status).toBe(200);
      expect(origin.received[0]?.url.startsWith(`${ORIGIN}/`)).toBe(true);
    },
  );

  test("pass where the origin has no base path", async () => {
    const origin = scriptOrigin();
    await clientOf().post("/..%2fvictim", {});
    expect(origin.received[0]?.url).toBe("http://origin.test/..%2fvictim");
  });

  test("are not probed for a key that spells one", async () => {
    const origin = scriptOrigin(() => {
      throw new Error("Network connection lost.");
    });
    const client = clientOf({ origin: ORIGIN, on_unknown: "probe", probe: "/keys/{key}" });
    const key = `../../victim/${uniqueKey()}`;
    await client.post("/v1/things", { key });
    await client.post("/v1/things", { key });
    expect(origin.received.map(({ url }) => url)).toEqual([`${ORIGIN}/v1/things`]);
  });
});

test("3.3.6 asks the platform's cache for nothing, and leaves cache fields as they are", async () => {
  const sent: (readonly [object | undefined, string | null])[] = [];
  const spy = vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    const request = new Request(input, init);
    sent.push([request.cf, request.headers.get("cache-control")]);
    return Promise.resolve(new Response("ok"));
  });
  onTestFinished(() => spy.mockRestore());
  const client = clientOf();
  await client.fetch(`https://${HOST}/page`);
  await client.post("/v1/things", { key: null });
  await client.post("/v1/things");
  const uncached = { cacheTtl: -1, cacheLevel: "bypass" };
  expect(sent).toEqual([
    [uncached, null],
    [uncached, null],
    [uncached, null],
  ]);
});
