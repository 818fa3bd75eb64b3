import { describe, expect, onTestFinished, test, vi } from "vitest";
import { sha256 } from "../../../src/identity/digest.ts";
import { type Numbers, collectNumbers } from "../../support/events.ts";
import { HOST, clientOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";

/** Longer than refusals are counted together. */
const TRIES = 900;

/** The lines of `event`, when there are as many; with `text` in them, since other files may have left refusals to report. */
async function linesOf({ lines }: Numbers, event: string, count = 1, text = ""): Promise<Record<string, unknown>[]> {
  for (let tries = 0; ; tries++) {
    const all = lines.filter((line) => line.includes(text)).map((line) => JSON.parse(line) as Record<string, unknown>);
    const found = all.filter((line) => line["event"] === event);
    if (found.length >= count) return found;
    if (tries === TRIES) throw new Error(`${found.length} of ${count} lines: ${lines.join("\n")}`);
    await scheduler.wait(10);
  }
}

async function instanceOf(response: Response): Promise<string> {
  return (await response.json<{ instance: string }>()).instance;
}

describe("refusals before a tenant is known are counted together", () => {
  test("twenty made-up hostnames are one line and one point, with the instance of every answer", async () => {
    const numbers = collectNumbers();
    const client = clientOf({}, {}, { EVENTS: numbers.EVENTS });
    const instances = new Set<string>();
    for (let n = 0; n < 20; n++) {
      const response = await client.fetch(`https://made-up-${n}.test/v1/charges`, { method: "POST" });
      expect(response.status).toBe(421);
      instances.add(await instanceOf(response));
    }
    const [instance = ""] = instances;
    expect(numbers.lines.join("\n")).not.toContain(instance);
    const refused = await linesOf(numbers, "refused", 1, instance);
    const about = { tenant: null, hostname: "made-up-0.test", code: "unknown_tenant", status: 421, count: 20 };
    expect([instances.size, refused]).toMatchObject([1, [{ event: "refused", instance, ...about }]]);
    expect(numbers.points).toMatchObject([{ indexes: ["(none)"], doubles: [421, 0, 0, -1, 0, 0, 20] }]);
    expect(numbers.points[0]?.blobs?.slice(0, 4)).toEqual(["(none)", null, "refused", "unknown_tenant"]);
  });

  test("while KV is down, and one line has the cause", async () => {
    const numbers = collectNumbers();
    const get = (): Promise<never> => Promise.reject(new Error("KV GET failed: 500"));
    const TENANTS_KV = { get, getWithMetadata: () => {} };
    const client = clientOf({}, {}, { EVENTS: numbers.EVENTS, TENANTS_KV });
    for (let n = 0; n < 50; n++) {
      const response = await client.fetch(`https://in-kv-${n}.test/v1/charges`, { method: "POST" });
      expect(response.status).toBe(503);
    }
    const refused = await linesOf(numbers, "refused", 1, "unavailable");
    expect(refused).toMatchObject([{ code: "unavailable", status: 503, count: 50 }]);
    expect(numbers.points).toHaveLength(1);
    const unreadable = await linesOf(numbers, "tenants_unreadable");
    expect(unreadable.length).toBeLessThan(5);
    expect(unreadable[0]).toMatchObject({ name: "in-kv-0.test", count: 1, why: "Error: KV GET failed: 500" });
  });

  test("a faulty configuration, by the id that the answer names", async () => {
    const numbers = collectNumbers();
    const client = clientOf({ ttl: "1y" });
    const problem = await (await client.post("/v1/charges")).json<{ instance: string; detail: string }>();
    const uuid = problem.instance.slice("urn:uuid:".length);
    expect(problem.detail).toContain(uuid);
    expect(await linesOf(numbers, "refused", 1, uuid)).toMatchObject([
      { code: "misconfigured", instance: problem.instance },
    ]);
  });
});

describe("a line can be searched", () => {
  test("by the record, the caller, a key that a customer names, and the version", async () => {
    const numbers = collectNumbers();
    scriptOrigin(
      () => new Response("<html>", { status: 201, headers: { "content-type": "text/html; charset=utf-8" } }),
    );
    const CF_VERSION_METADATA = { id: "0f3c6b0e-version", tag: "", timestamp: "" };
    const client = clientOf({}, {}, { EVENTS: numbers.EVENTS, CF_VERSION_METADATA });
    const key = uniqueKey();
    await client.post("/v1/charges", { key });
    await client.post("/v1/charges", { key, headers: { authorization: null } });
    const [event, refused] = await numbers.counted(2);
    const digest = await sha256(new TextEncoder().encode(key));
    const about = { version: "0f3c6b0e-version", key_digest: digest.slice(0, 16), origin: "origin.test" };
    expect(event).toMatchObject({ ...about, origin_status: 201, media_type: "text/html" });
    expect([event?.record, event?.caller_digest]).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/),
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ]);
    expect(refused).toMatchObject({ ...about, code: "caller_missing", record: null, caller_digest: null });
  });

  test("by the version, also where it is no keyed request's", async () => {
    const numbers = collectNumbers();
    const CF_VERSION_METADATA = { id: "another-version", tag: "", timestamp: "" };
    const client = clientOf({}, {}, { CF_VERSION_METADATA });
    await client.post("/v1/charges", { headers: { "cdn-loop": "oncegate" } });
    expect(await linesOf(numbers, "refused")).toMatchObject([{ version: "another-version", tenant: HOST, count: 1 }]);
  });

  test("by the record and the tenant where the origin did not answer, or a probe settled nothing", async () => {
    const numbers = collectNumbers();
    const origin = scriptOrigin(() => {
      throw new Error("Network connection lost.");
    });
    const client = clientOf({ on_unknown: "probe", probe: "/v1/idempotency/{key}" });
    const key = uniqueKey();
    await client.post("/v1/charges", { key });
    origin.answers(() => new Response("", { status: 503 }));
    await client.post("/v1/charges", { key });
    const [event] = await numbers.counted(2);
    const where = { tenant: HOST, record: event?.record };
    expect(await linesOf(numbers, "no_answer")).toMatchObject([where]);
    expect(await linesOf(numbers, "probe")).toMatchObject([{ ...where, outcome: "unknown" }]);
  });

  test("by the record and the tenant where the key object can't be called", async () => {
    const numbers = collectNumbers();
    scriptOrigin();
    const KEYS = {
      getByName: () => {
        throw new TypeError("no such binding");
      },
    };
    const client = clientOf({}, {}, { KEYS: { ...KEYS, get: KEYS.getByName, idFromName: KEYS.getByName } });
    expect((await client.post("/v1/charges")).status).toBe(503);
    const [event] = await numbers.counted(1);
    const where = { tenant: HOST, record: event?.record };
    expect(await linesOf(numbers, "call_failed", 2)).toMatchObject([{ call: "submit", ...where }, where]);
  });
});

test('log = "changes" leaves out replays and plain executions, and counts them all the same', async () => {
  const numbers = collectNumbers();
  const origin = scriptOrigin(() => new Response("ok", { status: 201 }));
  const client = clientOf({ log: "changes" }, {}, { EVENTS: numbers.EVENTS });
  const key = uniqueKey();
  await client.post("/v1/charges", { key });
  await client.post("/v1/charges", { key });
  await client.post("/v1/charges", { key, body: "another" });
  origin.answers(() => new Response("declined", { status: 402 }));
  await client.post("/v1/charges");
  const logged = await numbers.counted(2);
  expect(logged.map(({ decision, status }) => [decision, status])).toEqual([
    ["refused", 422],
    ["executed", 402],
  ]);
  expect(numbers.points.map(({ blobs }) => blobs?.[2])).toEqual(["executed", "replayed", "refused", "executed"]);
});

test("while KV is down, clients are asked to wait longer and longer", async () => {
  const numbers = collectNumbers();
  onTestFinished(() => void vi.useRealTimers());
  const get = (): Promise<never> => Promise.reject(new Error("KV GET failed: 500"));
  const client = clientOf({}, {}, { TENANTS_KV: { get, getWithMetadata: () => {} } });
  // Other tests of this file may have failed a moment ago.
  const startMs = Date.now() + 1_000_000;
  const waits: (string | null)[] = [];
  for (const seconds of [0, 40, 100, 200]) {
    vi.useFakeTimers({ toFake: ["Date"], now: startMs + seconds * 1000 });
    const response = await client.fetch("https://in-kv.test/v1/charges", { method: "POST" });
    waits.push(response.headers.get("retry-after"));
  }
  expect(waits).toEqual(["1", "20", "50", "60"]);
  expect(numbers.lines.length).toBeGreaterThan(0);
});
