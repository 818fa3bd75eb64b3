import { afterEach, describe, expect, test, vi } from "vitest";
import { collectNumbers } from "../../support/events.ts";
import { type Client, type Entry, clientOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { type Answering, liveBody, scriptOrigin } from "../../support/origin.ts";
import { objectOf, rowOf } from "../../support/records.ts";

afterEach(() => vi.restoreAllMocks());

const MCP = { profile: "mcp" };
const ROUTES = {
  ...MCP,
  routes: [
    { match: "POST /mcp tools/call:create_payment", key: "required" },
    { match: "POST /mcp tools/call:send_mail", derive_key: { window: "5m", from: ["/params/arguments/to"] } },
    { match: "POST /mcp tools/call:send_text", derive_key: { window: "5m", from: ["/params/arguments/to"] } },
    { match: "POST /mcp tools/call:search", key: "off" },
  ],
};

interface CallOptions {
  readonly id?: unknown;
  readonly key?: string | null;
  readonly tool?: string;
  readonly args?: Record<string, unknown>;
  /** Members of `params` besides name and arguments. */
  readonly params?: Record<string, unknown>;
  readonly headers?: Record<string, string | null>;
}

function toolCall({ id = 1, tool = "create_payment", args = { amount: 1 }, params = {} }: CallOptions = {}): object {
  return { jsonrpc: "2.0", id, method: "tools/call", params: { name: tool, arguments: args, ...params } };
}

/** The key is in the header, if there is one. */
function call(client: Client, options: CallOptions = {}): Promise<Response> {
  const { key = null, headers = {} } = options;
  return client.post("/mcp", { key, headers, json: toolCall(options) });
}

/** What an origin answers: its number, in the result of each call. */
const counts: Answering = ({ body }, number) => {
  const { id } = JSON.parse(new TextDecoder().decode(body)) as { id: unknown };
  return Response.json({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text: `run ${number}` }] } });
};

const message = (members: object): object => ({ jsonrpc: "2.0", id: 1, ...members });
const asJson = (members: object, status = 200) => Response.json(message(members), { status });
const asEvents = (...messages: object[]): Response => {
  const events = messages.map((one) => `event: message\ndata: ${JSON.stringify(one)}\n\n`);
  return new Response(`id: 1\ndata: \n\n${events.join("")}`, { headers: { "content-type": "text/event-stream" } });
};
const error = (code: number): object => ({ error: { code, message: "no" } });
const PROGRESS = { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: 1, progress: 1 } };

/** What comes of one answer, and how the same call is answered then. */
async function becomes(first: () => Response, entry: Entry = MCP): Promise<[string | undefined, string | undefined]> {
  const origin = scriptOrigin(first);
  const client = clientOf(entry);
  const key = uniqueKey();
  const one = await call(client, { key, id: 1 });
  await one.text();
  origin.answers(counts);
  const again = await call(client, { key, id: 2 });
  const refusal = /"code":"([a-z_]+)"/.exec(await again.text())?.[1];
  return [statusOf(one), refusal ?? statusOf(again)];
}

describe("profile mcp: the key of a call", () => {
  const key = "0123456789abcdef";
  test.each<[string, CallOptions]>([
    ["Idempotency-Key", { key }],
    ["/params/_meta/idempotency-key", { params: { _meta: { "idempotency-key": key } } }],
    ["/params/meta/idempotency-key", { params: { meta: { "idempotency-key": key } } }],
    ["/params/arguments/meta/idempotency-key", { args: { meta: { "idempotency-key": key } } }],
    ["/params/arguments/idempotency_key", { args: { idempotency_key: key } }],
  ])("is found in %s", async (place, options) => {
    const origin = scriptOrigin(counts);
    const client = clientOf({ ...MCP, caller: ["x-case"] });
    const headers = { "x-case": place };
    const first = await call(client, { ...options, headers, id: 1 });
    const again = await call(client, { ...options, headers, id: 2 });
    expect([statusOf(first), statusOf(again), again.headers.get("idempotency-key")]).toEqual([
      "executed",
      "replayed",
      expect.stringContaining(key),
    ]);
    expect(await again.json()).toMatchObject({ id: 2, result: { content: [{ text: "run 1" }] } });
    expect(origin.received).toHaveLength(1);
  });

  test("is not used for other arguments, which the client gets as an error of its call", async () => {
    const origin = scriptOrigin(counts);
    const client = clientOf(MCP);
    const key = uniqueKey();
    await call(client, { key });
    const other = await call(client, { key, id: "b", args: { amount: 2 } });
    expect([other.status, other.headers.get("content-type")]).toEqual([200, "application/json"]);
    const { id, error: refusal } = await other.json<{ id: unknown; error: { message: string; data: object } }>();
    expect(id).toBe("b");
    expect(refusal.message).toMatch(/^[A-Z].*key.*\.$/);
    expect(refusal.data).toMatchObject({ code: "key_reused", retryable: false, key_reuse: "new" });
    const tool = await call(client, { key, tool: "refund" });
    expect(await tool.json()).toMatchObject({ error: { data: { code: "key_reused" } } });
    expect(origin.received).toHaveLength(1);
  });
});

describe("profile mcp: what no key covers", () => {
  test.each<[string, object]>([
    ["initialize", message({ method: "initialize", params: { protocolVersion: "2025-11-25" } })],
    ["tools/list", message({ method: "tools/list", params: { _meta: { "idempotency-key": "k" } } })],
    ["tasks/get", message({ method: "tasks/get", params: { arguments: { idempotency_key: "k" } } })],
    ["a notification", { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } }],
    ["a response to the server", { jsonrpc: "2.0", id: 1, result: {} }],
  ])("passes through: %s", async (_, body) => {
    const origin = scriptOrigin(() => new Response(null, { status: 202 }));
    const client = clientOf({ ...MCP, key: "required" });
    const key = uniqueKey();
    for (const headers of [{}, { authorization: null }]) {
      const response = await client.post("/mcp", { key, json: body, headers });
      expect([response.status, statusOf(response)]).toEqual([202, undefined]);
    }
    expect(origin.received).toHaveLength(2);
  });

  test.each(["GET", "DELETE"])("passes through: %s", async (method) => {
    const origin = scriptOrigin();
    const headers = { authorization: "Bearer alice", "mcp-session-id": "s", "idempotency-key": "k" };
    const response = await clientOf({ ...MCP, key: "required" }).fetch("https://api.test/mcp", { method, headers });
    expect([response.status, statusOf(response)]).toEqual([200, undefined]);
    expect(origin.received).toHaveLength(1);
  });

  test("is sent as it came, whole", async () => {
    const origin = scriptOrigin();
    const json = message({ method: "tools/list", params: {} });
    await clientOf(MCP).post("/mcp", { key: null, json });
    expect(new TextDecoder().decode(origin.received[0]?.body)).toBe(JSON.stringify(json));
  });
});

describe("profile mcp: outcomes", () => {
  test.each<[string, () => Response]>([
    ["-32700", () => asJson(error(-32_700), 400)],
    ["-32600", () => asJson(error(-32_600), 400)],
    ["-32601", () => asJson(error(-32_601))],
    ["-32601 in a stream", () => asEvents(PROGRESS, message(error(-32_601)))],
    ["a lost session", () => asJson(error(-32_001), 404)],
    ["a lost session, in text", () => new Response("no such session", { status: 404 })],
    ["a request that names no session", () => asJson(error(-32_000), 400)],
    ["headers that do not match the body", () => asJson(error(-32_020), 400)],
    ["another version", () => asJson(error(-32_022), 400)],
    ["a question", () => asJson({ result: { resultType: "input_required", inputRequests: {} } })],
    ["a question in a stream", () => asEvents(PROGRESS, message({ result: { resultType: "input_required" } }))],
    ["401", () => asJson(error(-32_000), 401)],
    ["429", () => asJson(error(-32_000), 429)],
  ])("frees the key: %s", async (_, first) => {
    expect(await becomes(first)).toEqual([expect.stringMatching(/^(?:released|executed)$/), "executed"]);
  });

  test.each<[string, () => Response]>([
    ["a result", () => asJson({ result: { content: [] } })],
    ["a result in a stream", () => asEvents(PROGRESS, message({ result: { content: [] } }), PROGRESS)],
    ["result.isError", () => asJson({ result: { isError: true, content: [] } })],
    ["result.isError in a stream", () => asEvents(message({ result: { isError: true, content: [] } }))],
    ["-32602", () => asJson(error(-32_602))],
    ["-32602 in a stream", () => asEvents(message(error(-32_602)))],
    ["-32603", () => asJson(error(-32_603))],
    ["-32000 of a tool", () => asJson(error(-32_000))],
    ["-32022 that a tool passes on", () => asJson(error(-32_022))],
    ["a missing capability", () => asJson(error(-32_021), 400)],
    ["500", () => asJson(error(-32_603), 500)],
  ])("keeps the answer: %s", async (_, first) => {
    expect(await becomes(first)).toEqual(["executed", "replayed"]);
  });

  test("are other ones by rules of the policy", async () => {
    const outcomes = [
      { json: "/error/code", is: -32_602, outcome: "not-executed" },
      { json: "/result/isError", is: true, outcome: "not-executed" },
    ];
    const entry = { ...MCP, outcomes };
    expect(await becomes(() => asJson(error(-32_602)), entry)).toEqual(["released", "executed"]);
    expect(await becomes(() => asJson({ result: { isError: true } }), entry)).toEqual(["released", "executed"]);
    // The head of a stream is passed on before its outcome is known.
    expect(await becomes(() => asEvents(message({ result: { isError: true } })), entry)).toEqual([
      "executed",
      "executed",
    ]);
  });

  test.each<[string, () => Response]>([
    ["ends without a response, for the client to fetch it later", () => asEvents(PROGRESS)],
    ["has no data", () => asEvents()],
    ["has a response of more than 1 MB", () => asEvents(message({ result: { text: "x".repeat(1_000_000) } }))],
  ])("is unknown where a stream %s", async (_, first) => {
    expect(await becomes(first)).toEqual(["executed", "outcome_unknown"]);
  });

  test("is unknown where a stream breaks off", async () => {
    const body = liveBody();
    scriptOrigin(() => body.response({ headers: { "content-type": "text/event-stream" } }));
    const client = clientOf(MCP);
    const key = uniqueKey();
    const first = await call(client, { key });
    body.send(`data: ${JSON.stringify(PROGRESS)}\n\n`);
    body.breakOff();
    expect(await first.text().catch(() => "cut")).toBe("cut");
    const again = await call(client, { key, id: 2 });
    expect(await again.json()).toMatchObject({ id: 2, error: { data: { code: "outcome_unknown" } } });
  });
});

describe("profile mcp: a call that asks for input", () => {
  test("runs under its key when it comes again with the input, and is replayed then", async () => {
    const origin = scriptOrigin(() => asJson({ result: { resultType: "input_required", requestState: "s" } }));
    const client = clientOf(MCP);
    const args = { amount: 1, idempotency_key: uniqueKey() };
    expect(statusOf(await call(client, { args }))).toBe("released");
    origin.answers(counts);
    const params = { inputResponses: { confirm: { action: "accept" } }, requestState: "s" };
    expect(statusOf(await call(client, { args, params, id: 2 }))).toBe("executed");
    expect(statusOf(await call(client, { args, params, id: 3 }))).toBe("replayed");
    expect(origin.received).toHaveLength(2);
  });
});

describe("profile mcp: sessions", () => {
  const inSession = (id: string): Answering => {
    return (request, number) => {
      const response = counts(request, number) as Response;
      response.headers.set("mcp-session-id", id);
      return response;
    };
  };
  const session = (response: Response): string | null => response.headers.get("mcp-session-id");

  test("a retry in another session is found, and has the session of the request at hand", async () => {
    const origin = scriptOrigin(inSession("first"));
    const client = clientOf(MCP);
    const key = uniqueKey();
    const first = await call(client, { key, headers: { "mcp-session-id": "first" } });
    const second = await call(client, { key, headers: { "mcp-session-id": "second" }, id: 2 });
    const none = await call(client, { key, id: 3 });
    expect([first, second, none].map(statusOf)).toEqual(["executed", "replayed", "replayed"]);
    expect([first, second, none].map(session)).toEqual(["first", "second", null]);
    expect(origin.received).toHaveLength(1);
  });
});

describe("3.2.7 a route for a call", () => {
  const batch = (...tools: string[]): object[] => tools.map((tool, id) => toolCall({ tool, id }));

  test("has rules of its own: a key is required of one tool, and ignored for another", async () => {
    const origin = scriptOrigin(counts);
    const client = clientOf(ROUTES);
    const missing = await call(client);
    expect(await missing.json()).toMatchObject({ id: 1, error: { data: { code: "key_missing" } } });
    expect(origin.received).toHaveLength(0);
    const key = uniqueKey();
    expect(statusOf(await call(client, { tool: "search", key }))).toBeUndefined();
    expect(statusOf(await call(client, { tool: "other" }))).toBeUndefined();
    expect(statusOf(await call(client, { tool: "other", key }))).toBe("executed");
    expect(statusOf(await call(client, { key: uniqueKey() }))).toBe("executed");
    expect(origin.received).toHaveLength(4);
  });

  test("shows operators which tool it was", async () => {
    scriptOrigin(counts);
    const key = uniqueKey();
    await call(clientOf(ROUTES), { key });
    const object = await objectOf(key, "/mcp");
    expect((await rowOf(object))?.["operation"]).toBe("POST /mcp tools/call:create_payment");
  });

  test("derives a key for the tool that it names, and another one for each tool", async () => {
    const origin = scriptOrigin(counts);
    const client = clientOf({ ...ROUTES, caller: ["x-case"] });
    const send = (tool: string, id: number): Promise<Response> =>
      call(client, { tool, id, args: { to: "bob" }, headers: { "x-case": "derives" } });
    const statuses = [await send("send_mail", 1), await send("send_mail", 2), await send("send_text", 3)].map(statusOf);
    expect(statuses).toEqual(["executed", "replayed", "executed"]);
    expect(statusOf(await send("other", 4))).toBeUndefined();
    expect(origin.received).toHaveLength(3);
  });

  test("applies to a batch with such a call", async () => {
    const origin = scriptOrigin(() => Response.json([]));
    const client = clientOf(ROUTES);
    for (const json of [batch("create_payment"), batch("search", "create_payment"), batch("create_payment", "other")]) {
      const response = await client.post("/mcp", { key: null, json });
      expect(await response.text()).toContain("key_missing");
    }
    expect(origin.received).toHaveLength(0);
    expect(statusOf(await client.post("/mcp", { key: null, json: batch("search", "other") }))).toBeUndefined();
  });

  test.each<[string, string, string]>([
    [
      "a member that is there twice",
      '{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}',
      "application/json",
    ],
    ["another media type", JSON.stringify(toolCall()), "text/plain"],
    ["another charset", JSON.stringify(toolCall()), "application/json; charset=utf-16"],
    ["no JSON", "{", "application/json"],
    [
      "a batch with a message of no version",
      JSON.stringify([message({ method: "tools/list" }), { ...toolCall(), jsonrpc: undefined }]),
      "application/json",
    ],
    [
      "the same behind a notification",
      JSON.stringify([PROGRESS, { ...toolCall(), jsonrpc: undefined }]),
      "application/json",
    ],
    ["no version of JSON-RPC", JSON.stringify({ ...toolCall(), jsonrpc: undefined }), "application/json"],
  ])("applies where the call can't be read: %s", async (_, body, type) => {
    const origin = scriptOrigin();
    const client = clientOf({ ...ROUTES, key_from: ["Idempotency-Key"] });
    const response = await client.post("/mcp", { key: null, body, headers: { "content-type": type } });
    expect(await response.json()).toMatchObject({ code: "key_missing" });
    expect(origin.received).toHaveLength(0);
  });

  test("applies to a method that a header replaces by the covered one", async () => {
    const origin = scriptOrigin();
    const headers = {
      authorization: "Bearer alice",
      "content-type": "application/json",
      "x-http-method-override": "POST",
    };
    const init = { method: "PUT", headers, body: JSON.stringify(toolCall()) };
    const response = await clientOf(ROUTES).fetch("https://api.test/mcp", init);
    expect(await response.json()).toMatchObject({ id: 1, error: { data: { code: "key_missing" } } });
    expect(origin.received).toHaveLength(0);
  });

  test("only counts where it observes, and sends the body that was read", async () => {
    const origin = scriptOrigin(counts);
    const numbers = collectNumbers();
    const client = clientOf({ ...ROUTES, mode: "observe" });
    const key = uniqueKey();
    for (const id of [1, 2]) {
      expect(statusOf(await call(client, { key, id }))).toBeUndefined();
      await numbers.counted(id);
    }
    expect(origin.received.map(({ body }) => JSON.parse(new TextDecoder().decode(body)) as unknown)).toEqual([
      toolCall({ id: 1 }),
      toolCall({ id: 2 }),
    ]);
    const decisions = (await numbers.counted(2)).map(({ decision }) => decision);
    expect(decisions).toEqual(["would_execute", "would_replay"]);
  });

  test("needs no route for other calls, and other paths read no body", async () => {
    const origin = scriptOrigin(counts);
    const client = clientOf({
      routes: [{ match: "POST /mcp pay", profile: "mcp", rpc_methods: ["pay"], key: "required" }],
    });
    const pay = (path: string): Promise<Response> => client.post(path, { key: null, json: message({ method: "pay" }) });
    expect(await (await pay("/mcp")).json()).toMatchObject({ error: { data: { code: "key_missing" } } });
    expect(statusOf(await pay("/other"))).toBeUndefined();
    const list = await client.post("/mcp", { key: null, json: message({ method: "list" }) });
    expect(statusOf(list)).toBeUndefined();
    expect(origin.received).toHaveLength(2);
  });
});
