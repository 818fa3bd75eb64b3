import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { gateway } from "../../../src/worker/gateway.ts";
import { type Entry, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";

/** The platform's own, as vitest.config.ts binds it. */
const KV: KVNamespace = Reflect.get(env, "KV_OF_TESTS");

const DAY = 24 * 60 * 60 * 1000;

/** A hostname of the test's own, since the namespace is shared by all of this file. */
const uniqueHost = (): string => `${crypto.randomUUID()}.example.com`;

const entryAt = (place: string, fields: Entry = {}): Entry => {
  return { origin: `http://${place}.test`, caller: ["authorization"], ...fields };
};

async function put(name: string, entry: Entry | string): Promise<void> {
  await KV.put(name, typeof entry === "string" ? entry : JSON.stringify(entry));
  onTestFinished(() => KV.delete(name));
}

/** An isolate of its own, which has read nothing yet: what has been read is kept for each environment. */
function isolate(fixed: Record<string, Entry> = {}, namespace: unknown = KV) {
  const bindings = { ...env, TENANTS: fixed, TENANTS_KV: namespace };
  return async (host: string, key: string | null = uniqueKey(), body = "{}"): Promise<Response> => {
    const headers = new Headers({ authorization: "Bearer alice", "content-type": "application/json" });
    if (key !== null) headers.set("idempotency-key", key);
    const request = new Request(`https://${host}/v1/charges`, { method: "POST", headers, body, redirect: "manual" });
    return gateway.fetch(request, bindings, createExecutionContext());
  };
}

/** The namespace with a number of reads, which fail from a moment on. */
function failing(): { readonly namespace: object; readonly reads: string[]; breakOff(): void } {
  const reads: string[] = [];
  let broken = false;
  const get = async (name: string | string[], options: KVNamespaceGetOptions<"text">): Promise<unknown> => {
    // Those of holds have a file of their own.
    if (typeof name !== "string") return new Map();
    reads.push(name);
    if (broken) throw new Error("KV GET failed: 500 Internal Server Error");
    return KV.get(name, options);
  };
  const namespace = { get, getWithMetadata: () => {} };
  return { namespace, reads, breakOff: () => void (broken = true) };
}

function silenceLog() {
  const logged = vi.spyOn(console, "warn").mockImplementation(() => {});
  onTestFinished(() => logged.mockRestore());
  return logged;
}

afterEach(() => void vi.useRealTimers());

function setClock(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: ms });
}

describe("3.1.1 a tenant in KV", () => {
  test("is served like one in the variables, keyed and not", async () => {
    const host = uniqueHost();
    await put(host, entryAt("kv", { routes: [{ match: "POST /v1/*", key: "required" }] }));
    const origin = scriptOrigin();
    const send = isolate();
    const key = uniqueKey();
    expect(statusOf(await send(host, key))).toBe("executed");
    expect(statusOf(await send(host, key))).toBe("replayed");
    expect(await problemOf(await send(host, null))).toBe("400 key_missing");
    expect(origin.received.map(({ url }) => url)).toEqual(["http://kv.test/v1/charges"]);
  });

  test("is found by its own name, the nearest suffix and *, across KV and the variables", async () => {
    const host = uniqueHost();
    const suffix = `*.${host}`;
    await put(`own.${host}`, entryAt("own-kv"));
    await put(suffix, entryAt("suffix-kv"));
    await put(`fixed.${host}`, entryAt("never"));
    const origin = scriptOrigin();
    const send = isolate({ "*": entryAt("any-fixed"), [`fixed.${host}`]: entryAt("own-fixed") });
    for (const label of ["own", "other", "fixed", "deep.own"]) await send(`${label}.${host}`);
    await send(host);
    expect(origin.received.map(({ url }) => new URL(url).hostname)).toEqual([
      "own-kv.test",
      "suffix-kv.test",
      "own-fixed.test",
      // A suffix in KV serves hostnames of one label more.
      "any-fixed.test",
      "any-fixed.test",
    ]);
  });

  test("that does not exist is unknown", async () => {
    expect(await problemOf(await isolate()(uniqueHost()))).toBe("421 unknown_tenant");
  });

  test("may have an origin that is a service of this Worker", async () => {
    const host = uniqueHost();
    await put(host, { origin: "service:ECHO", caller: [] });
    expect(await (await isolate()(host)).json()).toMatchObject({ url: `https://${host}/v1/charges` });
  });

  test("whose origin is another tenant in KV is refused by the header that marks loops", async () => {
    const [host, next] = [uniqueHost(), uniqueHost()];
    await put(host, { origin: `https://${next}`, caller: [] });
    await put(next, entryAt("never"));
    const send = isolate();
    const origin = scriptOrigin(async ({ url, headers }) => {
      expect(new URL(url).hostname).toBe(next);
      const again = new Request(url, { method: "POST", headers, body: "{}" });
      return gateway.fetch(again, Object.assign({}, env, { TENANTS: {}, TENANTS_KV: KV }), createExecutionContext());
    });
    expect(await problemOf(await send(host, null))).toBe("508 loop_detected");
    expect(origin.received).toHaveLength(1);
  });
});

describe("3.1.4 a faulty tenant in KV", () => {
  test.each([
    ["a field that is not right", JSON.stringify(entryAt("kv", { ttl: "1" }))],
    ["no JSON", "{"],
    ["a service that is not bound", JSON.stringify({ origin: "service:NONE", caller: [] })],
  ])("closes its own host, and no wildcard serves it: %s", async (_, text) => {
    const host = uniqueHost();
    await put(host, text);
    silenceLog();
    const origin = scriptOrigin();
    const send = isolate({ "*": entryAt("any-fixed") });
    expect(await problemOf(await send(host))).toBe("500 misconfigured");
    expect((await send(uniqueHost())).status).toBe(200);
    expect(origin.received.map(({ url }) => url)).toEqual(["http://any-fixed.test/v1/charges"]);
  });
});

describe("3.1.5 a tenant that is changed in KV", () => {
  test("counts from half a minute later on, where it was known before", async () => {
    const host = uniqueHost();
    await put(host, entryAt("before"));
    const origin = scriptOrigin();
    const send = isolate();
    const startMs = Date.now();
    setClock(startMs);
    await send(host);
    await put(host, entryAt("after"));
    setClock(startMs + 29_999);
    await send(host);
    setClock(startMs + 30_000);
    await send(host);
    expect(origin.received.map(({ url }) => new URL(url).hostname)).toEqual([
      "before.test",
      "before.test",
      "after.test",
    ]);
  });

  test("does not change the term of a record that lives", async () => {
    const host = uniqueHost();
    await put(host, entryAt("kv", { ttl: "2d" }));
    const origin = scriptOrigin();
    const key = uniqueKey();
    const startMs = Date.now();
    setClock(startMs);
    const first = await isolate()(host, key);
    const expires = /expires=@(\d+)/.exec(first.headers.get("idempotency-status") ?? "")?.[1];

    await put(host, entryAt("kv", { ttl: "1h" }));
    setClock(startMs + DAY);
    const replayed = await isolate()(host, key);
    expect(statusOf(replayed)).toBe("replayed");
    expect(replayed.headers.get("idempotency-status")).toContain(`expires=@${expires}`);

    await put(host, entryAt("kv", { ttl: "90d" }));
    setClock(startMs + 2 * DAY + 1000);
    expect(statusOf(await isolate()(host, key))).toBe("executed");
    expect(origin.received).toHaveLength(2);
  });

  test("does not make another request of an honest retry: under another fingerprint rule, equal bytes are equal", async () => {
    const host = uniqueHost();
    const key = uniqueKey();
    const origin = scriptOrigin();
    for (const fingerprint of ["json", "bytes", { ignore: ["/sent_at"] }, { headers: ["x-version"] }]) {
      await put(host, entryAt("kv", { fingerprint }));
      const send = isolate();
      await send(host, key, '{"amount":1}');
      expect(await problemOf(await send(host, key, '{"amount":2}'))).toBe("422 key_reused");
    }
    expect(origin.received).toHaveLength(1);
    expect(statusOf(await isolate()(host, key, '{"amount":1}'))).toBe("replayed");
  });

  test("does not take away an answer that is kept, wherever its origin is now", async () => {
    const host = uniqueHost();
    const key = uniqueKey();
    await put(host, entryAt("before"));
    const origin = scriptOrigin(() => new Response("charged", { status: 201 }));
    await isolate()(host, key);
    await put(host, entryAt("after"));
    const again = await isolate()(host, key);
    expect([again.status, statusOf(again), await again.text()]).toEqual([201, "replayed", "charged"]);
    expect(origin.received.map(({ url }) => url)).toEqual(["http://before.test/v1/charges"]);
  });
});

describe("3.1.6 KV that can't be read", () => {
  test("closes hosts that were not read before, and no wildcard serves them; static ones are not affected", async () => {
    silenceLog();
    const origin = scriptOrigin();
    const { namespace, breakOff } = failing();
    breakOff();
    const send = isolate({ "fixed.test": entryAt("own-fixed"), "*": entryAt("any-fixed") }, namespace);
    const refused = await send(uniqueHost());
    expect(await problemOf(refused)).toBe("503 unavailable");
    expect(refused.headers.get("retry-after")).toBe("1");
    expect((await refused.json<{ detail: string }>()).detail).toContain("Nothing was sent to the origin");
    expect((await send("fixed.test")).status).toBe(200);
    expect(origin.received.map(({ url }) => url)).toEqual(["http://own-fixed.test/v1/charges"]);
  });

  test("leaves a host what was read of it last, for an hour", async () => {
    const logged = silenceLog();
    const host = uniqueHost();
    await put(host, entryAt("kv"));
    scriptOrigin();
    const { namespace, reads, breakOff } = failing();
    const send = isolate({}, namespace);
    const startMs = Date.now();
    setClock(startMs);
    const key = uniqueKey();
    expect(statusOf(await send(host, key))).toBe("executed");
    breakOff();
    setClock(startMs + 59 * 60_000);
    expect(statusOf(await send(host, key))).toBe("replayed");
    expect(reads).toEqual([host, host]);
    expect(logged.mock.calls.map(([line]) => (JSON.parse(String(line)) as { event: string }).event)).toEqual([
      "tenants_unreadable",
    ]);
    setClock(startMs + 60 * 60_000);
    expect(await problemOf(await send(host, key))).toBe("503 unavailable");
  });
});

test("P7 a host that is known is read once, and its holds once, however many requests come at once", async () => {
  const host = uniqueHost();
  scriptOrigin();
  const reads: (string | string[])[] = [];
  const get = async (name: string | string[]): Promise<unknown> => {
    reads.push(name);
    await scheduler.wait(50);
    if (typeof name !== "string") return new Map(name.map((one) => [one, null]));
    return JSON.stringify(entryAt("kv"));
  };
  const send = isolate({}, { get, getWithMetadata: () => {} });
  await send(host, null);
  const answers = await Promise.all(Array.from({ length: 100 }, () => send(host, null)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(reads).toEqual([host, [`hold:${host}`, "hold:*.example.com", "hold:*"]]);
});
