import { describe, expect, test } from "vitest";
import { clientOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";

describe("an origin with a base path", () => {
  test.each([
    ["http://origin.test/base", "/v1/charges?a=1", "http://origin.test/base/v1/charges?a=1"],
    ["http://origin.test/base/", "/", "http://origin.test/base/"],
    ["http://origin.test:8080", "/v1//x/", "http://origin.test:8080/v1//x/"],
  ])("%s gets %s at %s, with and without a key", async (base, path, url) => {
    const origin = scriptOrigin();
    const client = clientOf({ origin: base });
    await client.post(path);
    await client.post(path, { key: null });
    expect(origin.received.map((request) => request.url)).toEqual([url, url]);
  });
});

describe("an origin that is a service binding", () => {
  test("is called by its binding, with the public URL, once for one key", async () => {
    const client = clientOf({ origin: "service:ECHO" });
    const key = uniqueKey();
    const first = await client.post("/v1/charges?a=1", { key, body: "content" });
    const echoed = await first.json<Record<string, string>>();
    expect(echoed).toMatchObject({ method: "POST", url: "https://api.test/v1/charges?a=1", body: "content" });
    const second = await client.post("/v1/charges?a=1", { key, body: "content" });
    expect([statusOf(first), statusOf(second)]).toEqual(["executed", "replayed"]);
    expect(await second.json()).toEqual(echoed);
  });

  test("is called each time without a key", async () => {
    const client = clientOf({ origin: "service:ECHO" });
    const ids = [];
    for (const _ of [1, 2]) {
      const response = await client.post("/v1/things", { key: null, body: "content" });
      ids.push((await response.json<{ id: string }>()).id);
    }
    expect(new Set(ids).size).toBe(2);
  });
});
