import { abortAllDurableObjects } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { collectNumbers } from "../../support/events.ts";
import { type Client, clientOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { idOf, operatorOf } from "../../support/operator.ts";
import { type Answering, heldAnswer, liveBody, scriptOrigin } from "../../support/origin.ts";

const META_KEY = "/params/_meta/idempotency-key";
const ENTRY = { rpc: "json-rpc", key_from: ["Idempotency-Key", META_KEY] };
const client = clientOf(ENTRY);

interface CallOptions {
  readonly id?: unknown;
  readonly meta?: Record<string, unknown>;
  readonly amount?: number;
  readonly key?: string | null;
  readonly headers?: Record<string, string | null>;
}

function callOf({ id, meta = {}, amount = 1 }: CallOptions): object {
  return { jsonrpc: "2.0", id, method: "tools/call", params: { name: "pay", arguments: { amount }, _meta: meta } };
}

function call(by: Client, { key = null, headers = {}, ...of }: CallOptions): Promise<Response> {
  return by.post("/mcp", { key, headers, json: callOf(of) });
}

/** Answers each call with its id, as a JSON-RPC server does. */
const answersJson: Answering = ({ body }, number) => {
  const { id } = JSON.parse(new TextDecoder().decode(body)) as { id: unknown };
  return Response.json(
    { jsonrpc: "2.0", id, result: { run: number } },
    { headers: { etag: '"v1"', "content-digest": "sha-256=:YQ==:" } },
  );
};

const EVENTS = { headers: { "content-type": "text/event-stream" } };

describe("3.13 a replay", () => {
  test("has the id of the request at hand, whatever its type, and every other byte of the original", async () => {
    const origin = scriptOrigin(
      () =>
        new Response('{ "result": {"id": 5},\n "id" : 5, "jsonrpc":"2.0" }', {
          headers: { "content-type": "application/json" },
        }),
    );
    const key = uniqueKey();
    const first = await call(client, { id: 5, key });
    expect(await first.text()).toBe('{ "result": {"id": 5},\n "id" : 5, "jsonrpc":"2.0" }');
    for (const [id, text] of [
      [6, "6"],
      ["6", '"6"'],
      [1e25, "1e25"],
      [0.25, "0.25"],
      [null, "null"],
      ["ü\u0000", '"ü\\u0000"'],
    ] as const) {
      const again = await call(client, { id, key });
      expect([statusOf(again), await again.text()]).toEqual([
        "replayed",
        `{ "result": {"id": 5},\n "id" : ${text}, "jsonrpc":"2.0" }`,
      ]);
    }
    expect(origin.received).toHaveLength(1);
  });

  test("finds the key in the meta data, which else does not count", async () => {
    const origin = scriptOrigin(answersJson);
    const key = uniqueKey();
    await call(client, { id: 5, meta: { "idempotency-key": key, progressToken: 5, trace: 1 } });
    const again = await call(client, { id: 6, meta: { "idempotency-key": key, trace: 2 } });
    expect([statusOf(again), await again.json()]).toEqual(["replayed", { jsonrpc: "2.0", id: 6, result: { run: 1 } }]);
    expect(origin.received).toHaveLength(1);
  });

  test("has no field that describes the former bytes, and a right length", async () => {
    scriptOrigin(answersJson);
    const key = uniqueKey();
    const first = await call(client, { id: 5, key });
    expect([first.headers.get("etag"), first.headers.get("content-digest")]).toEqual(['"v1"', "sha-256=:YQ==:"]);
    await first.text();
    const same = await call(client, { id: 5, key });
    expect([statusOf(same), same.headers.get("etag")]).toEqual(["replayed", '"v1"']);
    const other = await call(client, { id: 1234, key });
    expect([
      other.headers.get("etag"),
      other.headers.get("content-digest"),
      other.headers.get("content-length"),
    ]).toEqual([null, null, null]);
    expect(await other.json()).toEqual({ jsonrpc: "2.0", id: 1234, result: { run: 1 } });
  });

  test("leaves another id alone", async () => {
    scriptOrigin(() => Response.json({ jsonrpc: "2.0", id: null, error: { code: -32700, message: "?" } }));
    const key = uniqueKey();
    await (await call(client, { id: 5, key })).text();
    expect(await (await call(client, { id: 6, key })).json()).toMatchObject({ id: null });
  });

  test("of a large answer is changed as it streams", async () => {
    const large = "x".repeat(300_000);
    scriptOrigin(() => Response.json({ jsonrpc: "2.0", id: 5, result: large }));
    const key = uniqueKey();
    await (await call(client, { id: 5, key })).text();
    const again = await call(client, { id: 77, key });
    expect(await again.json()).toEqual({ jsonrpc: "2.0", id: 77, result: large });
  });

  test("of an event stream has the id and the progress token of the request at hand", async () => {
    const request = 'id: 5\ndata: {"jsonrpc":"2.0","method":"sampling/createMessage","id":5,"params":{}}\n\n';
    const progress = (token: string): string =>
      `data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${token},"progress":1}}\n\n`;
    const result = (id: string): string => `event: message\ndata: {"jsonrpc":"2.0","id":${id},"result":{}}\n\n`;
    scriptOrigin(() => new Response(request + progress("5") + result("5"), EVENTS));
    const key = uniqueKey();
    await (await call(client, { id: 5, meta: { progressToken: 5 }, key })).text();
    const again = await call(client, { id: 9, meta: { progressToken: "p9" }, key });
    expect([statusOf(again), await again.text()]).toEqual(["replayed", request + progress('"p9"') + result("9")]);
    // Its own calls may have any token, so that of the original must not reach it.
    const without = await call(client, { id: 9, key });
    expect(await without.text()).toBe(request + progress('"oncegate:no-progress"') + result("9"));
  });
});

describe("3.13 a joined answer", () => {
  test("has the id of each request that waits", async () => {
    const { answer, release } = heldAnswer(() => Response.json({ jsonrpc: "2.0", id: 5, result: {} }));
    const origin = scriptOrigin(answer);
    const key = uniqueKey();
    const first = call(client, { id: 5, key });
    await origin.arrived(1);
    const joined = [call(client, { id: 6, key }), call(client, { id: "7", key })];
    await scheduler.wait(50);
    release();
    const answers = await Promise.all([first, ...joined]);
    expect(answers.map(statusOf)).toEqual(["executed", "joined", "joined"]);
    const ids = await Promise.all(answers.map(async (one) => (await one.json<{ id: unknown }>()).id));
    expect(ids).toEqual([5, 6, "7"]);
    expect(origin.received).toHaveLength(1);
  });

  test("has it in the events of a stream that goes on", async () => {
    const body = liveBody();
    const origin = scriptOrigin(() => body.response(EVENTS));
    const key = uniqueKey();
    const first = await (async () => {
      const sent = call(client, { id: 5, key });
      await origin.arrived(1);
      body.send('data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n');
      return sent;
    })();
    const firstText = first.text();
    const joined = await call(client, { id: 6, key });
    expect(statusOf(joined)).toBe("joined");
    const reader = joined.body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = (await reader?.read())?.value ?? "";
    expect(seen).toContain("notifications/message");
    body.send('data: {"jsonrpc":"2.0","id":');
    body.send('5,"result":{}}\n\n');
    body.end();
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) seen += part.value;
    expect(seen).toContain('data: {"jsonrpc":"2.0","id":6,"result":{}}\n\n');
    expect(await firstText).toContain('data: {"jsonrpc":"2.0","id":5,"result":{}}\n\n');
  });
});

describe("3.13 a refusal", () => {
  test("is a JSON-RPC error with the id of the request, and the problem in its data", async () => {
    scriptOrigin(answersJson);
    const key = uniqueKey();
    await (await call(client, { id: 5, key })).text();
    const refused = await call(client, { id: 6, key, amount: 2 });
    expect([refused.status, refused.headers.get("content-type"), statusOf(refused)]).toEqual([
      200,
      "application/json",
      "refused",
    ]);
    expect(await refused.json()).toEqual({
      jsonrpc: "2.0",
      id: 6,
      error: {
        code: 422,
        message:
          "This Idempotency-Key was sent before with a different request. Nothing was done. Use a new key for a new operation.",
        data: expect.objectContaining({ code: "key_reused", status: 422, retryable: false, key_reuse: "new" }),
      },
    });
  });

  test("is one event for a client that accepts only events", async () => {
    scriptOrigin(answersJson);
    const key = uniqueKey();
    await (await call(client, { id: 5, key })).text();
    const refused = await call(client, { id: 6, key, amount: 2, headers: { accept: "text/event-stream" } });
    expect(refused.headers.get("content-type")).toBe("text/event-stream");
    expect(await refused.text()).toMatch(
      /^event: message\ndata: \{"jsonrpc":"2.0","id":6,"error":\{"code":422,.*\}\n\n$/,
    );
    const both = { accept: "application/json, text/event-stream" };
    expect((await call(client, { id: 6, key, amount: 2, headers: both })).headers.get("content-type")).toBe(
      "application/json",
    );
  });

  test("keeps its headers, and the status of an answer that is not kept in the code", async () => {
    const small = clientOf({ rpc: "json-rpc", max_response_bytes: 10 });
    scriptOrigin(answersJson);
    const key = uniqueKey();
    await (await call(small, { id: 5, key })).text();
    const refused = await call(small, { id: 6, key });
    expect([refused.status, refused.headers.get("x-should-retry")]).toEqual([200, "false"]);
    expect(await refused.json()).toMatchObject({ id: 6, error: { code: 409, data: { code: "replay_unavailable" } } });
  });

  test("of an unknown outcome and of a missing key has the id too", async () => {
    const strict = clientOf({ rpc: "json-rpc", key: "required" });
    scriptOrigin(() => Promise.reject(new Error("Network connection lost.")));
    const key = uniqueKey();
    for (const id of [5, 6]) {
      expect(await (await call(strict, { id, key })).json()).toMatchObject({
        id,
        error: { data: { status: id === 5 ? 502 : 409 } },
      });
    }
    expect(await (await call(strict, { id: "x" })).json()).toMatchObject({
      id: "x",
      error: { data: { code: "key_missing" } },
    });
  });

  test("with a challenge keeps its status", async () => {
    const jwt = { jwks: "https://issuer.test/jwks", claims: ["iss", "sub"], audience: "a" };
    const verifying = clientOf({ rpc: "json-rpc", caller: [{ jwt }] });
    scriptOrigin();
    const refused = await call(verifying, { id: 5, key: uniqueKey() });
    expect([refused.status, refused.headers.has("www-authenticate")]).toEqual([401, true]);
    expect(await refused.json()).toMatchObject({ id: 5, error: { code: 401, data: { code: "caller_unverified" } } });
  });

  test.each([{ id: "x".repeat(300) }, { id: 5, meta: { progressToken: "x".repeat(300) } }])(
    "is a plain problem where a name is too long",
    async (of) => {
      const origin = scriptOrigin(answersJson);
      const refused = await call(client, { ...of, key: uniqueKey() });
      expect([refused.status, await refused.json()]).toEqual([400, expect.objectContaining({ code: "rpc_invalid" })]);
      expect(origin.received).toHaveLength(0);
    },
  );
});

describe("3.13 other messages", () => {
  test.each<{ json: unknown }>([
    { json: { jsonrpc: "2.0", method: "notifications/initialized" } },
    { json: { jsonrpc: "2.0", id: 5, result: {} } },
    { json: { jsonrpc: "2.0", id: 5, error: { code: 1, message: "" } } },
    {
      json: [
        { jsonrpc: "2.0", method: "a" },
        { jsonrpc: "2.0", id: 1, result: {} },
      ],
    },
  ])("that are not answered pass through: %j", async ({ json }) => {
    const origin = scriptOrigin(() => new Response(null, { status: 202 }));
    const strict = clientOf({ rpc: "json-rpc", key: "required" });
    const key = uniqueKey();
    for (const _ of [1, 2]) expect(statusOf(await strict.post("/mcp", { key, json }))).toBeUndefined();
    expect(origin.received).toHaveLength(2);
  });

  test("pass through for a client that has no credentials yet", async () => {
    const origin = scriptOrigin(() => new Response(null, { status: 401 }));
    const sent = await call(client, { id: 1, headers: { authorization: null } });
    expect([sent.status, statusOf(sent)]).toEqual([401, undefined]);
    const keyed = await call(client, { id: 1, key: uniqueKey(), headers: { authorization: null } });
    expect(await keyed.json()).toMatchObject({ id: 1, error: { data: { code: "caller_missing" } } });
    expect(origin.received).toHaveLength(1);
  });

  test.each([{ amount: 1 }, { jsonrpc: "1.0", id: 5, method: "m" }, { jsonrpc: "2.0", id: [5], method: "m" }, "text"])(
    "that are not JSON-RPC are covered like any other body: %j",
    async (json) => {
      const origin = scriptOrigin();
      const key = uniqueKey();
      await client.post("/mcp", { key, json });
      expect(statusOf(await client.post("/mcp", { key, json }))).toBe("replayed");
      const refused = await client.post("/mcp", { key, json: { ...Object(json), x: 6 } });
      expect([refused.status, await refused.json()]).toEqual([422, expect.objectContaining({ code: "key_reused" })]);
      expect(origin.received).toHaveLength(1);
    },
  );

  test("are not compared with a call", async () => {
    const origin = scriptOrigin(answersJson);
    const only = clientOf({ rpc: "json-rpc", fingerprint: { only: ["/params/arguments"] } });
    const key = uniqueKey();
    await (await call(only, { id: 5, key })).text();
    expect((await call(only, { id: [5], key })).status).toBe(422);
    expect(await (await call(only, { id: 6, key })).json()).toMatchObject({ id: 6 });
    expect(origin.received).toHaveLength(1);
  });
});

describe("3.13 a batch", () => {
  const batch = (ids: readonly unknown[]): object[] => [
    ...ids.map((id, index) => ({ ...callOf({ id, amount: index }) })),
    { jsonrpc: "2.0", method: "notify" },
  ];
  const backwards: Answering = ({ body }) => {
    const calls = JSON.parse(new TextDecoder().decode(body)) as { id?: unknown }[];
    return Response.json(
      calls
        .filter((one) => "id" in one)
        .map(({ id }) => ({ jsonrpc: "2.0", id, result: `of ${String(id)}` }))
        .toReversed(),
    );
  };

  test("with a key in a header maps its ids by their places", async () => {
    const origin = scriptOrigin(backwards);
    const key = uniqueKey();
    await (await client.post("/mcp", { key, json: batch([1, 2, "3"]) })).text();
    const again = await client.post("/mcp", { key, json: batch([2, 1, "x"]) });
    expect([statusOf(again), await again.json()]).toEqual([
      "replayed",
      [
        { jsonrpc: "2.0", id: "x", result: "of 3" },
        { jsonrpc: "2.0", id: 1, result: "of 2" },
        { jsonrpc: "2.0", id: 2, result: "of 1" },
      ],
    ]);
    const other = await client.post("/mcp", { key, json: batch([1, 2]) });
    expect(await other.json()).toMatchObject([1, 2].map((id) => ({ id, error: { data: { code: "key_reused" } } })));
    expect(origin.received).toHaveLength(1);
  });

  test("without one passes through, unless a key is required", async () => {
    const origin = scriptOrigin(backwards);
    const json = [callOf({ id: 1, meta: { "idempotency-key": uniqueKey() } })];
    for (const _ of [1, 2]) expect(statusOf(await client.post("/mcp", { key: null, json }))).toBeUndefined();
    expect(origin.received).toHaveLength(2);
    const strict = clientOf({ rpc: "json-rpc", key: "required", key_from: [META_KEY] });
    expect(await (await strict.post("/mcp", { key: null, json })).json()).toMatchObject([
      { id: 1, error: { data: { code: "key_missing" } } },
    ]);
  });

  test("or a call whose names are too long passes through where it has no key", async () => {
    const origin = scriptOrigin();
    for (const json of [batch([1, 1]), callOf({ id: "x".repeat(300) })]) {
      expect(statusOf(await client.post("/mcp", { key: null, json }))).toBeUndefined();
    }
    expect(origin.received).toHaveLength(2);
  });

  test.each([
    ["two calls of one id", [1, 1.0]],
    ["too many messages", Array.from({ length: 101 }, (_, index) => index)],
  ])("with %s is refused", async (_, ids) => {
    const origin = scriptOrigin(backwards);
    const refused = await client.post("/mcp", { key: uniqueKey(), json: batch(ids) });
    expect([refused.status, await refused.json()]).toEqual([400, expect.objectContaining({ code: "rpc_invalid" })]);
    expect(origin.received).toHaveLength(0);
  });
});

describe("3.13 the names of the original", () => {
  test("outlive the process that stored them", async () => {
    const origin = scriptOrigin(answersJson);
    const key = uniqueKey();
    await (await call(client, { id: 5, key })).text();
    await abortAllDurableObjects();
    expect(await (await call(client, { id: 6, key })).json()).toEqual({ jsonrpc: "2.0", id: 6, result: { run: 1 } });
    expect(origin.received).toHaveLength(1);
  });

  test("are those of the attempt that was answered, after one that was not", async () => {
    const retrying = clientOf({ rpc: "json-rpc", on_unknown: "retry" });
    const origin = scriptOrigin(() => Promise.reject(new Error("Network connection lost.")));
    const key = uniqueKey();
    await call(retrying, { id: 5, key });
    origin.answers(answersJson);
    expect(await (await call(retrying, { id: 6, key })).json()).toEqual({ jsonrpc: "2.0", id: 6, result: { run: 2 } });
    for (const id of [5, 7]) expect(await (await call(retrying, { id, key })).json()).toMatchObject({ id });
  });

  test("are replaced in an answer that a probe found", async () => {
    const probing = clientOf({ rpc: "json-rpc", on_unknown: "probe", probe: "/outcome/{key}" });
    const origin = scriptOrigin(() => Promise.reject(new Error("Network connection lost.")));
    const key = uniqueKey();
    await call(probing, { id: 5, key });
    const outcome = { headers: { "oncegate-outcome": "final", "oncegate-status": "200" } };
    origin.answers(() => Response.json({ jsonrpc: "2.0", id: 5, result: {} }, outcome));
    for (const id of [6, 7]) {
      expect(await (await call(probing, { id, key })).json()).toMatchObject({ id, result: {} });
    }
  });

  test.each([1, null, "of the operator"])("are replaced in an answer that an operator gave: %j", async (id) => {
    const origin = scriptOrigin(() => Promise.reject(new Error("Network connection lost.")));
    const operator = operatorOf(ENTRY);
    const key = uniqueKey();
    await call(operator.client, { id: 5, key });
    const body = JSON.stringify({ jsonrpc: "2.0", id, result: {} });
    const given = { outcome: "final", status: 200, headers: { "content-type": "application/json" }, body, why: "ran" };
    expect((await operator.post(`/records/${await idOf(key, "/mcp")}/settle`, given)).status).toBe(200);
    for (const own of [5, 6]) {
      expect(await (await call(operator.client, { id: own, key })).json()).toMatchObject({ id: own, result: {} });
    }
    expect(origin.received).toHaveLength(1);
  });

  test("are replaced for a request that joined one whose key is free again", async () => {
    const answers = (): Response => Response.json({ jsonrpc: "2.0", id: 5, error: {} }, { status: 429 });
    const { answer, release } = heldAnswer(answers);
    const origin = scriptOrigin(answer);
    const key = uniqueKey();
    const first = call(client, { id: 5, key });
    await origin.arrived(1);
    const joined = call(client, { id: 6, key });
    await scheduler.wait(50);
    release();
    const both = await Promise.all([first, joined]);
    expect(both.map(statusOf)).toEqual(["released", "released"]);
    expect(await Promise.all(both.map((one) => one.json()))).toMatchObject([{ id: 5 }, { id: 6 }]);
  });

  test("are replaced in the record of the former caller rule", async () => {
    const origin = scriptOrigin(answersJson);
    const key = uniqueKey();
    await (await call(client, { id: 5, key })).text();
    const until = "2099-01-01T00:00:00Z";
    const moved = clientOf({ ...ENTRY, caller: ["x-user"], caller_was: { caller: ["authorization"], until } });
    const again = await call(moved, { id: 6, key, headers: { "x-user": "alice" } });
    expect([statusOf(again), await again.json()]).toEqual(["replayed", { jsonrpc: "2.0", id: 6, result: { run: 1 } }]);
    expect(origin.received).toHaveLength(1);
  });

  test("make no difference for a derived key", async () => {
    const deriving = clientOf({ rpc: "json-rpc", derive_key: { window: "5m" } });
    const origin = scriptOrigin(answersJson);
    const amount = Math.random();
    await (await call(deriving, { id: 5, amount })).text();
    expect(await (await call(deriving, { id: 6, amount })).json()).toEqual({
      jsonrpc: "2.0",
      id: 6,
      result: { run: 1 },
    });
    expect(origin.received).toHaveLength(1);
  });

  test("make no difference for what observe mode reports, and it changes no answer", async () => {
    const numbers = collectNumbers();
    scriptOrigin(answersJson);
    const observing = clientOf({ rpc: "json-rpc", mode: "observe" });
    const key = uniqueKey();
    for (const id of [5, 6]) {
      expect(await (await call(observing, { id, key })).json()).toMatchObject({ id });
      await numbers.counted(id - 4);
    }
    const decisions = (await numbers.counted(2)).map(({ decision }) => decision);
    expect(decisions).toEqual(["would_execute", "would_replay"]);
  });
});
