import { describe, expect, test } from "vitest";
import { collectNumbers } from "../../support/events.ts";
import { HOST, clientOf, problemOf, statusOf } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";
import { objectCount } from "../../support/records.ts";

describe("3.3 pass-through", () => {
  test.each([
    ["GET with a key", {}, "GET", "k1"],
    ["PUT with a key", {}, "PUT", "k2"],
    ["DELETE with a key", {}, "DELETE", "k3"],
    ["OPTIONS with a key, a preflight", {}, "OPTIONS", "k4"],
    ["HEAD with a key", {}, "HEAD", "k5"],
    ['POST with a key where key = "off"', { key: "off" }, "POST", "k6"],
    ["POST without a key where it is optional", {}, "POST", null],
    ["POST where only PATCH is covered", { methods: ["PATCH"] }, "POST", "k7"],
  ])("sends %s straight to the origin, each time, and never touches an object", async (_, policy, method, key) => {
    const origin = scriptOrigin(() => new Response(method === "HEAD" ? null : "ok", { headers: { "x-app": "1" } }));
    const client = clientOf(policy);
    const before = await objectCount();
    for (const _ of [1, 2]) {
      const body = ["GET", "HEAD"].includes(method) ? null : "content";
      const response = await client.post("/v1/things?a=1", { method, key, body });
      expect([response.status, response.headers.get("x-app")]).toEqual([200, "1"]);
      expect(response.headers.get("idempotency-status")).toBeNull();
    }
    expect(origin.received).toHaveLength(2);
    expect(origin.received[0]?.url).toBe("http://origin.test/v1/things?a=1");
    expect(await objectCount()).toBe(before);
  });

  test("covers what a route covers, whatever spelling of the path (3.2.3)", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ key: "off", routes: [{ match: "POST /v1/charges", key: "required" }] });
    for (const path of ["/v1/charges", "/v1/%63harges", "/v1/%63%68arges", "/v1/./charges", "/v1/x/../charges"]) {
      expect(await problemOf(await client.post(path, { key: null })), path).toBe("400 key_missing");
    }
    expect(origin.received).toHaveLength(0);
  });

  test("lets no origin mark an answer as replayed, whatever the header is named", async () => {
    scriptOrigin(() => new Response("ok", { headers: { "x-replayed": "true" } }));
    const response = await clientOf({ replayed_header: "X-Replayed" }).post("/v1/things", { key: null });
    expect(response.headers.has("x-replayed")).toBe(false);
  });

  test("leaves a path as it was sent", async () => {
    const origin = scriptOrigin();
    await clientOf().post("/v1/%63harges/a%2Fb?q=%20", {});
    expect(origin.received[0]?.url).toBe("http://origin.test/v1/%63harges/a%2Fb?q=%20");
  });

  test("drops what only the gateway may say, in both directions", async () => {
    const origin = scriptOrigin(
      () =>
        new Response("ok", {
          headers: { "idempotent-replayed": "true", "idempotency-status": "executed", "oncegate-x": "1" },
        }),
    );
    const response = await clientOf().post("/v1/things", {
      key: null,
      headers: {
        "oncegate-attempt": "3",
        forwarded: "for=1.2.3.4",
        "x-forwarded-for": "1.2.3.4",
        "x-forwarded-host": "evil",
      },
    });
    expect(statusOf(response)).toBeUndefined();
    expect(response.headers.get("idempotent-replayed")).toBeNull();
    expect(response.headers.get("oncegate-x")).toBeNull();
    const { headers } = origin.received[0] ?? { headers: new Headers() };
    expect(headers.get("oncegate-attempt")).toBeNull();
    expect(headers.get("forwarded")).toBeNull();
    expect(headers.get("x-forwarded-for")).toBeNull();
    expect(headers.get("x-forwarded-host")).toBe("api.test");
    expect(headers.get("x-forwarded-proto")).toBe("https");
    expect(headers.get("via")).toBe("1.1 oncegate");
    expect(headers.get("cdn-loop")).toBe("oncegate");
  });

  test("says 502 where the origin can't be reached", async () => {
    scriptOrigin(() => {
      throw new Error("Network connection lost.");
    });
    const { lines } = collectNumbers();
    expect(await problemOf(await clientOf().post("/v1/things", { key: null }))).toBe("502 origin_unreachable");
    const line = lines.find((one) => one.includes("pass_through_failed")) ?? "null";
    expect(JSON.parse(line)).toMatchObject({ tenant: HOST, record: null });
  });

  test("streams the answer before it has ended", async () => {
    let release = false;
    scriptOrigin(
      () =>
        new Response(
          new ReadableStream({
            start: (controller) => controller.enqueue(new TextEncoder().encode("first")),
            async pull(controller) {
              while (!release) await scheduler.wait(1);
              controller.enqueue(new TextEncoder().encode("last"));
              controller.close();
            },
          }),
        ),
    );
    const response = await clientOf().post("/v1/things", { key: null });
    const reader = response.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("first");
    release = true;
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("last");
  });
});
