import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { type Entry, HOST, clientOf, uniqueKey } from "../../support/gateway.ts";
import { eventually, operatorOf, TOKEN } from "../../support/operator.ts";
import { scriptOrigin } from "../../support/origin.ts";
import { objectCount } from "../../support/records.ts";

const AUTHORIZED = { headers: { authorization: `Bearer ${TOKEN}` } };
const HEALTH = `https://${HOST}/_oncegate/health`;

const others = { OPERATOR_TOKEN: TOKEN, CF_VERSION_METADATA: { id: "v-7", tag: "", timestamp: "" } };

describe("O9 health", () => {
  test("is open to everyone on every hostname, and asks nothing", async () => {
    const before = await objectCount();
    for (const url of [HEALTH, "https://no-tenant.test/_oncegate/health"]) {
      const response = await clientOf({}, {}, others).fetch(url);
      expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"]);
      const bindings = { KEYS: true, SHADOWS: true, JOURNALS: true };
      expect(await response.json()).toEqual({ status: "ok", version: "v-7", bindings });
    }
    expect(await objectCount()).toBe(before);
  });

  test("shows a binding that is missing, where every other request is refused", async () => {
    const response = await clientOf({}, {}, { JOURNALS: undefined }).fetch(HEALTH);
    expect(response.status).toBe(503);
    const bindings = { KEYS: true, SHADOWS: true, JOURNALS: false };
    expect(await response.json()).toMatchObject({ status: "failing", bindings });
  });

  test("is asked deeply with a token only", async () => {
    expect((await clientOf().fetch(`${HEALTH}?deep=1`)).status).toBe(404);
    expect((await clientOf({}, {}, others).fetch(`${HEALTH}?deep=1`)).status).toBe(401);
    expect((await clientOf({}, {}, others).fetch(`https://${HOST}/_oncegate/metrics`)).status).toBe(401);
  });

  test("writes, reads and deletes in a key object, and asks the journal and KV", async () => {
    const TENANTS_KV: unknown = Reflect.get(env, "KV_OF_TESTS");
    const client = clientOf({}, {}, { ...others, TENANTS_KV });
    // Several at once share the check of the one object.
    const responses = await Promise.all([1, 2, 3].map(() => client.fetch(`${HEALTH}?deep=1`, AUTHORIZED)));
    const duration = expect.any(Number) as number;
    for (const response of responses) {
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({
        status: "ok",
        checks: {
          record: { ok: true, ms: duration, write_ms: duration, read_ms: duration, delete_ms: duration },
          journal: { ok: true, ms: duration },
          kv: { ok: true, ms: duration },
        },
      });
    }
    const left = await runInDurableObject(env.KEYS.getByName("health"), (_, state) => [...state.storage.kv.list()]);
    expect(left).toEqual([]);
  });

  test.each([
    ["no hold", {}, {}, [], 0],
    ["the variable HOLD", {}, { HOLD: "true" }, [["HOLD", null]], 1],
    ["the entry's mode", { mode: "hold" }, {}, [["mode", null]], 1],
    [
      "a route's mode",
      { routes: [{ match: "POST /v1/a", mode: "hold" }, { match: "POST /v1/b" }] },
      {},
      [["mode", ["POST /v1/a"]]],
      1,
    ],
  ])("shows what is on hold, which is no failure: %s", async (_, entry, hold, shown, count) => {
    vi.spyOn(console, "warn").mockReturnValue();
    const client = clientOf(entry, {}, { ...others, ...hold });
    const response = await client.fetch(`${HEALTH}?deep=1`, AUTHORIZED);
    const { status, holds } = await response.json<{ status: string; holds: { name: string; routes: unknown }[] }>();
    expect([status, holds.map(({ name, routes }) => [name, routes])]).toEqual(["ok", shown]);
    const metrics = await (await client.fetch(`https://${HOST}/_oncegate/metrics`, AUTHORIZED)).text();
    expect(metrics).toContain(`oncegate_holds{entry="${HOST}"} ${count}\n`);
  });

  test("fails where a key object does, and the log has the cause", async () => {
    const logged = vi.spyOn(console, "warn").mockReturnValue();
    const getByName = () => ({ checkStorage: () => Promise.reject(new Error("storage is full")) });
    const KEYS = { getByName, idFromName: () => {} };
    const response = await clientOf({}, {}, { ...others, KEYS }).fetch(`${HEALTH}?deep=1`, AUTHORIZED);
    const lines = logged.mock.calls.map(([line]) => String(line));
    logged.mockRestore();
    expect(response.status).toBe(503);
    const checks = { record: { ok: false, write_ms: null }, journal: { ok: true }, kv: null };
    expect(await response.json()).toMatchObject({ status: "failing", checks });
    expect(lines.join("\n")).toContain("storage is full");
  });
});

describe("O10 metrics", () => {
  const METERED = "metered.test";
  const ENTRY: Entry = { origin: "http://origin.test", caller: ["authorization"] };

  async function scrape(operator: ReturnType<typeof operatorOf>): Promise<string> {
    const response = await operator.client.fetch(`https://${METERED}/_oncegate/metrics`, AUTHORIZED);
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "text/plain; version=0.0.4; charset=utf-8",
    ]);
    return response.text();
  }

  test("are the journal's sums, and wake no key object", async () => {
    scriptOrigin(() => new Response("lost", { status: 502 }));
    const operator = operatorOf({}, { [METERED]: ENTRY });
    const headers = { authorization: "Bearer alice", "idempotency-key": uniqueKey() };
    await operator.client.fetch(`https://${METERED}/v1/charges`, { method: "POST", headers });
    const journal = env.JOURNALS.getByName(METERED);
    await journal.count([{ operation: "POST *", kind: "executed", n: 3 }]);
    const text = await eventually(
      () => scrape(operator),
      (seen) => seen.includes(`oncegate_unknown_records{entry="${METERED}"} 1`),
    );
    expect(text).toContain(`oncegate_requests_total{entry="${METERED}",operation="POST *",kind="executed"} 3\n`);
    expect(text).toContain(`oncegate_entries_dropped{entry="${METERED}"} 0\n`);
    const before = await objectCount();
    await scrape(operator);
    expect(await objectCount()).toBe(before);
  });

  test("only grow while the journal has anything, also when hours expire", async () => {
    const journal = env.JOURNALS.getByName("totals.test");
    const expired = { operation: "POST *", kind: "executed", n: 3 } as const;
    const current = { operation: "PUT *", kind: "replayed", n: 1 } as const;
    await journal.count([expired, current]);
    await runInDurableObject(journal, async (instance, state) => {
      for (const _ of [1, 2]) {
        state.storage.sql.exec("UPDATE count SET hour = hour - 200 WHERE kind = 'executed'");
        await instance.alarm();
        expect(state.storage.sql.exec("SELECT kind, n FROM count").toArray()).toEqual([{ kind: "replayed", n: 1 }]);
        instance.count([expired]);
      }
      expect(instance.summary().totals).toEqual([{ ...expired, n: 9 }, current]);
      // Nothing is left that expires later: an idle entry stores nothing.
      state.storage.sql.exec("UPDATE count SET hour = hour - 200");
      await instance.alarm();
      expect(instance.summary().totals).toEqual([]);
    });
  });
});
