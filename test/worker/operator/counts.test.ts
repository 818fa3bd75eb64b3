import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { statusOf, uniqueKey } from "../../support/gateway.ts";
import { issuerOf } from "../../support/issuer.ts";
import { ENTRY_FACTS } from "../../support/journal.ts";
import { eventually, operatorOf } from "../../support/operator.ts";
import { scriptOrigin } from "../../support/origin.ts";

const ENTRY = { origin: "http://origin.test", caller: ["authorization"] };
const COUNTED = "counted.test";
const OBSERVED = "observed.test";
const JWT = "jwt.test";

/** The buffer reports to the journal at once when it holds this many. */
const EVENTS = 500;

const ABOUT = { ...ENTRY_FACTS, record: "0".repeat(64), hostname: JWT };
const EVENT = { ...ABOUT, state: "completed", cause: "probe", sinceMs: 1, expiresAtMs: null } as const;

interface Counts {
  readonly total: Record<string, number>;
  readonly hours: readonly Record<string, number | string>[];
  readonly operations: readonly (Record<string, number> & { readonly operation: string })[];
  readonly keyless: readonly object[];
}

describe("O6 counts", () => {
  test("are grouped by hour and by operation pattern, never by path", async () => {
    scriptOrigin(() => new Response("ok"));
    const routes = [
      { match: "POST /v1/charges/:id", key: "required" },
      { match: "POST /v1/orders", derive_key: { window: "5m", from: ["/order_id"] } },
    ];
    // A hostname of its own: the buffer also holds what other tests have left.
    const operator = operatorOf({}, { [COUNTED]: { ...ENTRY, routes } });
    const post = (path: string, key: string | null, body: string | null = null): Promise<Response> => {
      const keyed = key === null ? {} : { "idempotency-key": key };
      const typed = body?.startsWith("{") === true ? { "content-type": "application/json" } : {};
      const headers = { authorization: "Bearer alice", ...keyed, ...typed };
      return operator.client.fetch(`https://${COUNTED}${path}`, { method: "POST", headers, body });
    };
    const key = uniqueKey();
    for (const status of ["executed", "replayed", "replayed"]) {
      expect(statusOf(await post("/v1/charges/1", key))).toBe(status);
    }
    expect((await post("/v1/charges/1", key, "another body")).status).toBe(422);
    await post("/v1/other", null, "unread");
    // The gateway reads these bodies to derive a key, so it knows their digests although it derives none.
    for (const _ of [1, 2]) await post("/v1/orders", null, '{"amount":5}');
    await operator.client.fetch(`https://${COUNTED}/v1/anything`);
    const events = 4 + 1 + 2 + 3;
    for (let n = events; n < EVENTS + 1; n++) await post(`/v1/charges/${n}`, null);
    // The buffer may have reported before, and reports again when it is full.
    const { total, hours, operations, keyless } = await eventually(
      async () => {
        await post("/v1/charges/1", null);
        return (await operator.get("/counts?hours=2", { host: COUNTED })).json<Counts>();
      },
      ({ total }) => Number(total["refused"]) > EVENTS - 20,
    );
    const observed = { would_execute: 0, would_join: 0, would_replay: 0, would_probe: 0, would_refuse: 0 };
    const none = {
      executed: 0,
      replayed: 0,
      joined: 0,
      released: 0,
      unknown: 0,
      refused: 0,
      on_hold: 0,
      keyless: 0,
      ...observed,
    };
    const charges = { ...none, executed: 1, replayed: 2, duplicates_prevented: 2 };
    expect(operations).toEqual([
      { operation: "POST *", ...none, keyless: 1, duplicates_prevented: 0 },
      { operation: "POST /v1/charges/:id", ...charges, refused: expect.any(Number) },
      { operation: "POST /v1/orders", ...none, keyless: 2, duplicates_prevented: 0 },
    ]);
    expect(total).toMatchObject({ executed: 1, replayed: 2, keyless: 3, duplicates_prevented: 2 });
    expect(hours).toHaveLength(2);
    expect(hours.reduce((sum, { replayed }) => sum + Number(replayed), 0)).toBe(2);
    expect(keyless).toEqual([
      { operation: "POST *", requests: 1, compared: 0, apparent_duplicates: 0 },
      { operation: "POST /v1/orders", requests: 2, compared: 2, apparent_duplicates: 1 },
    ]);
  });

  test("count observed requests without a key as keyless, and not as refused", async () => {
    const issuer = await issuerOf();
    const origin = scriptOrigin(issuer.beside(() => new Response("ok", { status: 201 })));
    const operator = operatorOf(
      {},
      { [OBSERVED]: { ...ENTRY, mode: "observe" }, [JWT]: { ...ENTRY, caller: [issuer.item] } },
    );
    const post = (host: string, headers: Record<string, string>) =>
      operator.client.fetch(`https://${host}/v1/charges`, { method: "POST", headers });
    // Without it, nothing is counted before a keyed request has reached the origin there.
    for (const host of [JWT, OBSERVED]) await env.JOURNALS.getByName(host).record({ ...EVENT, atMs: Date.now() });
    const key = uniqueKey();
    for (const _ of [1, 2]) await post(OBSERVED, { authorization: "Bearer alice", "idempotency-key": key });
    for (const _ of [1, 2]) await post(JWT, { authorization: `Bearer ${await issuer.token("alice")}` });
    for (let n = 4; n < EVENTS + 1; n++) await post(OBSERVED, { authorization: "Bearer alice" });
    const countsOf = (host: string) =>
      eventually(
        async () => (await operator.get("/counts?hours=2", { host })).json<Counts>(),
        ({ operations }) => operations.length > 0,
      );
    const { total } = await countsOf(OBSERVED);
    expect(total).toMatchObject({ executed: 0, refused: 0 });
    expect(total["keyless"]).toBeGreaterThan(200);
    // The gateway verifies no token only to count.
    expect((await countsOf(JWT)).keyless).toEqual([
      { operation: "POST *", requests: 2, compared: 0, apparent_duplicates: 0 },
    ]);
    expect(issuer.fetches()).toBe(0);
    expect(origin.received.length).toBe(EVENTS + 1);
  });

  test("report what enforce mode would have done with observed requests", async () => {
    scriptOrigin(() => new Response("ok"));
    const entry = { origin: "http://origin.test", caller: ["authorization"], mode: "observe" };
    const host = "would.test";
    const operator = operatorOf({}, { [host]: entry });
    const post = (headers: Record<string, string>, body: string): Promise<Response> =>
      operator.client.fetch(`https://${host}/v1/charges`, { method: "POST", headers, body });
    const keyed = { authorization: "Bearer alice", "idempotency-key": uniqueKey() };
    for (const body of ["1", "1", "1", "2"]) expect((await post(keyed, body)).status).toBe(200);
    for (let n = 4; n < EVENTS + 1; n++) await post({}, "unkeyed");
    const { total } = await eventually(
      async () => (await operator.get("/counts?hours=2", { host })).json<Counts>(),
      ({ total }) => Number(total["keyless"]) > EVENTS / 2,
    );
    expect(total).toMatchObject({ would_execute: 1, would_refuse: 1, executed: 0, refused: 0 });
    expect(Number(total["would_join"]) + Number(total["would_replay"])).toBe(2);
  });

  test("group the operations beyond the maximum", async () => {
    const journal = env.JOURNALS.getByName("many.test");
    const many = Array.from({ length: 150 }, (_, n) => ({ operation: `POST /${n}`, kind: "executed" as const, n: 1 }));
    await journal.count(many);
    await journal.count(many);
    const counts = await journal.counts(1);
    expect(new Set(counts.map(({ operation }) => operation)).size).toBe(101);
    expect(counts.reduce((sum, { n }) => sum + n, 0)).toBe(300);
    expect(counts.find(({ operation }) => operation === "(other)")?.n).toBe(100);
  });
});
