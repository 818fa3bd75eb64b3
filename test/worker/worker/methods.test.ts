import { describe, expect, test } from "vitest";
import { HOST, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";

describe("3.2.4 methods that are never forwarded", () => {
  test("TRACE gets 405 and no answer of the origin", async () => {
    const origin = scriptOrigin();
    const response = await clientOf().fetch(`https://${HOST}/x`, { method: "TRACE" });
    expect([response.status, response.headers.get("allow")]).toEqual([
      405,
      "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    ]);
    expect(origin.received).toHaveLength(0);
  });

  test("an override to TRACE gets 405 too", async () => {
    const origin = scriptOrigin();
    const response = await clientOf().post("/x", { headers: { "x-http-method-override": "TRACE" } });
    expect([response.status, origin.received.length]).toEqual([405, 0]);
  });
});

describe("3.2.5 override headers", () => {
  test.each(["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])(
    "%s makes another request",
    async (name) => {
      const origin = scriptOrigin();
      const client = clientOf();
      const key = uniqueKey();
      const first = await client.post("/v1/things", { key, headers: { [name]: "PUT" } });
      const retry = await client.post("/v1/things", { key, headers: { [name]: "PUT" } });
      expect([statusOf(first), statusOf(retry)]).toEqual(["executed", "replayed"]);
      for (const value of ["DELETE", null]) {
        const other = await client.post("/v1/things", { key, headers: { [name]: value } });
        expect(await problemOf(other)).toBe("422 key_reused");
      }
      expect(origin.received).toHaveLength(1);
    },
  );

  const routes = [{ match: "DELETE /v1/things", key: "required" }];
  const all = { methods: ["POST", "DELETE"], routes };

  test.each(["POST", "GET", "PUT"])("a %s that names DELETE needs the key that DELETE requires", async (method) => {
    const origin = scriptOrigin();
    const headers = { "x-http-method-override": "delete" };
    const response = await clientOf(all).post("/v1/things", { method, key: null, headers });
    expect(await problemOf(response)).toBe("400 key_missing");
    expect(origin.received).toHaveLength(0);
  });

  test("a method that requires a key keeps its rule, whatever an override names", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ routes: [{ match: "POST /v1/things", key: "required" }] });
    const headers = { "x-http-method-override": "GET" };
    expect(await problemOf(await client.post("/v1/things", { key: null, headers }))).toBe("400 key_missing");
    expect(origin.received).toHaveLength(0);
  });

  test("a method that is not covered is covered by an override that is", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ methods: ["DELETE"] });
    const options = { key: uniqueKey(), headers: { "x-method-override": "DELETE" } };
    const answers = [await client.post("/v1/things", options), await client.post("/v1/things", options)];
    expect(answers.map(statusOf)).toEqual(["executed", "replayed"]);
    expect(origin.received).toHaveLength(1);
  });
});

test.each(["X-Original-URL", "X-Rewrite-URL", "SCRIPT_NAME", "Path-Info"])(
  "7.2.2 %s never reaches the origin",
  async (name) => {
    const origin = scriptOrigin();
    await clientOf().post("/x", { headers: { [name]: "/v1/charges" } });
    await clientOf().post("/x", { key: null, headers: { [name]: "/v1/charges" } });
    expect(origin.received.map(({ headers }) => headers.get(name))).toEqual([null, null]);
  },
);
