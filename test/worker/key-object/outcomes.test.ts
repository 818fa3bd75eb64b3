import { describe, expect, test } from "vitest";
import { clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";
import { alarmOf, objectOf, rowOf } from "../../support/records.ts";

function answering(status: number, headers: Record<string, string> = {}) {
  return () => new Response(status === 204 ? null : `origin says ${status}`, { status, headers });
}

function cut(): ReadableStream {
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(new TextEncoder().encode("half"));
      controller.error(new Error("Network connection lost."));
    },
  });
}

describe("5.1 the table of outcomes", () => {
  test.each([200, 201, 202, 302, 400, 402, 404, 409, 410, 422, 500, 501, 503, 599])("keeps %d", async (status) => {
    const headers = status === 503 ? { "oncegate-outcome": "final" } : {};
    const origin = scriptOrigin(answering(status, headers));
    const client = clientOf();
    const key = uniqueKey();
    const first = await client.post("/v1/charges", { key });
    expect([first.status, statusOf(first)]).toEqual([status, "executed"]);
    const retry = await client.post("/v1/charges", { key });
    expect([retry.status, statusOf(retry)]).toEqual([status, "replayed"]);
    expect(origin.received).toHaveLength(1);
  });

  test.each([
    401, 402, 403, 405, 407, 411, 413, 414, 415, 417, 421, 425, 426, 428, 429, 431, 451, 503, 521, 523, 525, 526, 529,
    530,
  ])("undoes %d", async (status) => {
    const headers: Record<string, string> = status === 503 || status === 429 ? { "retry-after": "7" } : {};
    if (status === 402) headers["www-authenticate"] = 'Payment id="p1"';
    const origin = scriptOrigin(answering(status, headers));
    const client = clientOf();
    const key = uniqueKey();
    const first = await client.post("/v1/charges", { key });
    expect([first.status, await first.text()]).toEqual([status, `origin says ${status}`]);
    expect(first.headers.get("idempotency-status")).toBe("released");
    expect(first.headers.get("retry-after")).toBe(headers["retry-after"] ?? null);
    const object = await objectOf(key, "/v1/charges");
    expect([await rowOf(object), await alarmOf(object)]).toEqual([undefined, null]);
    origin.answers(answering(201));
    expect(statusOf(await client.post("/v1/charges", { key, json: { another: "body" } }))).toBe("executed");
    expect(origin.received).toHaveLength(2);
  });

  test.each([408, 502, 503, 504, 520, 522, 524])("leaves %d unknown", async (status) => {
    const origin = scriptOrigin(answering(status));
    const client = clientOf();
    const key = uniqueKey();
    const first = await client.post("/v1/charges", { key });
    expect([first.status, await first.text()]).toEqual([status, `origin says ${status}`]);
    expect(first.headers.get("idempotency-status")).toMatch(/^unknown; recorded=@\d+; expires=@\d+$/);
    expect(first.headers.get("x-should-retry")).toBe("false");
    expect(first.headers.get("stripe-should-retry")).toBe("false");
    const retry = await client.post("/v1/charges", { key });
    expect(await problemOf(retry)).toBe("409 outcome_unknown");
    expect(retry.headers.get("idempotency-status")).toBe(first.headers.get("idempotency-status"));
    expect(await problemOf(await client.post("/v1/charges", { key, json: {} }))).toBe("422 key_reused");
    expect(origin.received).toHaveLength(1);
  });

  test("leaves a broken connection unknown", async () => {
    const origin = scriptOrigin(() => {
      throw Object.assign(new Error("Network connection lost."), { retryable: true });
    });
    const client = clientOf();
    const key = uniqueKey();
    expect(await problemOf(await client.post("/v1/charges", { key }))).toBe("502 origin_unreachable");
    expect(await problemOf(await client.post("/v1/charges", { key }))).toBe("409 outcome_unknown");
    expect(origin.received).toHaveLength(1);
  });

  test("leaves an answer that is cut short unknown (5.2.2)", async () => {
    const origin = scriptOrigin(() => new Response(cut(), { status: 201 }));
    const client = clientOf();
    const key = uniqueKey();
    const first = await client.post("/v1/charges", { key });
    expect(await problemOf(first)).toBe("502 origin_unreachable");
    expect(await first.text()).not.toContain("half");
    expect(await problemOf(await client.post("/v1/charges", { key }))).toBe("409 outcome_unknown");
    expect(origin.received).toHaveLength(1);
  });

  test("undoes the attempt also where the answer that says so is cut short (5.2.2)", async () => {
    const origin = scriptOrigin(() => new Response(cut(), { status: 429 }));
    const client = clientOf();
    const key = uniqueKey();
    const first = await client.post("/v1/charges", { key });
    expect(await problemOf(first)).toBe("503 unavailable");
    expect(statusOf(first)).toBe("released");
    origin.answers(answering(201));
    expect(statusOf(await client.post("/v1/charges", { key }))).toBe("executed");
  });
});

describe("5.2 the order of what decides", () => {
  test.each([
    [
      "the origin's word before everything",
      429,
      { "oncegate-outcome": "final" },
      { outcomes: [{ status: 429, outcome: "not-executed" }] },
      "executed",
    ],
    ["the origin's word: not executed", 200, { "oncegate-outcome": "not-executed" }, {}, "released"],
    ["the origin's word: unknown", 200, { "oncegate-outcome": "unknown" }, {}, "unknown"],
    ["a word that is not understood as unknown", 200, { "oncegate-outcome": "done" }, {}, "unknown"],
    [
      "the first rule that matches",
      500,
      {},
      {
        outcomes: [
          { status: 500, outcome: "unknown" },
          { status: "5xx", outcome: "not-executed" },
        ],
      },
      "unknown",
    ],
    ["a rule before the table", 404, {}, { outcomes: [{ status: 404, outcome: "not-executed" }] }, "released"],
    ["a rule for 503 too", 503, { "retry-after": "1" }, { outcomes: [{ status: 503, outcome: "unknown" }] }, "unknown"],
  ])("takes %s", async (_, status, headers, policy, expected) => {
    scriptOrigin(answering(status, headers));
    const response = await clientOf(policy).post("/v1/charges");
    expect([response.status, statusOf(response)]).toEqual([status, expected]);
    expect(response.headers.get("oncegate-outcome")).toBeNull();
  });
});

describe("5.5 unknown outcomes", () => {
  test('executes again with on_unknown = "retry", and says which attempt it is', async () => {
    const origin = scriptOrigin(answering(502));
    const client = clientOf({ on_unknown: "retry" });
    const key = uniqueKey();
    expect(statusOf(await client.post("/v1/charges", { key }))).toBe("unknown");
    origin.answers(answering(201));
    expect(statusOf(await client.post("/v1/charges", { key }))).toBe("executed");
    expect(statusOf(await client.post("/v1/charges", { key }))).toBe("replayed");
    expect(origin.received.map(({ headers }) => headers.get("oncegate-attempt"))).toEqual(["1", "2"]);
  });

  test("ends at max_attempts", async () => {
    const origin = scriptOrigin(answering(502));
    const client = clientOf({ on_unknown: "retry", max_attempts: 2 });
    const key = uniqueKey();
    await client.post("/v1/charges", { key });
    await client.post("/v1/charges", { key });
    const third = await client.post("/v1/charges", { key });
    expect(await problemOf(third)).toBe("409 attempts_exhausted");
    expect(statusOf(third)).toBe("unknown");
    expect(origin.received).toHaveLength(2);
  });

  test("leaves attempt 1 unknown, with its former term, where attempt 2 did not run (5.3)", async () => {
    const origin = scriptOrigin(answering(502));
    const client = clientOf({ on_unknown: "retry", max_attempts: 2 });
    const key = uniqueKey();
    const first = await client.post("/v1/charges", { key });
    const object = await objectOf(key, "/v1/charges");
    const [row, alarm] = [await rowOf(object), await alarmOf(object)];
    origin.answers(answering(429));
    for (const _ of [1, 2, 3]) {
      // An undone attempt does not count towards max_attempts, so there may be any number of them.
      const undone = await client.post("/v1/charges", { key });
      expect([undone.status, statusOf(undone)]).toEqual([429, "unknown"]);
      expect(undone.headers.get("idempotency-status")).toBe(first.headers.get("idempotency-status"));
      expect(undone.headers.get("x-should-retry")).toBe("false");
    }
    expect([await rowOf(object), await alarmOf(object)]).toEqual([row, alarm]);
    expect(origin.received.map(({ headers }) => headers.get("oncegate-attempt"))).toEqual(["1", "2", "2", "2"]);
  });

  test.each([409, 425])("keeps the record unknown on the origin's %d to attempt 2", async (status) => {
    const origin = scriptOrigin(answering(502));
    const client = clientOf({ on_unknown: "retry" });
    const key = uniqueKey();
    await client.post("/v1/charges", { key });
    origin.answers(answering(status));
    const second = await client.post("/v1/charges", { key });
    expect([second.status, statusOf(second)]).toEqual([status, "unknown"]);
    origin.answers(answering(201));
    expect(statusOf(await client.post("/v1/charges", { key }))).toBe("executed");
    expect(origin.received.map(({ headers }) => headers.get("oncegate-attempt"))).toEqual(["1", "2", "3"]);
  });

  test("ignores an Oncegate-Attempt that the client made up", async () => {
    const origin = scriptOrigin();
    await clientOf().post("/v1/charges", { headers: { "oncegate-attempt": "9", "oncegate-outcome": "final" } });
    expect(origin.received[0]?.headers.get("oncegate-attempt")).toBe("1");
    expect(origin.received[0]?.headers.get("oncegate-outcome")).toBeNull();
  });
});
