import { afterEach, describe, expect, test, vi } from "vitest";
import { collectNumbers } from "../../support/events.ts";
import { type Client, type Entry, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";
import { alarmOf, isEmpty, objectOf, rowOf } from "../../support/records.ts";

const PATH = "/v1/charges";
const HELD = { HOLD: "true" };

afterEach(() => vi.useRealTimers());

/** Two gateways over the same records: before a hold, and on hold. */
function gateways(entry: Entry = {}): { before: Client; onHold: Client } {
  return { before: clientOf(entry), onHold: clientOf(entry, {}, HELD) };
}

describe("4.6 a request on hold", () => {
  test.each([
    ["by the variable HOLD", {}, HELD],
    ["by a HOLD that can't be read", {}, { HOLD: "yes" }],
    ["by the entry's mode", { mode: "hold" }, {}],
    ["by a route's mode", { routes: [{ match: `POST ${PATH}`, mode: "hold" }] }, {}],
    ["by HOLD where it would be observed", { mode: "observe" }, HELD],
  ] as const)("is refused %s, with a key and without one, and sent nowhere", async (_, entry, others) => {
    const origin = scriptOrigin();
    const client = clientOf(entry, {}, others);
    for (const key of [uniqueKey(), null]) {
      const response = await client.post(PATH, { key });
      expect(await problemOf(response)).toBe("503 on_hold");
      expect(response.headers.get("retry-after")).toBe("30");
      expect(response.headers.get("x-should-retry")).toBe("true");
      expect(await response.json()).toMatchObject({ retryable: true, key_reuse: "same" });
    }
    expect(origin.received).toHaveLength(0);
  });

  test("leaves no record and no alarm, and is executed once when the hold is over", async () => {
    const origin = scriptOrigin();
    const { before, onHold } = gateways();
    const key = uniqueKey();
    const held = await onHold.post(PATH, { key });
    expect([await problemOf(held), statusOf(held)]).toEqual(["503 on_hold", "refused"]);
    const stub = await objectOf(key, PATH);
    expect([await isEmpty(stub), await alarmOf(stub)]).toEqual([true, null]);
    expect(statusOf(await before.post(PATH, { key }))).toBe("executed");
    expect(statusOf(await onHold.post(PATH, { key }))).toBe("replayed");
    expect(origin.received).toHaveLength(1);
  });

  test("gets what is known: a replay, 422, 400 and 409", async () => {
    const origin = scriptOrigin();
    const { before, onHold } = gateways({ routes: [{ match: "POST /v1/strict", key: "required" }] });
    const key = uniqueKey();
    await before.post(PATH, { key, body: "one" });
    expect(statusOf(await onHold.post(PATH, { key, body: "one" }))).toBe("replayed");
    expect(await problemOf(await onHold.post(PATH, { key, body: "two" }))).toBe("422 key_reused");
    expect(await problemOf(await onHold.post("/v1/strict", { key: null }))).toBe("400 key_missing");
    expect(await problemOf(await onHold.post(PATH, { headers: { authorization: null } }))).toBe("400 caller_missing");
    origin.answers(() => new Response("bad gateway", { status: 502 }));
    const lost = uniqueKey();
    expect(statusOf(await before.post(PATH, { key: lost }))).toBe("unknown");
    expect(await problemOf(await onHold.post(PATH, { key: lost }))).toBe("409 outcome_unknown");
    expect(origin.received).toHaveLength(2);
  });

  test("joins an attempt that runs, which finishes and is kept", async () => {
    const answer = heldAnswer(() => new Response("ran", { status: 201 }));
    const origin = scriptOrigin(answer.answer);
    const { before, onHold } = gateways();
    const key = uniqueKey();
    const first = before.post(PATH, { key });
    await origin.arrived(1);
    const joined = onHold.post(PATH, { key });
    // It waits: its answer is the attempt's, or it would be refused at once.
    await scheduler.wait(50);
    answer.release();
    expect([statusOf(await first), statusOf(await joined)]).toEqual(["executed", "joined"]);
    expect(await (await onHold.post(PATH, { key })).text()).toBe("ran");
    expect(origin.received).toHaveLength(1);
  });

  test("passes through where no policy covers it: safe methods, preflights, key = off, other calls", async () => {
    const origin = scriptOrigin();
    const client = clientOf(
      { routes: [{ match: "POST /v1/off", key: "off" }], rpc: "json-rpc", rpc_methods: ["tools/call"] },
      {},
      HELD,
    );
    expect((await client.post(PATH, { method: "GET", body: null })).status).toBe(200);
    expect((await client.post(PATH, { method: "OPTIONS", body: null })).status).toBe(200);
    expect((await client.post("/v1/off")).status).toBe(200);
    const call = (method: string) => ({ jsonrpc: "2.0", id: 1, method, params: {} });
    expect((await client.post("/mcp", { key: null, json: call("tools/list") })).status).toBe(200);
    expect(origin.received).toHaveLength(4);
    for (const json of [call("tools/call"), [call("tools/list"), { ...call("tools/call"), id: 2 }]]) {
      const held = await client.post("/mcp", { key: null, json });
      // JSON-RPC clients read an error from a 200 only.
      expect([held.status, JSON.stringify(await held.json())]).toEqual([200, expect.stringContaining("on_hold")]);
    }
    expect(origin.received).toHaveLength(4);
  });

  test("without a key is on hold also where its body is too large to read its call", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ rpc: "json-rpc", max_request_bytes: 100, mode: "hold" });
    const json = { jsonrpc: "2.0", id: 1, method: "a", params: ["x".repeat(200)] };
    expect(await problemOf(await client.post("/mcp", { key: null, json }))).toBe("503 on_hold");
    expect(await problemOf(await client.post("/mcp", { json }))).toBe("413 body_too_large");
    expect(origin.received).toHaveLength(0);
  });

  test("that is observed is on hold where its call is covered, or can't be read", async () => {
    const origin = scriptOrigin();
    const routes = [{ match: "POST /mcp tools/call:pay", mode: "observe", key: "optional" }];
    const call = (name: string, padding = "") => {
      return { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, padding } };
    };
    const observed = clientOf({ rpc: "json-rpc", max_request_bytes: 200, key: "off", routes }, {}, HELD);
    expect((await observed.post("/mcp", { json: call("list") })).status).toBe(200);
    expect(origin.received).toHaveLength(1);
    expect(JSON.stringify(await (await observed.post("/mcp", { json: call("pay") })).json())).toContain("on_hold");
    expect(await problemOf(await observed.post("/mcp", { json: call("pay", "x".repeat(300)) }))).toBe("503 on_hold");
    expect(origin.received).toHaveLength(1);
  });

  test("is covered by the hold of its call, also in a batch", async () => {
    const origin = scriptOrigin();
    const client = clientOf({
      rpc: "json-rpc",
      routes: [{ match: "POST /mcp tools/call:pay", mode: "hold" }],
    });
    const call = (name: string, id = 1) => ({ jsonrpc: "2.0", id, method: "tools/call", params: { name } });
    expect((await client.post("/mcp", { json: call("list") })).status).toBe(200);
    expect(origin.received).toHaveLength(1);
    const held = await client.post("/mcp", { json: [call("list"), call("pay", 2)] });
    expect(JSON.stringify(await held.json())).toContain("on_hold");
    expect(origin.received).toHaveLength(1);
  });

  // Servers of JSON-RPC run notifications, and no promise covers them otherwise.
  test("is refused where it is a notification, or has one in its batch", async () => {
    const origin = scriptOrigin();
    const call = { jsonrpc: "2.0", id: 1, method: "tools/list" };
    const pay = { jsonrpc: "2.0", method: "tools/call", params: { name: "pay" } };
    const ready = { jsonrpc: "2.0", method: "notifications/initialized" };
    const rpc = { rpc: "json-rpc" };
    const toolOnHold = { ...rpc, routes: [{ match: "POST /mcp tools/call:pay", mode: "hold" }] };
    const [all, tools] = [clientOf(rpc, {}, HELD), clientOf({ profile: "mcp" }, {}, HELD)];
    const tool = clientOf(toolOnHold);
    const batch = [call, pay];
    const held: [Client, unknown][] = [
      [all, pay],
      [all, [pay]],
      [all, Array.from({ length: 101 }, () => ready)],
      [tools, pay],
      [tools, batch],
      [tools, [ready, { ...pay, method: "Tools/Call" }]],
      [tool, pay],
      [tool, { ...pay, params: { name: "Pay" } }],
      [tool, { ...pay, params: ["pay"] }],
      [tool, batch],
    ];
    for (const key of [null, uniqueKey()]) {
      for (const [client, json] of held) {
        const response = await client.post("/mcp", { key, json });
        expect(await response.text(), JSON.stringify(json)).toContain("on_hold");
      }
    }
    expect(origin.received).toHaveLength(0);
    const passes: [Client, unknown][] = [
      [all, { jsonrpc: "2.0", id: 1, result: {} }],
      [tools, ready],
      [tools, [call, ready]],
      [tool, { ...pay, params: { name: "list" } }],
      [clientOf({ ...toolOnHold, mode: "enforce" }), ready],
      [clientOf(rpc), pay],
    ];
    for (const [client, json] of passes) {
      const response = await client.post("/mcp", { key: null, json });
      expect(await response.text(), JSON.stringify(json)).toBe("ok");
    }
  });

  test("of an unknown outcome that may be sent again is not sent, and is not called unexecuted", async () => {
    const origin = scriptOrigin(() => new Response("bad gateway", { status: 502 }));
    const { before, onHold } = gateways({ on_unknown: "retry" });
    const key = uniqueKey();
    await before.post(PATH, { key });
    const row = await rowOf(await objectOf(key, PATH));
    const held = await onHold.post(PATH, { key });
    expect([await problemOf(held), statusOf(held)]).toEqual(["503 on_hold", "unknown"]);
    expect(await held.json()).toMatchObject({ detail: expect.stringContaining("not known whether it took effect") });
    expect(await rowOf(await objectOf(key, PATH))).toEqual(row);
    expect(origin.received).toHaveLength(1);
    origin.answers(() => new Response("ran"));
    expect(statusOf(await before.post(PATH, { key }))).toBe("executed");
  });

  test("asks no probe, and the record stays unknown to the end of its term", async () => {
    const origin = scriptOrigin(() => new Response("bad gateway", { status: 502 }));
    const { before, onHold } = gateways({ on_unknown: "probe", probe: "/v1/outcome/{key}" });
    const key = uniqueKey();
    await before.post(PATH, { key });
    const stub = await objectOf(key, PATH);
    const [row, alarm] = [await rowOf(stub), await alarmOf(stub)];
    expect(await problemOf(await onHold.post(PATH, { key }))).toBe("503 on_hold");
    expect([await rowOf(stub), await alarmOf(stub)]).toEqual([row, alarm]);
    expect(origin.received.map(({ method }) => method)).toEqual(["POST"]);
    origin.answers(() => new Response("", { headers: { "oncegate-outcome": "not-executed" } }));
    await before.post(PATH, { key });
    expect(origin.received.map(({ method }) => method)).toEqual(["POST", "GET", "POST"]);
  });

  test("under a derived key is refused, and a retry of what ran before is replayed", async () => {
    const origin = scriptOrigin();
    const { before, onHold } = gateways({ derive_key: { window: "1h" } });
    await before.post(PATH, { key: null, json: { amount: 1 } });
    expect(statusOf(await onHold.post(PATH, { key: null, json: { amount: 1 } }))).toBe("replayed");
    expect(await problemOf(await onHold.post(PATH, { key: null, json: { amount: 2 } }))).toBe("503 on_hold");
    expect(origin.received).toHaveLength(1);
  });

  test("of a caller whose rule was rotated is answered from its former record, and begins no new one", async () => {
    const origin = scriptOrigin();
    const headers = { "x-user": "alice" };
    const before = clientOf({ caller: ["authorization"] });
    const onHold = clientOf(
      { caller: ["x-user"], caller_was: { caller: ["authorization"], until: "2099-01-01T00:00:00Z" } },
      {},
      HELD,
    );
    const key = uniqueKey();
    await before.post(PATH, { key, headers });
    expect(statusOf(await onHold.post(PATH, { key, headers }))).toBe("replayed");
    expect(await problemOf(await onHold.post(PATH, { headers }))).toBe("503 on_hold");
    expect(origin.received).toHaveLength(1);
  });

  test("of a webhook is held by its key in the body, so that its sender sends it again", async () => {
    const origin = scriptOrigin();
    const { before, onHold } = gateways({ profile: "webhook", key_from: ["/id"] });
    const json = { id: uniqueKey() };
    expect(await problemOf(await onHold.post("/hooks", { key: null, json }))).toBe("503 on_hold");
    expect((await before.post("/hooks", { key: null, json })).status).toBe(200);
    expect((await onHold.post("/hooks", { key: null, json })).status).toBe(200);
    expect(origin.received).toHaveLength(1);
  });

  test("is readable for pages of other sites, and its preflight allows the key", async () => {
    const origin = scriptOrigin(
      () => new Response(null, { status: 204, headers: { "access-control-allow-origin": "*" } }),
    );
    const client = clientOf({ mode: "hold", cors: { origins: ["https://shop.test"] } });
    const asking = { origin: "https://shop.test" };
    const held = await client.post(PATH, { headers: asking });
    expect(held.headers.get("access-control-allow-origin")).toBe("https://shop.test");
    const announced = { ...asking, "access-control-request-method": "POST" };
    const preflight = await client.post(PATH, { key: null, method: "OPTIONS", headers: announced });
    expect(preflight.headers.get("access-control-allow-headers")).toMatch(/idempotency-key/i);
    expect(origin.received).toHaveLength(1);
  });

  test("has one line with its code", async () => {
    const numbers = collectNumbers();
    scriptOrigin();
    const { onHold } = gateways();
    await onHold.post(PATH);
    await onHold.post(PATH, { key: null });
    const lines = await numbers.counted(2);
    expect(lines.map(({ code, decision, status }) => [code, decision, status])).toEqual([
      ["on_hold", "refused", 503],
      ["on_hold", "refused", 503],
    ]);
  });
});
