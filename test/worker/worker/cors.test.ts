import { describe, expect, test } from "vitest";
import { type Entry, HOST, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { heldAnswer, liveBody, scriptOrigin } from "../../support/origin.ts";

const SHOP = "https://shop.example";
const ADMIN = "https://admin.example";
const CORS = { cors: { origins: [SHOP, ADMIN] } };
const EXPOSED =
  "Idempotency-Key, Idempotency-Status, Retry-After, X-Should-Retry, Preference-Applied, idempotent-replayed";

/** What a browser reads of an answer. */
function corsOf({ headers }: Response) {
  return {
    origin: headers.get("access-control-allow-origin"),
    credentials: headers.get("access-control-allow-credentials"),
    exposed: headers.get("access-control-expose-headers"),
    vary: headers.get("vary"),
  };
}

const allowedTo = (origin: string) => ({ origin, credentials: null, exposed: EXPOSED, vary: "Origin" });
const FOR_NOBODY = { origin: null, credentials: null, exposed: null, vary: "Origin" };

/** Answers as an API that allows one page. */
const allowing = (origin: string, init: { status?: number; headers?: Record<string, string> } = {}) =>
  new Response("ok", {
    ...init,
    headers: { "access-control-allow-origin": origin, "access-control-expose-headers": "X-Id", ...init.headers },
  });

describe("7.6.1 a preflight", () => {
  const ask = (entry: Entry, headers: Record<string, string> = {}, path = "/v1/charges") =>
    clientOf(entry).fetch(`https://${HOST}${path}`, {
      method: "OPTIONS",
      headers: { origin: SHOP, "access-control-request-method": "POST", ...headers },
    });
  test.each(["constructor", "__proto__", "hasOwnProperty"])("for the method %s is passed on", async (method) => {
    const origin = scriptOrigin();
    const route = { match: "POST /v1/charges", key: "required" };
    const response = await ask({ ...CORS, routes: [route] }, { "access-control-request-method": method });
    expect([response.status, origin.received.length]).toEqual([200, 1]);
    expect(Object.keys(Object)).toEqual([]);
    expect("params" in {}).toBe(false);
  });

  const originAllows = (headers: string, status = 204) =>
    scriptOrigin(
      () =>
        new Response(null, {
          status,
          headers: { "access-control-allow-origin": SHOP, "access-control-allow-headers": headers },
        }),
    );

  test("goes to the origin, whose answer allows the key besides", async () => {
    const origin = originAllows("content-type");
    const response = await ask(CORS);
    expect([response.status, response.headers.get("access-control-allow-headers")]).toEqual([
      204,
      "content-type, idempotency-key",
    ]);
    expect(origin.received.map(({ method, headers }) => [method, headers.get("origin")])).toEqual([["OPTIONS", SHOP]]);
  });

  test.each<[string, Entry, Record<string, string>, string]>([
    ["without cors", {}, {}, "*"],
    ["of a page that is not listed", CORS, { origin: "https://evil.example" }, "*"],
    ["for a method that is not covered", CORS, { "access-control-request-method": "GET" }, "*"],
    ["for a route without keys", { ...CORS, routes: [{ match: "POST /v1/charges", key: "off" }] }, {}, "*"],
    ["where requests are only observed", { ...CORS, mode: "observe" }, {}, "*"],
    ["for a route that the gateway leaves alone", { ...CORS, routes: [{ match: "POST /v1/*", mode: "off" }] }, {}, "*"],
    [
      "for a route whose key is in the body",
      { ...CORS, routes: [{ match: "POST /v1/charges", key_from: ["/key"] }] },
      {},
      "*",
    ],
    [
      "for a route with headers of its own",
      { ...CORS, routes: [{ match: "POST /v1/charges", key_from: ["X-Key", "Idempotency-Key"] }] },
      {},
      "*, x-key, idempotency-key",
    ],
  ])("%s", async (_, entry, headers, expected) => {
    originAllows("*");
    expect((await ask(entry, headers)).headers.get("access-control-allow-headers")).toBe(expected);
  });

  test("has the policy of the path that it asks for, whatever its spelling (3.2.3)", async () => {
    originAllows("*");
    const entry = { ...CORS, routes: [{ match: "POST /v1/charges", key: "off" }] };
    expect((await ask(entry, {}, "/v1/%63harges")).headers.get("access-control-allow-headers")).toBe("*");
  });

  test("stays refused where the origin refuses it or can't be reached", async () => {
    const origin = originAllows("content-type", 403);
    const refused = await ask(CORS);
    expect([refused.status, refused.headers.get("access-control-allow-headers")]).toEqual([403, "content-type"]);
    origin.answers(() => {
      throw new Error("Network connection lost.");
    });
    expect(await problemOf(await ask(CORS))).toBe("502 origin_unreachable");
  });
});

describe("7.6.2 the origin's own answers", () => {
  test.each([
    ["executed", 201],
    ["released", 429],
    ["unknown", 502],
  ])("marked %s keep its fields and expose the gateway's", async (status, code) => {
    scriptOrigin(() => allowing("https://anybody.example", { status: code }));
    const response = await clientOf(CORS).post("/v1/charges", { headers: { origin: SHOP } });
    expect(statusOf(response)).toBe(status);
    expect(corsOf(response)).toEqual({
      origin: "https://anybody.example",
      credentials: null,
      exposed: `X-Id, ${EXPOSED}`,
      vary: null,
    });
  });

  test("to requests that pass through stay as they are", async () => {
    scriptOrigin(() => allowing(SHOP));
    const response = await clientOf(CORS).post("/v1/charges", { key: null, headers: { origin: SHOP } });
    expect(corsOf(response)).toEqual({ origin: SHOP, credentials: null, exposed: "X-Id", vary: null });
  });
});

describe("3.3 a WebSocket upgrade", () => {
  test("is what the origin has made it", async () => {
    scriptOrigin(() => new Response(null, { status: 101, webSocket: new WebSocketPair()[0] }));
    const response = await clientOf(CORS).fetch(`https://${HOST}/v1/socket`, {
      headers: { upgrade: "websocket", origin: SHOP },
    });
    expect([response.status, response.webSocket === null]).toEqual([101, false]);
    expect(corsOf(response)).toEqual({ origin: null, credentials: null, exposed: null, vary: null });
  });
});

describe("7.6.3 what was answered to one page and is given to another", () => {
  test("is a replay that allows the page that asks, and nobody else", async () => {
    scriptOrigin(() => allowing(SHOP, { headers: { "access-control-allow-credentials": "true", vary: "Accept" } }));
    const client = clientOf(CORS);
    const key = uniqueKey();
    const from = (headers: Record<string, string>) => client.post("/v1/charges", { key, headers });
    expect(corsOf(await from({ origin: SHOP }))).toMatchObject({ origin: SHOP, credentials: "true" });
    const replayed = await from({ origin: ADMIN });
    expect(statusOf(replayed)).toBe("replayed");
    expect(corsOf(replayed)).toEqual({ ...allowedTo(ADMIN), vary: "Accept, Origin" });
    for (const headers of [{ origin: "https://evil.example" }, { origin: "null" }, {}] as Record<string, string>[]) {
      expect(corsOf(await from(headers))).toEqual({ ...FOR_NOBODY, vary: "Accept, Origin" });
    }
  });

  test("allows credentials where the rule does", async () => {
    scriptOrigin();
    const client = clientOf({ cors: { origins: [SHOP], credentials: true } });
    const key = uniqueKey();
    await client.post("/v1/charges", { key });
    const replayed = await client.post("/v1/charges", { key, headers: { origin: SHOP } });
    expect(corsOf(replayed)).toEqual({ ...allowedTo(SHOP), credentials: "true" });
  });

  test.each([
    ["joined", 201],
    ["released", 429],
    ["unknown", 502],
  ])("is a joined answer, marked %s", async (status, code) => {
    const held = heldAnswer(() => allowing(SHOP, { status: code }));
    const origin = scriptOrigin(held.answer);
    const client = clientOf(CORS);
    const key = uniqueKey();
    const first = client.post("/v1/charges", { key, headers: { origin: SHOP } });
    await origin.arrived(1);
    const joined = client.post("/v1/charges", { key, headers: { origin: ADMIN } });
    const last = await client.post("/v1/charges", { key, headers: { origin: ADMIN, prefer: "wait=0" } });
    expect(await problemOf(last)).toBe("409 in_flight");
    expect(corsOf(last)).toEqual(allowedTo(ADMIN));
    held.release();
    expect(corsOf(await first)).toMatchObject({ origin: SHOP, exposed: `X-Id, ${EXPOSED}` });
    expect(statusOf(await joined)).toBe(status);
    expect(corsOf(await joined)).toEqual(allowedTo(ADMIN));
  });

  test("is a stream that a retry follows (5.8)", async () => {
    const body = liveBody();
    scriptOrigin(() =>
      body.response({ headers: { "content-type": "text/event-stream", "access-control-allow-origin": SHOP } }),
    );
    const client = clientOf(CORS);
    const key = uniqueKey();
    const from = (origin: string) => client.post("/v1/chat", { key, headers: { origin } });
    const first = await from(SHOP);
    expect([statusOf(first), corsOf(first)]).toEqual(["executed", { ...allowedTo(SHOP), vary: null }]);
    body.send("data: one\n\n");
    const attached = await from(ADMIN);
    expect([statusOf(attached), corsOf(attached)]).toEqual(["joined", allowedTo(ADMIN)]);
    body.end();
    expect([await first.text(), await attached.text()]).toEqual(["data: one\n\n", "data: one\n\n"]);
    const replayed = await from("https://evil.example");
    expect([statusOf(replayed), corsOf(replayed)]).toEqual(["replayed", FOR_NOBODY]);
  });

  test("is given as it was stored without cors", async () => {
    scriptOrigin(() => allowing(SHOP));
    const client = clientOf();
    const key = uniqueKey();
    await client.post("/v1/charges", { key, headers: { origin: SHOP } });
    const replayed = await client.post("/v1/charges", { key, headers: { origin: ADMIN } });
    expect(corsOf(replayed)).toEqual({ origin: SHOP, credentials: null, exposed: "X-Id", vary: null });
  });
});

describe("7.6.3 what the gateway says itself", () => {
  const cases: [string, Entry, Parameters<ReturnType<typeof clientOf>["post"]>[1], string][] = [
    ["a missing key", { key: "required" }, { key: null }, "400 key_missing"],
    ["a key that is none", {}, { key: "" }, "400 key_invalid"],
    ["a body beyond the limit", { max_request_bytes: 1 }, { body: "12" }, "413 body_too_large"],
    ["a loop", {}, { headers: { "cdn-loop": "oncegate" } }, "508 loop_detected"],
    ["an origin that can't be reached", {}, {}, "502 origin_unreachable"],
    ["the same, past the record", {}, { key: null }, "502 origin_unreachable"],
  ];
  test.each(cases)("allows the page that asks to read %s", async (_, entry, options, problem) => {
    scriptOrigin(() => {
      throw new Error("Network connection lost.");
    });
    const headers = { ...options?.headers, origin: SHOP };
    const response = await clientOf({ ...CORS, ...entry }).post("/v1/charges", { ...options, headers });
    expect(await problemOf(response)).toBe(problem);
    expect(corsOf(response)).toEqual(allowedTo(SHOP));
    const unlisted = { ...headers, origin: "https://evil.example" };
    const other = await clientOf({ ...CORS, ...entry }).post("/v1/charges", { ...options, headers: unlisted });
    expect(corsOf(other)).toEqual(FOR_NOBODY);
  });

  test.each([
    ["GET", "/.well-known/idempotency", 200, "Accept, Origin"],
    ["POST", "/.well-known/idempotency", 405, "Origin"],
    ["GET", "/_oncegate/x", 404, "Origin"],
  ])("allows it to read %s %s", async (method, path, status, vary) => {
    const response = await clientOf(CORS).fetch(`https://${HOST}${path}`, { method, headers: { origin: SHOP } });
    expect([response.status, corsOf(response)]).toEqual([status, { ...allowedTo(SHOP), vary }]);
  });

  test("names the replayed header of the policy at hand", async () => {
    const client = clientOf({ ...CORS, key: "required", replayed_header: "X-Replayed" });
    const response = await client.post("/v1/charges", { key: null, headers: { origin: SHOP } });
    expect(corsOf(response).exposed).toMatch(/, x-replayed$/);
  });
});
