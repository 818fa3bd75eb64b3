import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { gateway } from "../../../src/worker/gateway.ts";
import { HOST, clientOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";
import { acp, problem, refusalOf, stripe, ucp } from "../../support/refusals.ts";

const PATH = "/v1/charges";

type Profile = "ietf" | "stripe" | "acp" | "ucp";
const PROFILES: Profile[] = ["ietf", "stripe", "acp", "ucp"];

const MISMATCH = {
  ietf: problem(422, "key_reused"),
  stripe: stripe(400, "idempotency_error", "key_reused"),
  acp: acp(422, "idempotency_conflict"),
  ucp: ucp(409, "key_reused"),
};

const IN_FLIGHT = {
  ietf: problem(409, "in_flight"),
  stripe: stripe(409, "idempotency_error", "idempotency_key_in_use", "in_flight"),
  acp: acp(409, "idempotency_in_flight"),
  // 409 means another payload there.
  ucp: ucp(503, "in_flight"),
};

const UNAVAILABLE = {
  ietf: problem(503, "unavailable"),
  stripe: stripe(503, "api_error", "unavailable"),
  acp: acp(503, "unavailable", "service_unavailable"),
  ucp: ucp(503, "unavailable"),
};

describe("6.5 a request without a key", () => {
  test.each(["ietf", "stripe", "ucp"] as const)(
    "passes through with %s, unless a route requires one",
    async (profile) => {
      const origin = scriptOrigin();
      const client = clientOf({ profile, routes: [{ match: "POST /v1/strict", key: "required" }] });
      const open = await client.post(PATH, { key: null });
      expect([open.status, open.headers.has("idempotency-status")]).toEqual([200, false]);
      const strict = await client.post("/v1/strict", { key: null });
      expect(await refusalOf(strict)).toEqual(
        {
          ietf: problem(400, "key_missing"),
          stripe: stripe(400, "invalid_request_error", "key_missing"),
          ucp: ucp(400, "key_missing"),
        }[profile],
      );
      expect(origin.received).toHaveLength(1);
    },
  );

  test("is refused with acp, on every POST", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ profile: "acp" });
    for (const path of ["/checkout_sessions", "/checkout_sessions/cs_1", "/checkout_sessions/cs_1/complete", "/any"]) {
      const response = await client.post(path, { key: null, json: {} });
      expect(await refusalOf(response)).toEqual(acp(400, "idempotency_key_required"));
    }
    expect(origin.received).toHaveLength(0);
  });
});

describe("6.5 another request under the key", () => {
  test.each(PROFILES)("is refused once the first is done, as %s has it", async (profile) => {
    const origin = scriptOrigin();
    const client = clientOf({ profile });
    const key = uniqueKey();
    await client.post(PATH, { key, json: { amount: 1 } });
    const response = await client.post(PATH, { key, json: { amount: 2 } });
    expect(statusOf(response)).toBe("refused");
    expect(response.headers.get("x-should-retry")).toBe("false");
    expect(await refusalOf(response)).toEqual(MISMATCH[profile]);
    expect(origin.received).toHaveLength(1);
  });

  test.each(PROFILES)("is refused while the first runs, as %s has it", async (profile) => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf({ profile });
    const key = uniqueKey();
    const first = client.post(PATH, { key, json: { amount: 1 } });
    await origin.arrived(1);
    expect(await refusalOf(await client.post(PATH, { key, json: { amount: 2 } }))).toEqual(MISMATCH[profile]);
    held.release();
    expect(statusOf(await first)).toBe("executed");
    expect(origin.received).toHaveLength(1);
  });
});

describe("6.5 the same request while the first runs", () => {
  test.each(PROFILES)("gets a conflict with Retry-After after the wait, as %s has it", async (profile) => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf({ profile, in_flight: "refuse" });
    const key = uniqueKey();
    const first = client.post(PATH, { key });
    await origin.arrived(1);
    const response = await client.post(PATH, { key });
    expect(response.headers.get("retry-after")).toBe("1");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-should-retry")).toBe("true");
    expect(response.headers.get("stripe-should-retry")).toBe("true");
    expect(response.headers.get("idempotency-key")).toBe(key);
    expect(await refusalOf(response)).toEqual(IN_FLIGHT[profile]);
    held.release();
    await first;
    expect(origin.received).toHaveLength(1);
  });

  test.each(PROFILES)("shares the first's answer with %s, unless configured otherwise", async (profile) => {
    const held = heldAnswer(() => new Response("charged", { status: 201 }));
    const origin = scriptOrigin(held.answer);
    const client = clientOf({ profile });
    const key = uniqueKey();
    const both = [client.post(PATH, { key }), client.post(PATH, { key })];
    await origin.arrived(1);
    held.release();
    const answers = await Promise.all(both);
    expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(["charged", "charged"]);
    expect(origin.received).toHaveLength(1);
  });
});

describe("6.5 a record that can't be asked", () => {
  /** The whole gateway, but for key objects that can't be reached. */
  async function withoutObjects(profile: Profile): Promise<Response> {
    const lost = () => Promise.reject(new Error("Internal error in Durable Object storage"));
    const KEYS = { idFromName: lost, getByName: () => ({ submit: lost, look: lost }) };
    const TENANTS = { [HOST]: { origin: "http://origin.test", caller: ["authorization"], profile } };
    const headers = { authorization: "Bearer alice", "idempotency-key": uniqueKey() };
    const request = new Request(`https://${HOST}${PATH}`, { method: "POST", headers, body: "{}" });
    return gateway.fetch(request, Object.assign({}, env, { TENANTS, KEYS }), createExecutionContext());
  }

  test.each(PROFILES)("lets nothing through, as %s has it", async (profile) => {
    const origin = scriptOrigin();
    const response = await withoutObjects(profile);
    expect([statusOf(response), response.headers.get("retry-after")]).toEqual(["refused", "1"]);
    expect(response.headers.get("x-should-retry")).toBe("true");
    expect(await refusalOf(response)).toEqual(UNAVAILABLE[profile]);
    expect(origin.received).toHaveLength(0);
  });
});

describe("6.5.2 a route's profile", () => {
  test("holds for its requests alone", async () => {
    scriptOrigin();
    const client = clientOf({ profile: "stripe", routes: [{ match: "* /checkout-sessions/*", profile: "ucp" }] });
    const key = uniqueKey();
    for (const [path, method, refusal] of [
      [PATH, "POST", MISMATCH.stripe],
      ["/checkout-sessions/1", "PUT", MISMATCH.ucp],
    ] as const) {
      await client.post(path, { key, method, json: 1 });
      expect(await refusalOf(await client.post(path, { key, method, json: 2 }))).toEqual(refusal);
    }
  });
});

describe("6.5.5 refusals without a record", () => {
  test.each<[string, Parameters<ReturnType<typeof clientOf>["post"]>[1], unknown]>([
    ["a key that is none", { key: "a, b" }, acp(400, "key_invalid")],
    ["no caller", { headers: { authorization: null } }, acp(400, "caller_missing")],
    ["a body beyond the limit", { body: "12345678901" }, acp(413, "body_too_large")],
    [
      "the gateway's own request",
      { headers: { "cdn-loop": "oncegate" } },
      acp(508, "loop_detected", "processing_error"),
    ],
  ])("are in the words of the policy: %s", async (_, options, refusal) => {
    scriptOrigin();
    const client = clientOf({ profile: "acp", max_request_bytes: 10 });
    expect(await refusalOf(await client.post(PATH, options))).toEqual(refusal);
  });

  test("are in those words also where the gateway itself fails", async () => {
    scriptOrigin();
    const TENANTS = { [HOST]: { origin: "http://origin.test", caller: ["authorization"], profile: "acp" } };
    const headers = { authorization: "Bearer alice", "idempotency-key": uniqueKey() };
    const request = new Request(`https://${HOST}${PATH}`, { method: "POST", headers, body: "{}" });
    const failing = new Proxy(request, {
      get: (target, name) => {
        if (name === "body") throw new Error("a fault of the gateway");
        return Reflect.get(target, name, target);
      },
    });
    const response = await gateway.fetch(failing, { ...env, TENANTS }, createExecutionContext());
    expect(await refusalOf(response)).toEqual(acp(500, "internal", "processing_error"));
  });

  test.each([
    ["https://other.test/v1/charges", "421 unknown_tenant"],
    ["https://faulty.test/v1/charges", "500 misconfigured"],
  ])("are problem documents where no policy is known: %s", async (url, expected) => {
    const faulty = { "faulty.test": { origin: "http://origin.test", caller: [], profile: "acp", ttl: "1y" } };
    const response = await clientOf({ profile: "acp" }, faulty).fetch(url, { method: "POST" });
    const { status, type, body } = await refusalOf(response);
    expect([`${status} ${String(body["code"])}`, type]).toEqual([expected, "application/problem+json"]);
  });
});
