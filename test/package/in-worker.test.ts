import { abortAllDurableObjects, createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { oncegate } from "../../src/package/index.ts";
import { problemOf, statusOf, uniqueKey } from "../support/gateway.ts";
import { arrived, release, scheduled, seen, seenAt } from "./app.ts";
import worker, { Origin } from "./worker.ts";

interface Sent {
  readonly key?: string | null;
  readonly body?: BodyInit;
  readonly headers?: Record<string, string>;
  readonly host?: string;
  readonly signal?: AbortSignal;
}

function post(path: string, { key = uniqueKey(), body = "{}", headers = {}, host = "api.test", signal }: Sent = {}) {
  const keyed: Record<string, string> = key === null ? {} : { "idempotency-key": key };
  const fields = { authorization: "Bearer alice", "content-type": "application/json", ...keyed, ...headers };
  return exports.default.fetch(`https://${host}${path}`, {
    method: "POST",
    body,
    headers: fields,
    signal: signal ?? null,
  });
}

/** A path of its own for each test. */
function pathOf(kind: string): string {
  return `/${kind}/${uniqueKey()}`;
}

describe("an app of the same Worker, behind oncegate()", () => {
  test("runs once, and a retry gets the stored response", async () => {
    const path = pathOf("charges");
    const key = uniqueKey();
    const first = await post(path, { key });
    const second = await post(path, { key });
    expect([statusOf(first), statusOf(second)]).toEqual(["executed", "replayed"]);
    expect([first.status, second.status, first.headers.get("x-of-app")]).toEqual([201, 201, "yes"]);
    expect(await second.json()).toEqual(await first.json());
    expect(seenAt(path)).toHaveLength(1);
  });

  test("a retry with another body is refused, and one without a key where one is required", async () => {
    const path = pathOf("charges");
    const key = uniqueKey();
    await post(path, { key });
    expect(await problemOf(await post(path, { key, body: '{"other":1}' }))).toBe("422 key_reused");
    expect(await problemOf(await post(path, { key: null, host: "retries.test" }))).toBe("400 key_missing");
    expect(seenAt(path)).toHaveLength(1);
  });

  test("a retry meanwhile joins the running handler", async () => {
    const path = pathOf("held");
    const key = uniqueKey();
    const first = post(path, { key });
    await arrived(path);
    const second = post(path, { key });
    await scheduler.wait(50);
    release(path);
    expect([statusOf(await first), statusOf(await second)]).toEqual(["executed", "joined"]);
    expect(seenAt(path)).toHaveLength(1);
  });

  test("a client that leaves changes nothing for the running handler", async () => {
    const path = pathOf("held");
    const key = uniqueKey();
    const leaving = new AbortController();
    const first = post(path, { key, signal: leaving.signal }).catch(() => null);
    await arrived(path);
    leaving.abort();
    await first;
    await scheduler.wait(50);
    expect(seenAt(path)[0]?.signal.aborted).toBe(false);
    release(path);
    const second = await post(path, { key });
    expect(second.status).toBe(201);
    expect(seenAt(path)).toHaveLength(1);
  });

  test("the process dies: the outcome is unknown, and only on_unknown = retry runs it again", async () => {
    const [path, key] = [pathOf("held"), uniqueKey()];
    const [path2, key2] = [pathOf("held"), uniqueKey()];
    const first = post(path, { key });
    const other = post(path2, { key: key2, host: "retries.test" });
    await arrived(path);
    await arrived(path2);
    await abortAllDurableObjects();
    expect(await problemOf(await first)).toBe("409 outcome_unknown");
    await other;
    release(path);
    release(path2);
    expect(await problemOf(await post(path, { key }))).toBe("409 outcome_unknown");
    expect(statusOf(await post(path2, { key: key2, host: "retries.test" }))).toBe("executed");
    expect([seenAt(path).length, seenAt(path2).length]).toEqual([1, 2]);
  });

  test.each(["throws", "nothing"])(
    "a handler that %s is unknown, and nothing of its error reaches the client",
    async (kind) => {
      const path = pathOf(kind);
      const key = uniqueKey();
      for (const _ of [1, 2]) {
        const response = await post(path, { key });
        const text = await response.clone().text();
        expect(text).not.toContain("secret");
        expect(await problemOf(response)).toMatch(/^(?:502 origin_unreachable|409 outcome_unknown)$/);
      }
      expect(seenAt(path)).toHaveLength(1);
      const keyless = await post(path, { key: null });
      expect(keyless.status).toBe(502);
      expect(await keyless.text()).not.toContain("secret");
    },
  );
});

describe("bodies", () => {
  test("a streamed response reaches the client as it comes, and is replayed", async () => {
    const path = pathOf("events");
    const key = uniqueKey();
    const response = await post(path, { key });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toBe("data: first\n\n");
    release(path);
    expect((await reader?.read())?.value).toBe("data: second\n\n");
    expect((await reader?.read())?.done).toBe(true);
    expect(await (await post(path, { key })).text()).toBe("data: first\n\ndata: second\n\n");
    expect(seenAt(path)).toHaveLength(1);
  });

  test.each([null, "keyed"])("1 MB goes both ways unchanged (%s)", async (kind) => {
    const path = pathOf("bytes");
    const bytes = crypto.getRandomValues(new Uint8Array(65_536));
    const body = new Uint8Array(1_000_000).map((_, index) => bytes[index % 65_536] ?? 0);
    const headers = { "content-type": "application/octet-stream" };
    const key = kind === null ? null : uniqueKey();
    const response = await post(path, { key, body, headers });
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(body);
    expect(seenAt(path)).toHaveLength(1);
  });
});

describe("answers of other kinds", () => {
  test("a content coding that the platform adds is taken off, and the replay has the same text", async () => {
    const path = pathOf("coded");
    const key = uniqueKey();
    for (const _ of [1, 2]) expect(await (await post(path, { key })).text()).toBe("a".repeat(1000));
    expect(seenAt(path)).toHaveLength(1);
  });

  test("a WebSocket is opened without a key", async () => {
    const init = { headers: { upgrade: "websocket" } };
    const { webSocket, status } = await exports.default.fetch(`https://api.test${pathOf("socket")}`, init);
    expect(status).toBe(101);
    const message = new Promise((resolve) => webSocket?.addEventListener("message", ({ data }) => resolve(data)));
    webSocket?.accept();
    expect(await message).toBe("of the app");
  });
});

describe("what the app gets", () => {
  test("its own bindings, its own context and the data about the connection, with a key or without", async () => {
    const path = pathOf("charges");
    const cf = { country: "NL" };
    const fields = { authorization: "Bearer alice", "idempotency-key": uniqueKey() };
    const url = `https://api.test${path}`;
    await exports.default.fetch(new Request(url, { method: "POST", headers: fields, body: "a", cf }));
    await exports.default.fetch(new Request(url, { method: "POST", body: "a", cf }));
    const [keyed, keyless] = seenAt(path);
    expect(keyed?.env).toMatchObject({ ORIGIN: "of the app", TENANTS: "of the app" });
    expect(keyless?.env).toMatchObject({ ORIGIN: "of the app", TENANTS: "of the app" });
    for (const one of [keyed, keyless]) expect(one?.cf).toMatchObject(cf);
    for (const one of [keyed, keyless]) expect(one?.ctx).toMatchObject({ waitUntil: expect.any(Function) });
    expect(keyed?.headers.get("oncegate-attempt")).toBe("1");
    expect(keyless?.headers.get("oncegate-attempt")).toBeNull();
  });

  test("without a key the request stays in its invocation: same context, no object", async () => {
    const path = pathOf("charges");
    const ctx = createExecutionContext();
    const response = await worker.fetch(new Request(`https://api.test${path}`, { method: "POST" }), env, ctx);
    await waitOnExecutionContext(ctx);
    expect(response.status).toBe(201);
    expect(seenAt(path)[0]?.ctx).toBe(ctx);
    expect(response.headers.get("idempotency-status")).toBeNull();
  });

  test("other handlers of the app stay its own", async () => {
    const before = scheduled;
    worker.scheduled();
    expect(scheduled).toBe(before + 1);
  });

  test("an observed request runs in its invocation too", async () => {
    const key = uniqueKey();
    const before = seenAt("/observed").length;
    for (const _ of [1, 2]) expect((await post("/observed", { key })).status).toBe(201);
    expect(seenAt("/observed")).toHaveLength(before + 2);
  });
});

describe("operators", () => {
  const asOperator = { headers: { authorization: "Bearer operators-token" } };

  test("find an unknown outcome in the journal, and settle it, by the Worker's own secret", async () => {
    const path = pathOf("throws");
    const key = uniqueKey();
    await post(path, { key });
    const listed = await exports.default.fetch("https://api.test/_oncegate/v1/journal?state=unknown", asOperator);
    const { entries } = await listed.json<{ entries: { operation: string; record: string }[] }>();
    const record = entries.find(({ operation }) => operation.includes(path))?.record;
    expect(record).toMatch(/^[0-9a-f]{64}$/);
    const released = await exports.default.fetch(`https://api.test/_oncegate/v1/records/${record}/release`, {
      method: "POST",
      body: JSON.stringify({ why: "it did not run" }),
      ...asOperator,
    });
    expect(released.status).toBe(200);
    await post(path, { key });
    expect(seenAt(path)).toHaveLength(2);
  });

  test("no one else reads it", async () => {
    const response = await exports.default.fetch("https://api.test/_oncegate/v1/journal");
    expect(response.status).toBe(401);
  });
});

describe("a handler that calls its own host", () => {
  test("gets 508 where it passes CDN-Loop on", async () => {
    const path = pathOf("calls-itself");
    const response = await post(path);
    expect(await response.json()).toMatchObject({ status: 508, body: { code: "loop_detected" } });
    expect(seenAt(path)).toHaveLength(1);
  });

  test("joins itself under the same key without it, and ends after `wait`", async () => {
    const path = pathOf("calls-itself");
    const response = await post(path, { headers: { "x-without-mark": "yes" } });
    expect(await response.json()).toMatchObject({ status: 409, body: { code: "in_flight" } });
    expect(seenAt(path)).toHaveLength(1);
  });
});

describe("a Worker that lacks something", () => {
  /** As the platform's context, with other exports. */
  const contextWith = (exported: object | undefined): ExecutionContext =>
    Object.assign(Object.create(createExecutionContext()), { waitUntil: () => {}, exports: exported });
  const OBJECTS = { KeyObject: {}, ShadowObject: {}, Journal: {} };

  test.each([
    [undefined, "ctx.exports", "enable_ctx_exports"],
    [OBJECTS, "Origin", "is not exported by this Worker: export the Origin that oncegate() returns"],
    [{ ...OBJECTS, Origin: {}, KeyObject: undefined }, "KeyObject", 'export { KeyObject } from "oncegate"'],
  ])("closes its hosts, and the log has the cure (%#)", async (exported, path, cure) => {
    const lines = vi.spyOn(console, "warn").mockImplementation(() => {});
    onTestFinished(() => lines.mockRestore());
    const count = seen.length;
    const request = new Request("https://api.test/charges", { method: "POST", body: "{}" });
    const response = await worker.fetch(request, { ...env }, contextWith(exported));
    expect(await problemOf(response)).toBe("500 misconfigured");
    expect(seen).toHaveLength(count);
    const faults = lines.mock.calls
      .map(([line]) => JSON.parse(String(line)))
      .filter(({ event }) => event === "configuration_fault");
    expect(faults).toMatchObject([{ path, message: expect.stringContaining(cure) }]);
  });

  test("closes them without the binding of its objects too", async () => {
    const lines = vi.spyOn(console, "warn").mockImplementation(() => {});
    onTestFinished(() => lines.mockRestore());
    const request = new Request("https://api.test/charges", { method: "POST", body: "{}" });
    const response = await worker.fetch(
      request,
      { ...env, KEYS: "of the app" },
      contextWith({ ...OBJECTS, Origin: {} }),
    );
    expect(await problemOf(response)).toBe("500 misconfigured");
    expect(lines.mock.calls.join("\n")).toContain('"path":"KEYS"');
  });
});

describe("a second call of oncegate() in one Worker", () => {
  test("runs neither its own app nor the one that is exported, and the log has the cure", async () => {
    const lines = vi.spyOn(console, "warn").mockImplementation(() => {});
    onTestFinished(() => lines.mockRestore());
    const count = seen.length;
    let runs = 0;
    const second = { fetch: () => new Response(String(runs++)) };
    const { handler } = oncegate(second, { caller: ["authorization"] });
    const context = Object.assign(Object.create(createExecutionContext()), { waitUntil: () => {}, exports });
    const headers = { authorization: "Bearer alice", "idempotency-key": uniqueKey() };
    const request = new Request("https://api.test/second", { method: "POST", body: "{}", headers });
    const response = await handler.fetch(request, { ...env }, context);
    expect([response.status, statusOf(response)]).toEqual([503, "released"]);
    expect([runs, seen.length]).toEqual([0, count]);
    expect(lines.mock.calls.join("\n")).toContain("export the Origin and the handler of one call of oncegate()");
  });

  test("is refused where what it gets has no fetch", () => {
    const withoutFetch: unknown = { scheduled: () => {} };
    expect(() => oncegate(withoutFetch as Parameters<typeof oncegate>[0], { caller: [] })).toThrow(
      "must have a method fetch",
    );
  });
});

describe("the entrypoint", () => {
  test("runs nothing for a call without the properties of a key object", async () => {
    const count = seen.length;
    const entrypoint = Reflect.get(exports, "Origin") as (options: object) => Fetcher;
    for (const props of [{}, { oncegate: 0 }, { oncegate: "1" }]) {
      const response = await entrypoint({ props }).fetch("https://api.test/charges", { method: "POST" });
      expect(response.status).toBe(503);
      expect(response.headers.get("oncegate-outcome")).toBe("not-executed");
    }
    expect(seen).toHaveLength(count);
    expect(typeof Origin).toBe("function");
  });
});
