import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { NO_FILTER } from "../../../src/journal/entry-query.ts";
import { problemOf, uniqueKey } from "../../support/gateway.ts";
import { type Entry, ENTRY_FACTS, auditOf, entriesOf } from "../../support/journal.ts";
import { eventually, idOf, operatorOf, operatorWith } from "../../support/operator.ts";
import { scriptOrigin } from "../../support/origin.ts";

const unknown = () => new Response("?", { status: 502 });

describe("O5 the journal's list", () => {
  test("is paged, oldest first", async () => {
    const { operator } = await operatorWith(unknown);
    const { client } = operator;
    const path = `/v1/${uniqueKey()}`;
    const keys = [uniqueKey(), uniqueKey(), uniqueKey()];
    for (const key of keys) await client.post(path, { key });
    const query = `/journal?state=unknown&operation=${encodeURIComponent(`POST ${path}`)}&limit=2`;
    const page = async (more: string) =>
      (await operator.get(query + more)).json<{ entries: Entry[]; cursor: string | null }>();
    await eventually(
      async () =>
        (await (await operator.get(query.replace("limit=2", "limit=3"))).json<{ entries: Entry[] }>()).entries,
      (entries) => entries.length === 3,
    );
    const first = await page("");
    const second = await page(`&cursor=${first.cursor}`);
    expect([...first.entries, ...second.entries].map(({ record }) => record).sort()).toEqual(
      (await Promise.all(keys.map((key) => idOf(key, path)))).sort(),
    );
    expect([first.entries.length, second.entries.length, second.cursor]).toEqual([2, 1, null]);
  });

  test.each([
    "/journal?state=anything",
    "/journal?older_than=soon",
    "/journal?cursor=1",
    "/journal?limit=0",
    "/journal?limit=101",
    "/journal?cause=anything",
    "/journal?status=1e2",
    "/journal?status=99",
    "/journal?from=yesterday",
    "/journal?to=2026-13-01T00:00:00Z",
    "/journal?caller=alice",
    "/journal?more=1",
    "/audit?record=x",
    "/audit?cursor=x",
    "/counts?hours=0",
    "/counts?hours=169",
    "/counts?hours=1e1",
  ])("refuses an invalid query: %s", async (path) => {
    const response = await operatorOf().get(path);
    expect(await problemOf(response)).toBe("400 invalid_request");
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  test("returns markup as JSON data", async () => {
    const markup = "<script>alert(1)</script>";
    scriptOrigin(() => new Response(markup, { status: 502, headers: { "content-type": "text/html" } }));
    const operator = operatorOf();
    const path = "/v1/%3Cscript%3Ealert(1)%3C/script%3E";
    await operator.client.post(path, { key: markup });
    const id = await idOf(markup, path);
    await operator.post(`/records/${id}/release`, { why: markup }, { headers: { "oncegate-operator": markup } });
    await eventually(
      () => entriesOf(operator, id),
      (entries) => entries.length > 0,
    );
    const found = await operator.post("/records/find", {
      operation: `POST ${path}`,
      headers: { authorization: "Bearer alice" },
      key: markup,
    });
    for (const response of [found, await operator.get(`/audit?record=${id}`), await operator.get("/journal")]) {
      expect(response.headers.get("content-type")).toBe("application/json");
      await response.json();
    }
    expect(await auditOf(operator, id)).toMatchObject([{ why: markup, operator: markup }]);
  });

  test("does not let an older event replace a newer one", async () => {
    const journal = env.JOURNALS.getByName("late.test");
    const event = {
      record: "r",
      hostname: "a.test",
      ...ENTRY_FACTS,
      sinceMs: 1,
      expiresAtMs: null,
    } as const;
    await journal.record({ ...event, state: "completed", cause: "probe", atMs: Date.now() });
    await journal.record({ ...event, state: "none", cause: "released", atMs: Date.now() - 1000 });
    const asked = { filter: NO_FILTER, after: null, limit: 9 };
    expect((await journal.entries(asked)).entries.map(({ state }) => state)).toEqual(["completed"]);
  });

  test("deletes expired rows, and all storage with the last one", async () => {
    const journal = env.JOURNALS.getByName("quiet.test");
    const event = {
      record: "r",
      hostname: "a.test",
      ...ENTRY_FACTS,
      cause: "attempt",
    } as const;
    const now = Date.now();
    const at = { sinceMs: now, atMs: now };
    await journal.record({ ...event, state: "unknown", ...at, expiresAtMs: now + 1 });
    await journal.record({ ...event, record: "s", state: "unknown", ...at, expiresAtMs: now + 7_200_000 });
    await journal.count([{ operation: "POST *", kind: "executed", n: 1 }]);
    const look = () =>
      runInDurableObject(journal, async (_, { storage }) => ({
        tables: storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'entry'").toArray().length,
        alarm: await storage.getAlarm(),
      }));
    expect((await look()).alarm).toBeGreaterThan(now);
    await runInDurableObject(journal, (_, { storage }) => {
      storage.sql.exec("UPDATE entry SET expires_ms = 1 WHERE record = 'r'");
    });
    await runDurableObjectAlarm(journal);
    const asked = { filter: NO_FILTER, after: null, limit: 9 };
    expect((await journal.entries(asked)).entries.map(({ record }) => record)).toEqual(["s"]);
    // The next expiry, which is more than an hour away.
    expect((await look()).alarm).toBe(now + 7_200_000);
    await runInDurableObject(journal, (_, { storage }) => {
      storage.sql.exec("UPDATE entry SET expires_ms = 1");
      storage.sql.exec("UPDATE count SET hour = 1");
    });
    await runDurableObjectAlarm(journal);
    expect(await look()).toEqual({ tables: 0, alarm: null });
    await journal.record({ ...event, state: "unknown", ...at, expiresAtMs: now + 3_600_000 });
    expect(await look()).toMatchObject({ tables: 1, alarm: expect.any(Number) });
  });
});
