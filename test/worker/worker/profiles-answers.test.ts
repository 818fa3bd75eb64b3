import { describe, expect, test } from "vitest";
import { clientOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";
import { acp, ucp, refusalOf } from "../../support/refusals.ts";

const PATH = "/v1/charges";

type Profile = "ietf" | "stripe" | "acp" | "ucp";
const PROFILES: Profile[] = ["ietf", "stripe", "acp", "ucp"];

describe("6.5 a replay", () => {
  test.each(PROFILES)("has the status, the body, the marker and the key with %s", async (profile) => {
    const origin = scriptOrigin(() => Response.json({ id: "ch_1" }, { status: 201 }));
    const client = clientOf({ profile });
    const key = uniqueKey();
    const first = await client.post(PATH, { key, json: { amount: 1 } });
    const again = await client.post(PATH, { key, json: { amount: 1 } });
    expect([first, again].map((answer) => answer.headers.get("idempotency-key"))).toEqual([key, key]);
    expect([first, again].map((answer) => answer.headers.get("idempotent-replayed"))).toEqual([null, "true"]);
    expect([first, again].map(statusOf)).toEqual(["executed", "replayed"]);
    expect([again.status, await again.json()]).toEqual([201, { id: "ch_1" }]);
    expect(origin.received).toHaveLength(1);
  });

  test("is marked by the configured header alone", async () => {
    scriptOrigin(() => new Response("ok", { headers: { "x-replayed": "origin's" } }));
    const client = clientOf({ replayed_header: "X-Replayed" });
    const key = uniqueKey();
    const first = await client.post(PATH, { key });
    const again = await client.post(PATH, { key });
    expect([first, again].map((answer) => answer.headers.get("x-replayed"))).toEqual([null, "true"]);
    expect(again.headers.has("idempotent-replayed")).toBe(false);
  });

  test.each([
    ["ietf", 86_400],
    ["stripe", 86_400],
    ["acp", 86_400],
    ["ucp", 172_800],
  ] as const)("is there with %s for %i seconds", async (profile, seconds) => {
    scriptOrigin();
    const mark = (await clientOf({ profile }).post(PATH)).headers.get("idempotency-status") ?? "";
    const [, recorded, expires] = /recorded=@(\d+); expires=@(\d+)/.exec(mark) ?? [];
    expect(Number(expires) - Number(recorded)).toBe(seconds);
  });
});

describe("6.5.6 an origin's 5xx", () => {
  test.each(["ietf", "stripe", "ucp"] as const)("is an answer with %s: kept", async (profile) => {
    const origin = scriptOrigin(() => new Response("failed", { status: 500 }));
    const client = clientOf({ profile });
    const key = uniqueKey();
    const answers = [await client.post(PATH, { key }), await client.post(PATH, { key })];
    expect(answers.map(({ status }) => status)).toEqual([500, 500]);
    expect(answers.map(statusOf)).toEqual(["executed", "replayed"]);
    expect(origin.received).toHaveLength(1);
  });

  test.each([500, 501, 503, 505, 507, 521, 530, 599])(
    "is not executed with acp, and a retry runs again: %i",
    async (status) => {
      const origin = scriptOrigin(() => new Response("failed", { status }));
      const client = clientOf({ profile: "acp" });
      const key = uniqueKey();
      const first = await client.post(PATH, { key, json: {} });
      expect([first.status, statusOf(first), await first.text()]).toEqual([status, "released", "failed"]);
      origin.answers(() => new Response("charged", { status: 201 }));
      const again = await client.post(PATH, { key, json: {} });
      expect([again.status, statusOf(again)]).toEqual([201, "executed"]);
      expect(statusOf(await client.post(PATH, { key, json: {} }))).toBe("replayed");
      expect(origin.received).toHaveLength(2);
    },
  );

  test.each([502, 504, 520, 522, 524])(
    "is unknown also with acp where something in between made it: %i",
    async (status) => {
      const origin = scriptOrigin(() => new Response("bad gateway", { status }));
      const client = clientOf({ profile: "acp" });
      const key = uniqueKey();
      const first = await client.post(PATH, { key, json: {} });
      expect([first.status, statusOf(first), first.headers.get("x-should-retry")]).toEqual([
        status,
        "unknown",
        "false",
      ]);
      const again = await client.post(PATH, { key, json: {} });
      expect(await refusalOf(again)).toEqual(acp(500, "outcome_unknown", "processing_error"));
      expect(origin.received).toHaveLength(1);
    },
  );

  test("of the gateway's own says that nobody knows, also with acp", async () => {
    const origin = scriptOrigin(() => {
      throw new Error("Network connection lost.");
    });
    const client = clientOf({ profile: "acp" });
    const key = uniqueKey();
    const first = await client.post(PATH, { key, json: {} });
    expect(statusOf(first)).toBe("unknown");
    expect(await refusalOf(first)).toEqual(acp(502, "origin_unreachable", "processing_error"));
    const again = await client.post(PATH, { key, json: {} });
    expect(await refusalOf(again)).toEqual(acp(500, "outcome_unknown", "processing_error"));
    expect(origin.received).toHaveLength(1);
  });

  test("of the gateway's own can't be taken for another payload with ucp", async () => {
    const origin = scriptOrigin(() => {
      throw new Error("Network connection lost.");
    });
    const client = clientOf({ profile: "ucp" });
    const key = uniqueKey();
    expect(await refusalOf(await client.post(PATH, { key, json: {} }))).toEqual(ucp(502, "origin_unreachable"));
    const again = await client.post(PATH, { key, json: {} });
    expect(await refusalOf(again)).toEqual(ucp(500, "outcome_unknown"));
    expect(again.headers.get("x-should-retry")).toBe("false");
    expect(origin.received).toHaveLength(1);
  });

  test.each(["acp", "ucp"] as const)("too large to keep says so with 500: %s", async (profile) => {
    scriptOrigin(() => new Response("x".repeat(2000)));
    const client = clientOf({ profile, max_response_bytes: 1000 });
    const key = uniqueKey();
    await (await client.post(PATH, { key, json: {} })).text();
    const retry = await client.post(PATH, { key, json: {} });
    expect([retry.status, retry.headers.get("x-should-retry")]).toEqual([500, "false"]);
    expect(await retry.text()).toContain("too large to keep");
  });

  test("yields to the origin's own word, also with acp", async () => {
    const origin = scriptOrigin(
      () => new Response("failed", { status: 500, headers: { "oncegate-outcome": "final" } }),
    );
    const client = clientOf({ profile: "acp" });
    const key = uniqueKey();
    const answers = [await client.post(PATH, { key }), await client.post(PATH, { key })];
    expect(answers.map(statusOf)).toEqual(["executed", "replayed"]);
    expect(origin.received).toHaveLength(1);
  });
});

describe("6.5 what makes two requests the same", () => {
  const json = { "content-type": "application/json" };

  test.each<[Profile, string, string, "replayed" | "refused"]>([
    ["acp", '{"a":1,"b":2}', '{ "b": 2, "a": 1 }', "replayed"],
    ["acp", '{"price":1.0}', '{"price":1}', "replayed"],
    ["acp", '{"note":null}', "{}", "refused"],
    ["acp", "[1,2]", "[2,1]", "refused"],
    ["acp", '{"a":1}', '{"a":1,"extension":{"b":2}}', "refused"],
    ["ietf", '{"a":1,"b":2}', '{"b":2,"a":1}', "replayed"],
    ["stripe", '{"a":1,"b":2}', '{"b":2,"a":1}', "replayed"],
    ["ucp", '{"a":1,"b":2}', '{"a":1,"b":2}', "replayed"],
    ["ucp", '{"a":1,"b":2}', '{"b":2,"a":1}', "refused"],
    ["ucp", '{"a":1}', '{"a": 1}', "refused"],
    ["ucp", '{"price":1.0}', '{"price":1}', "refused"],
  ])("%s: %s, then %s, is %s", async (profile, one, other, expected) => {
    scriptOrigin();
    const client = clientOf({ profile });
    const key = uniqueKey();
    await client.post(PATH, { key, body: one, headers: json });
    expect(statusOf(await client.post(PATH, { key, body: other, headers: json }))).toBe(expected);
  });

  test("belongs to one caller and one path with acp", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ profile: "acp" });
    const key = uniqueKey();
    const asked = [
      await client.post("/checkout_sessions", { key, json: {} }),
      await client.post("/checkout_sessions/cs_1/complete", { key, json: {} }),
      await client.post("/checkout_sessions", { key, json: {}, headers: { authorization: "Bearer bob" } }),
    ];
    expect(asked.map(statusOf)).toEqual(["executed", "executed", "executed"]);
    expect(origin.received).toHaveLength(3);
  });

  test("leaves out the headers that change with each attempt", async () => {
    scriptOrigin();
    const key = uniqueKey();
    for (const [index, expected] of ["executed", "replayed"].entries()) {
      const headers = {
        "request-id": `r${index}`,
        timestamp: `t${index}`,
        signature: `s${index}`,
        "user-agent": `u${index}`,
      };
      expect(statusOf(await clientOf({ profile: "acp" }).post(PATH, { key, json: {}, headers }))).toBe(expected);
    }
  });
});

describe("6.5 the methods that are covered", () => {
  const covered: Record<Profile, string[]> = {
    ietf: ["POST", "PATCH"],
    stripe: ["POST"],
    acp: ["POST"],
    ucp: ["POST", "PUT", "PATCH"],
  };
  test.each(PROFILES)("are those of %s", async (profile) => {
    scriptOrigin();
    const client = clientOf({ profile });
    for (const method of ["POST", "PATCH", "PUT", "DELETE", "GET"]) {
      const status = statusOf(await client.post(PATH, { method }));
      expect([method, status]).toEqual([method, covered[profile].includes(method) ? "executed" : undefined]);
    }
  });
});
