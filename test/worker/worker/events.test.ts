import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pointOf } from "../../../src/worker/event-point.ts";
import { type KeyedEvent } from "../../../src/worker/keyed-event.ts";
import { collectNumbers } from "../../support/events.ts";
import { HOST, clientOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";
import { runs } from "../../support/runs.ts";

const PATH = "/v1/charges";
const ROUTES = { routes: [{ match: "POST /v1/charges" }, { match: "POST /v1/orders/:id", key: "required" }] };

function shortened({ operation, decision, code, outcome, status, attempt }: KeyedEvent): unknown[] {
  return [operation, decision, code, outcome, status, attempt];
}

describe("each keyed request is counted once", () => {
  test("with what became of it", async () => {
    const numbers = collectNumbers();
    const origin = scriptOrigin(() => new Response("ok", { status: 201 }));
    const client = clientOf(ROUTES, {}, { EVENTS: numbers.EVENTS });
    const key = uniqueKey();
    await client.post(PATH, { key });
    await client.post(PATH, { key });
    await client.post(PATH, { key, body: "another" });
    origin.answers(() => new Response("later", { status: 429 }));
    await client.post(PATH, {});
    origin.answers(() => new Response("lost", { status: 502 }));
    const lost = uniqueKey();
    await client.post(PATH, { key: lost });
    await client.post(PATH, { key: lost });
    await client.post("/v1/orders/1", { key: null });
    await client.post("/v1/else", { key: "", headers: { "idempotency-key": " " } });
    const events = await numbers.counted(8);
    expect(events.map(shortened)).toEqual([
      ["POST /v1/charges", "executed", null, "final", 201, 1],
      ["POST /v1/charges", "replayed", null, "final", 201, 1],
      ["POST /v1/charges", "refused", "key_reused", null, 422, null],
      ["POST /v1/charges", "released", null, "not-executed", 429, 1],
      ["POST /v1/charges", "unknown", null, "unknown", 502, 1],
      ["POST /v1/charges", "unknown", "outcome_unknown", "unknown", 409, 1],
      ["POST /v1/orders/:id", "refused", "key_missing", null, 400, null],
      ["POST *", "refused", "key_invalid", null, 400, null],
    ]);
    expect(numbers.points).toEqual(events.map(pointOf));
    expect(new Set(events.slice(0, 3).map(({ record }) => record)).size).toBe(1);
    expect(events[0]).toMatchObject({ tenant: HOST, derived: false, profile: "ietf", waited_ms: 0 });
    expect(events[0]?.record).toMatch(/^[0-9a-f]{64}$/);
    expect(events[6]?.record).toBeNull();
  });

  test("with how long it waited, and how long the origin took", async () => {
    const numbers = collectNumbers();
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf(ROUTES);
    const key = uniqueKey();
    const first = client.post(PATH, { key });
    await origin.arrived(1);
    const joining = client.post(PATH, { key });
    await client.post(PATH, { key, headers: { prefer: "wait=0" } });
    await scheduler.wait(20);
    held.release();
    await Promise.all([first, joining]);
    const [refused, ...counted] = await numbers.counted(3);
    expect(refused).toMatchObject({ decision: "refused", code: "in_flight", origin_ms: null });
    expect(new Set(counted.map(({ decision }) => decision))).toEqual(new Set(["executed", "joined"]));
    for (const { decision, total_ms, waited_ms, origin_ms } of counted) {
      expect(origin_ms).toBeGreaterThanOrEqual(20);
      expect(total_ms).toBeGreaterThanOrEqual(20);
      if (decision === "joined") expect(waited_ms).toBeGreaterThanOrEqual(20);
      else expect(waited_ms).toBe(0);
    }
  });

  test("as derived, where its key was", async () => {
    const numbers = collectNumbers();
    scriptOrigin();
    await clientOf({ derive_key: { window: "5m" } }).post(PATH, { key: null, json: { id: uniqueKey() } });
    expect(await numbers.counted(1)).toMatchObject([{ decision: "executed", derived: true }]);
  });

  test("and one that passes through is not", async () => {
    const numbers = collectNumbers();
    scriptOrigin();
    await clientOf({}, {}, { EVENTS: numbers.EVENTS }).post(PATH, { key: null });
    await clientOf({ mode: "off" }, {}, { EVENTS: numbers.EVENTS }).post(PATH, {});
    expect([numbers.lines, numbers.points]).toEqual([[], []]);
  });
});

describe("3.7.2 what is logged", () => {
  test("never has a key, a credential, a path or a body in it", async () => {
    const numbers = collectNumbers();
    const statuses = [200, 201, 401, 429, 500, 502, 503];
    scriptOrigin((_, number) => new Response("s3cr3t", { status: statuses[number % statuses.length] ?? 200 }));
    const printable = fc.stringMatching(/^[0-9A-Za-z._:/+=-]{1,40}$/);
    const visible = printable.map((text) => `s3cr3t${text}`);
    const ask = fc.record({
      key: fc.oneof(
        visible,
        visible.map((key) => `"${key}"`),
        visible.map((key) => `${key}, ${key}`),
      ),
      authorization: fc.option(visible),
      path: fc.stringMatching(/^[0-9A-Za-z._%-]{1,20}$/).map((text) => `/v1/orders/s3cr3t${text}`),
      body: fc.string().map((text) => `s3cr3t${text}`),
      mode: fc.constantFrom("enforce", "observe", "off"),
      profile: fc.constantFrom("ietf", "stripe", "acp", "ucp"),
    });
    let asked = 0;
    await fc.assert(
      fc.asyncProperty(ask, async ({ key, authorization, path, body, mode, profile }) => {
        const client = clientOf({ ...ROUTES, mode, profile, max_request_bytes: 30 }, {}, { EVENTS: numbers.EVENTS });
        for (const _ of [1, 2]) await client.post(`${path}?s3cr3t=1`, { key, body, headers: { authorization } });
        if (mode !== "off") asked += 2;
      }),
      runs(60),
    );
    await numbers.counted(asked);
    expect(numbers.points).toHaveLength(asked);
    expect(numbers.lines.join("\n") + JSON.stringify(numbers.points)).not.toContain("s3cr3t");
  });
});

describe("a fault of the numbers", () => {
  test("changes no answer", async () => {
    const numbers = collectNumbers();
    scriptOrigin(() => new Response("ok", { status: 201 }));
    const EVENTS = {
      writeDataPoint: () => {
        throw new Error("too many points");
      },
    };
    const client = clientOf({ debug_timing: true }, {}, { EVENTS });
    const key = uniqueKey();
    for (const expected of ["executed", "replayed"]) {
      const response = await client.post(PATH, { key });
      expect([response.status, statusOf(response), await response.text()]).toEqual([201, expected, "ok"]);
    }
    expect(numbers.lines.filter((line) => line.includes('"where":"numbers"'))).toHaveLength(2);
  });
});
