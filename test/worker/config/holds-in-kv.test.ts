import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { holdsOf } from "../../../src/config/holds.ts";
import { ENTRIES_MAX } from "../../../src/config/known-entries.ts";
import { gateway } from "../../../src/worker/gateway.ts";
import { type Entry, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";

/** The platform's own, as vitest.config.ts binds it. */
const KV: KVNamespace = Reflect.get(env, "KV_OF_TESTS");

const TENANT = { origin: "http://origin.test", caller: ["authorization"] };

afterEach(() => void vi.useRealTimers());

/** Only the clock: the platform's own cache goes on as it is. */
function setClock(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: ms });
}

const uniqueHost = (): string => `${crypto.randomUUID()}.example.com`;

/** An isolate of its own: what has been read is kept for each environment. */
function isolate(tenants: Record<string, Entry>, namespace: unknown) {
  return isolateOf({ ...env, TENANTS: tenants, ...(namespace !== null && { TENANTS_KV: namespace }) });
}

function isolateOf(bindings: Env) {
  return async (host: string, key: string | null = uniqueKey(), path = "/v1/charges", method = "POST") => {
    const headers = new Headers({ authorization: "Bearer alice", ...(key !== null && { "idempotency-key": key }) });
    const init = method === "GET" ? { headers } : { method, headers, body: "{}" };
    const request = new Request(`https://${host}${path}`, init);
    return gateway.fetch(request, bindings, createExecutionContext());
  };
}

/** A namespace of the test's own, with what was read of it. */
function fakeKv(entries: Record<string, string> = {}) {
  const reads: string[][] = [];
  const store = new Map(Object.entries(entries));
  let isBroken = false;
  const get = (names: string | string[]): Promise<unknown> => {
    reads.push([names].flat());
    if (isBroken) return Promise.reject(new Error("KV GET failed: 500"));
    if (typeof names === "string") return Promise.resolve(store.get(names) ?? null);
    return Promise.resolve(new Map(names.map((name) => [name, store.get(name) ?? null])));
  };
  const namespace = { get, getWithMetadata: () => {} };
  return { namespace, reads, store, becomes: (next: "broken" | "well") => void (isBroken = next === "broken") };
}

/** The events of the log, in order, without those of configuration. */
function collectLog() {
  const spy = vi.spyOn(console, "warn").mockImplementation(() => {});
  onTestFinished(() => spy.mockRestore());
  return () => spy.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>);
}

describe("4.6.5 a hold in KV", () => {
  test("is read from the platform's own namespace, for a deployed tenant", async () => {
    const host = uniqueHost();
    await KV.put(`hold:${host}`, JSON.stringify({ reason: "INC-42", since: "2026-11-30T12:00:00Z" }));
    onTestFinished(() => KV.delete(`hold:${host}`));
    const logged = collectLog();
    const origin = scriptOrigin();
    const send = isolate({ [host]: TENANT }, KV);
    expect(await problemOf(await send(host))).toBe("503 on_hold");
    expect(await problemOf(await send(host, null))).toBe("503 on_hold");
    expect(origin.received).toHaveLength(0);
    expect(logged().filter(({ event }) => event === "hold_began")).toMatchObject([
      { name: `hold:${host}`, reason: "INC-42", since: "2026-11-30T12:00:00.000Z", routes: null },
    ]);
  });

  test.each([
    ["its own hostname", "hold:a.b.example.com", true],
    ["the wildcard next to it", "hold:*.b.example.com", true],
    ["the wildcard entry that serves it", "hold:*.example.com", true],
    ["everything", "hold:*", true],
    ["another hostname", "hold:b.example.com", false],
    ["another wildcard", "hold:*.a.b.example.com", false],
  ])("by the name of %s", async (_, name, isHeld) => {
    scriptOrigin();
    const kv = fakeKv({ [name]: "{}" });
    const send = isolate({ "*.example.com": TENANT }, kv.namespace);
    const answer = await send("a.b.example.com");
    expect(isHeld ? await problemOf(answer) : statusOf(answer)).toBe(isHeld ? "503 on_hold" : "executed");
    expect(kv.reads.at(-1)).toEqual(["hold:a.b.example.com", "hold:*.b.example.com", "hold:*", "hold:*.example.com"]);
  });

  test("of a route holds that route alone, in each spelling that policies match", async () => {
    scriptOrigin();
    const kv = fakeKv({ "hold:api.test": JSON.stringify({ routes: ["POST /v1/charges", "* /v2/*"] }) });
    const send = isolate({ "api.test": { ...TENANT, methods: ["POST", "PUT"] } }, kv.namespace);
    for (const path of ["/v1/charges", "/v1/%63harges", "/v2/any"]) {
      expect(await problemOf(await send("api.test", uniqueKey(), path))).toBe("503 on_hold");
    }
    expect(await problemOf(await send("api.test", uniqueKey(), "/v2/any", "PUT"))).toBe("503 on_hold");
    expect(statusOf(await send("api.test", uniqueKey(), "/v1/refunds"))).toBe("executed");
    expect(statusOf(await send("api.test", uniqueKey(), "/v1/charges", "PUT"))).toBe("executed");
  });

  test.each([
    ["is not JSON", "yes"],
    ["is empty", ""],
    ["has an unknown field", '{"route": ["POST /v1/refunds"]}'],
    ["has a route without a method", '{"routes": ["/v1/refunds"]}'],
    ["has no route", '{"routes": []}'],
    ["has a broken pattern", '{"routes": ["POST /v1/:id{[}"]}'],
    ["names a call", '{"routes": ["POST /mcp tools/call"]}'],
    ["has a reason that is no text", '{"reason": 5}'],
  ])("that %s holds everything, and the log says so", async (_, text) => {
    const logged = collectLog();
    const origin = scriptOrigin();
    const send = isolate({ "api.test": TENANT }, fakeKv({ "hold:api.test": text }).namespace);
    for (const path of ["/v1/charges", "/v1/refunds"]) {
      expect(await problemOf(await send("api.test", uniqueKey(), path))).toBe("503 on_hold");
    }
    expect(origin.received).toHaveLength(0);
    const faults = logged().filter(({ event }) => event === "configuration_fault");
    expect(faults).not.toEqual([]);
    for (const { message } of faults) expect(message).toContain("everything is on hold");
  });

  test("is not read for a request that no policy covers, nor for an unknown host", async () => {
    scriptOrigin();
    const kv = fakeKv({ "hold:*": "{}" });
    const send = isolate({ "api.test": { ...TENANT, routes: [{ match: "POST /off", key: "off" }] } }, kv.namespace);
    expect((await send("api.test", null, "/v1/charges", "GET")).status).toBe(200);
    expect((await send("api.test", null, "/off")).status).toBe(200);
    expect(kv.reads).toEqual([]);
    expect((await send("other.test")).status).toBe(421);
    expect(kv.reads).toEqual([["other.test"], ["*.test"], ["*"]]);
  });

  test("is not read without a namespace", async () => {
    scriptOrigin();
    expect(statusOf(await isolate({ "api.test": TENANT }, null)("api.test"))).toBe("executed");
  });
});

describe("4.6.6 an isolate", () => {
  test("uses what it has read for 30 seconds, then sees a hold begin and end", async () => {
    const logged = collectLog();
    const origin = scriptOrigin();
    const kv = fakeKv();
    const send = isolate({ "api.test": TENANT }, kv.namespace);
    const startMs = Date.now();
    setClock(startMs);
    expect(statusOf(await send("api.test"))).toBe("executed");
    kv.store.set("hold:api.test", '{"reason": "INC-42"}');
    setClock(startMs + 29_999);
    expect(statusOf(await send("api.test"))).toBe("executed");
    expect(kv.reads).toHaveLength(1);
    setClock(startMs + 30_000);
    const key = uniqueKey();
    expect(await problemOf(await send("api.test", key))).toBe("503 on_hold");
    expect(await problemOf(await send("api.test", key))).toBe("503 on_hold");
    kv.store.delete("hold:api.test");
    setClock(startMs + 60_000);
    expect(statusOf(await send("api.test", key))).toBe("executed");
    expect(kv.reads).toHaveLength(3);
    expect(origin.received).toHaveLength(3);
    const lines = logged().filter(({ event }) => String(event).startsWith("hold_"));
    expect(lines.map(({ event, name, reason }) => [event, name, reason])).toEqual([
      ["hold_began", "hold:api.test", "INC-42"],
      ["hold_ended", "hold:api.test", undefined],
    ]);
  });

  test("logs a hold of everything once, however many hostnames it covers", async () => {
    const logged = collectLog();
    scriptOrigin();
    const send = isolate({ "*": TENANT }, fakeKv({ "hold:*": "{}" }).namespace);
    for (const host of ["a.test", "b.test", "c.test"]) {
      expect(await problemOf(await send(host))).toBe("503 on_hold");
    }
    expect(logged().filter(({ event }) => event === "hold_began")).toHaveLength(1);
  });
});

describe("4.6.7 while KV can't be read", () => {
  test("the last value counts, held or not, for as long as it lasts", async () => {
    collectLog();
    scriptOrigin();
    const startMs = Date.now();
    setClock(startMs);
    const kv = fakeKv({ "hold:held.test": "{}" });
    const send = isolate({ "held.test": TENANT, "free.test": TENANT }, kv.namespace);
    expect(await problemOf(await send("held.test"))).toBe("503 on_hold");
    expect(statusOf(await send("free.test"))).toBe("executed");
    kv.becomes("broken");
    kv.store.delete("hold:held.test");
    kv.store.set("hold:free.test", "{}");
    setClock(startMs + 24 * 60 * 60_000);
    expect(await problemOf(await send("held.test"))).toBe("503 on_hold");
    expect(statusOf(await send("free.test"))).toBe("executed");
    kv.becomes("well");
    setClock(startMs + 24 * 60 * 60_000 + 10_000);
    expect(statusOf(await send("held.test"))).toBe("executed");
    expect(await problemOf(await send("free.test"))).toBe("503 on_hold");
  });

  test("a hold of several hostnames counts for one that others have pushed out, and for one that was not read", async () => {
    collectLog();
    const origin = scriptOrigin();
    const kv = fakeKv({ "hold:*": "{}" });
    const tenants = { "api.test": TENANT, "new.test": TENANT, "*": TENANT };
    const bindings = { ...env, TENANTS: tenants, TENANTS_KV: kv.namespace };
    const send = isolateOf(bindings);
    expect(await problemOf(await send("api.test"))).toBe("503 on_hold");
    for (let made = 0; made < ENTRIES_MAX; made++) await holdsOf(bindings, `made-up-${made}.test`, "*");
    kv.becomes("broken");
    for (const host of ["api.test", "new.test"]) expect(await problemOf(await send(host))).toBe("503 on_hold");
    expect(origin.received).toHaveLength(0);
  });

  test("an isolate that has never read it holds nothing, and the log says so", async () => {
    const logged = collectLog();
    scriptOrigin();
    const startMs = Date.now() + 30 * 24 * 60 * 60_000;
    setClock(startMs);
    const kv = fakeKv({ "hold:api.test": "{}" });
    kv.becomes("broken");
    const send = isolate({ "api.test": TENANT }, kv.namespace);
    expect(statusOf(await send("api.test"))).toBe("executed");
    expect(logged().map(({ event, name }) => [event, name])).toEqual([["tenants_unreadable", "hold:api.test"]]);
    kv.becomes("well");
    setClock(startMs + 5000);
    expect(await problemOf(await send("api.test"))).toBe("503 on_hold");
  });
});
