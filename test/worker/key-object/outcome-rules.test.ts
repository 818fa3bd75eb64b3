import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Entry, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { liveBody, scriptOrigin } from "../../support/origin.ts";
import { alarmOf, chunkKeysOf, objectOf, rowOf } from "../../support/records.ts";

const PATH = "/v1/charges";
const SSE = { headers: { "content-type": "text/event-stream" } };

afterEach(() => vi.restoreAllMocks());

const answering =
  (body: BodyInit | null, init: ResponseInit = {}) =>
  () =>
    new Response(body, init);
const json =
  (body: unknown, status = 200) =>
  () =>
    Response.json(body, { status });

/** What comes of one answer, and what the same request gets then, which would run as 201. */
async function becomes(entry: Entry, first: () => Response, retry: { json?: unknown } = {}): Promise<[string, string]> {
  const origin = scriptOrigin(first);
  const client = clientOf(entry);
  const key = uniqueKey();
  const response = await client.post(PATH, { key, json: { amount: 1 } });
  const status = `${response.status} ${statusOf(response)}`;
  await response.arrayBuffer();
  origin.answers(() => new Response("ran", { status: 201 }));
  const again = await client.post(PATH, { key, json: { amount: 1 }, ...retry });
  const isRefused = again.headers.get("content-type")?.startsWith("application/problem") === true;
  return [status, isRefused ? await problemOf(again) : `${again.status} ${statusOf(again)}`];
}

describe("5.1 what a client can mend under the same key", () => {
  test("a persisted query that is not known is sent again with its text (GraphQL)", async () => {
    const outcomes = [
      {
        json: "/errors/0/extensions/code",
        is: ["THROTTLED", "PERSISTED_QUERY_NOT_FOUND"],
        outcome: "not-executed",
      },
    ];
    const unknownQuery = json({ errors: [{ extensions: { code: "PERSISTED_QUERY_NOT_FOUND" } }] });
    const withQuery = { json: { query: "mutation { pay }" } };
    expect(await becomes({ outcomes }, unknownQuery, withQuery)).toEqual(["200 released", "201 executed"]);
    expect(await becomes({}, unknownQuery, withQuery)).toEqual(["200 executed", "422 key_reused"]);
    const failed = json({ errors: [{ extensions: { code: "CARD_DECLINED" } }] });
    expect(await becomes({ outcomes }, failed)).toEqual(["200 executed", "200 replayed"]);
  });

  test("a payment that is asked for is sent with the request", async () => {
    const challenges = [{ "www-authenticate": 'Payment id="p1"' }, { "payment-required": "e30=" }];
    for (const headers of challenges) {
      expect(await becomes({}, answering(null, { status: 402, headers }))).toEqual(["402 released", "201 executed"]);
    }
    expect(await becomes({}, answering(null, { status: 402 }))).toEqual(["402 executed", "402 replayed"]);
  });

  test("a gRPC status in a header releases the key", async () => {
    const outcomes = [{ header: "grpc-status", is: ["14", "16"], outcome: "not-executed" }];
    const unavailable = answering(null, { headers: { "grpc-status": "14" } });
    expect(await becomes({ outcomes }, unavailable)).toEqual(["200 released", "201 executed"]);
    expect(await becomes({}, unavailable)).toEqual(["200 executed", "200 replayed"]);
  });

  test("a gRPC status in the trailers of gRPC-Web does too", async () => {
    const outcomes = [{ header: "grpc-status", is: ["14", "16"], outcome: "not-executed" }];
    const headers = { "content-type": "application/grpc-web+proto" };
    const ending = (trailers: string) => {
      const bytes = new TextEncoder().encode(trailers);
      return answering(new Uint8Array([0, 0, 0, 0, 1, 7, 0x80, 0, 0, 0, bytes.byteLength, ...bytes]), { headers });
    };
    expect(await becomes({ outcomes }, ending("grpc-status: 14\r\n"))).toEqual(["200 released", "201 executed"]);
    expect(await becomes({ outcomes }, ending("grpc-status: 0\r\n"))).toEqual(["200 executed", "200 replayed"]);
    expect(await becomes({}, ending("grpc-status: 14\r\n"))).toEqual(["200 executed", "200 replayed"]);
  });

  test.each([415, 431, 529])("%i is no answer for a day", async (status) => {
    expect(await becomes({}, answering(null, { status }))).toEqual([`${status} released`, "201 executed"]);
  });
});

describe("5.2 what a proxy answers by itself", () => {
  // As in docs/deploying.md.
  const outcomes = [
    { status: [200, 404], media_type: "text/html", outcome: "unknown" },
    { status: "3xx", outcome: "unknown" },
  ];
  const HTML = { "content-type": "text/html; charset=utf-8" };

  test.each<[string, () => Response]>([
    ["404", answering("<p>no backend", { status: 404, headers: HTML })],
    ["200", answering("<p>Maintenance", { headers: HTML })],
    ["302", answering(null, { status: 302, headers: { location: "/login" } })],
  ])("is not stored: %s", async (status, response) => {
    expect(await becomes({ outcomes }, response)).toEqual([`${status} unknown`, "409 outcome_unknown"]);
  });

  test("leaves the API's own answers stored", async () => {
    expect(await becomes({ outcomes }, json({ error: "no such order" }, 404))).toEqual([
      "404 executed",
      "404 replayed",
    ]);
    expect(await becomes({ outcomes }, answering(null, { status: 204 }))).toEqual(["204 executed", "204 replayed"]);
  });
});

describe("5.2 a body that decides", () => {
  const outcomes = [
    { json: "/charged", is: true, outcome: "final" },
    { status: "5xx", outcome: "not-executed" },
  ];
  const large = (charged: boolean) => ({ padding: "x".repeat(600_000), charged });

  test("is read whatever its size is, up to 1 MB, and replayed where it is final", async () => {
    expect(await becomes({ outcomes }, json(large(true), 500))).toEqual(["500 executed", "500 replayed"]);
    expect(await becomes({ outcomes }, json(large(false), 500))).toEqual(["500 released", "201 executed"]);
  });

  test("reaches its client where it is not final, and leaves nothing behind", async () => {
    scriptOrigin(json(large(false), 500));
    const key = uniqueKey();
    const response = await clientOf({ outcomes }).post(PATH, { key });
    expect(await response.json()).toEqual(large(false));
    const object = await objectOf(key, PATH);
    expect((await rowOf(object))?.["state"]).toBeUndefined();
    for (let tries = 0; (await chunkKeysOf(object)).length > 0; tries++) {
      if (tries === 500) throw new Error("chunks are still stored");
      await scheduler.wait(5);
    }
  });

  test("releases nothing where it can't be read", async () => {
    const broken = answering('{"charged":', { status: 500 });
    expect(await becomes({ outcomes }, broken)).toEqual(["500 unknown", "409 outcome_unknown"]);
    const tooLarge = json({ padding: "x".repeat(1_000_000) }, 500);
    expect(await becomes({ outcomes }, tooLarge)).toEqual(["500 unknown", "409 outcome_unknown"]);
    const coded = answering("{}", { status: 500, headers: { "content-encoding": "dcb" } });
    expect(await becomes({ outcomes }, coded)).toEqual(["500 unknown", "409 outcome_unknown"]);
  });

  test("is not looked at where the origin states the outcome", async () => {
    const stated = answering("{", { status: 500, headers: { "oncegate-outcome": "not-executed" } });
    expect(await becomes({ outcomes }, stated)).toEqual(["500 released", "201 executed"]);
  });
});

describe("5.2.6 an event that decides", () => {
  const outcomes = [
    { event: "error", outcome: "unknown" },
    { event: "refused", outcome: "not-executed" },
  ];
  const FAILED = "data: 1\n\nevent: error\ndata: overloaded\n\n";

  test("passes the stream on as it comes, and decides at its end", async () => {
    const body = liveBody();
    const origin = scriptOrigin(() => body.response(SSE));
    const client = clientOf({ outcomes });
    const key = uniqueKey();
    const first = await client.post(PATH, { key });
    expect([first.status, statusOf(first)]).toEqual([200, "executed"]);
    const reader = first.body?.getReader();
    const next = async () => new TextDecoder().decode((await reader?.read())?.value);
    body.send("data: 1\n\n");
    expect(await next()).toBe("data: 1\n\n");
    const joined = await client.post(PATH, { key });
    expect(statusOf(joined)).toBe("joined");
    body.send("event: error\ndata: overloaded\n\n");
    expect(await next()).toBe("event: error\ndata: overloaded\n\n");
    body.end();
    expect(await reader?.read()).toMatchObject({ done: true });
    expect(await joined.text()).toBe(FAILED);
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 outcome_unknown");
    expect(origin.received).toHaveLength(1);
  });

  test("is stored without one, and not searched for in other media types", async () => {
    expect(await becomes({ outcomes }, answering("data: event: error\n\n", SSE))).toEqual([
      "200 executed",
      "200 replayed",
    ]);
    expect(await becomes({ outcomes }, answering(FAILED))).toEqual(["200 executed", "200 replayed"]);
  });

  test("frees the key at the end, and a slow reader still gets the rest", async () => {
    const body = liveBody();
    const origin = scriptOrigin(() => body.response(SSE));
    const client = clientOf({ outcomes });
    const key = uniqueKey();
    const first = await client.post(PATH, { key });
    body.send("data: 1\n\n");
    body.send("event: refused\ndata: 2\n\n");
    body.end();
    const object = await objectOf(key, PATH);
    for (let tries = 0; (await rowOf(object))?.["state"] !== undefined; tries++) {
      if (tries === 500) throw new Error("the record is still there");
      await scheduler.wait(5);
    }
    // The chunks stay for the reader, and an alarm would delete them if this process died.
    expect((await chunkKeysOf(object)).length).toBeGreaterThan(0);
    expect(await alarmOf(object)).toBeGreaterThan(Date.now());
    expect(await first.text()).toBe("data: 1\n\nevent: refused\ndata: 2\n\n");
    origin.answers(() => new Response("ran", { status: 201 }));
    expect(statusOf(await client.post(PATH, { key }))).toBe("executed");
  });

  test("cuts a reader that is still behind when the next attempt begins, and never gives it a byte of that", async () => {
    const body = liveBody();
    const origin = scriptOrigin(() => body.response(SSE));
    const client = clientOf({ outcomes });
    const key = uniqueKey();
    const slow = (await client.post(PATH, { key })).body?.getReader();
    const sent = Array.from({ length: 12 }, (_, n) => `data: old ${n} ${"o".repeat(250_000)}\n\n`);
    for (const piece of sent) body.send(piece);
    body.send("event: refused\ndata: 2\n\n");
    body.end();
    let seen = new TextDecoder().decode((await slow?.read())?.value);
    const object = await objectOf(key, PATH);
    await vi.waitUntil(async () => (await rowOf(object))?.["state"] === undefined, { timeout: 10_000, interval: 5 });
    const next = liveBody();
    origin.answers(() => next.response(SSE));
    const second = await client.post(PATH, { key });
    expect(statusOf(second)).toBe("executed");
    next.send("data: new\n\n");
    const reader = second.body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("data: new\n\n");
    const ending = await (async () => {
      for (;;) {
        const part = await slow?.read();
        if (part?.value === undefined) return "end";
        seen += new TextDecoder().decode(part.value);
      }
    })().catch(() => "cut");
    expect(ending).toBe("cut");
    expect([seen.slice(0, 11), sent.join("").startsWith(seen)]).toEqual(["data: old 0", true]);
    next.end();
    expect(await reader?.read()).toMatchObject({ done: true });
    const again = await client.post(PATH, { key });
    expect([statusOf(again), await again.text()]).toEqual(["replayed", "data: new\n\n"]);
    expect(origin.received).toHaveLength(2);
  });

  test("leaves chunks to the alarm where their process has died", async () => {
    scriptOrigin(answering("event: refused\ndata: 2\n\n", SSE));
    const key = uniqueKey();
    const first = await clientOf({ outcomes }).post(PATH, { key });
    const object = await objectOf(key, PATH);
    for (let tries = 0; (await rowOf(object))?.["state"] !== undefined; tries++) {
      if (tries === 500) throw new Error("the record is still there");
      await scheduler.wait(5);
    }
    expect(await runDurableObjectAlarm(object)).toBe(true);
    expect([await chunkKeysOf(object), await alarmOf(object)]).toEqual([[], null]);
    await first.body?.cancel();
  });

  test("stays unknown where the stream is cut before its end", async () => {
    const body = liveBody();
    scriptOrigin(() => body.response(SSE));
    const client = clientOf({ outcomes });
    const key = uniqueKey();
    const first = await client.post(PATH, { key });
    body.send("event: refused\ndata: 1\n\n");
    body.breakOff();
    expect(await first.text().catch(() => "cut")).toBe("cut");
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 outcome_unknown");
  });
});

describe("5.4 advice while an attempt runs", () => {
  test("origin_timeout is retryable while its attempt runs, and nothing is after it was given up", async () => {
    scriptOrigin(() => new Promise<Response>(() => {}));
    const client = clientOf({ origin_timeout: "100ms", origin_deadline: "400ms", wait: "50ms", unknown_ttl: "1h" });
    const key = uniqueKey();
    const first = await client.post(PATH, { key });
    expect(await first.clone().json()).toMatchObject({ code: "origin_timeout", retryable: true, key_reuse: "same" });
    expect([first.headers.get("retry-after"), first.headers.get("x-should-retry")]).toEqual(["1", "true"]);
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 in_flight");
    const waiting = clientOf({ origin_timeout: "100ms", origin_deadline: "400ms", wait: "20s", unknown_ttl: "1h" });
    const joined = await waiting.post(PATH, { key });
    expect(await joined.clone().json()).toMatchObject({ code: "outcome_unknown", retryable: false });
    expect([joined.headers.get("retry-after"), joined.headers.get("x-should-retry")]).toEqual([null, "false"]);
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 outcome_unknown");
  });
});
