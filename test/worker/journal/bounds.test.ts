import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { NO_FILTER } from "../../../src/journal/entry-query.ts";
import { type JournalState } from "../../../src/journal/journal-event.ts";
import { type Entry, HOST, uniqueKey } from "../../support/gateway.ts";
import { ENTRY_FACTS } from "../../support/journal.ts";
import { TOKEN, eventually, operatorOf } from "../../support/operator.ts";
import { scriptOrigin } from "../../support/origin.ts";

const INTENT = {
  hostname: "a.test",
  record: "r",
  token: "operator",
  operator: null,
  action: "release",
  given: "{}",
  why: "x",
} as const;
const EVENT = {
  ...ENTRY_FACTS,
  hostname: "a.test",
  cause: "attempt",
  expiresAtMs: null,
} as const;

const EXPIRES_MS = Date.now() + 24 * 60 * 60 * 1000;

/** Numbers from 1 to `count`. */
const upTo = (count: number): string =>
  `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;

describe("9 the bounds of a journal", () => {
  const asked = (state: JournalState | null) => ({ filter: { ...NO_FILTER, state }, after: null, limit: 1 });
  const insert = (
    count: number,
    caller: string,
    from = 0,
    network = "NULL",
  ): string => `${upTo(count)} INSERT INTO entry
    (record, kind, hostname, caller, network, key, state, cause, operation, attempt, attempt_id, seq, since_ms, at_ms, expires_ms, times)
    SELECT '${caller}' || (${from} + i), 'state', 'a.test', '${caller}', ${network}, 'k', 'unknown', 'attempt', 'POST /x', 1, 'a',
    i, ${from} + i, ${from} + i, ${EXPIRES_MS}, 1 FROM n`;

  test("drop the oldest unknown entries, and no entries in other states, and count what is dropped", async () => {
    const journal = env.JOURNALS.getByName("full.test");
    const now = Date.now();
    const tombstone = { ...EVENT, record: "t", state: "tombstone", sinceMs: 0, atMs: now } as const;
    await journal.record({ ...tombstone, expiresAtMs: EXPIRES_MS });
    await runInDurableObject(journal, (_, { storage }) => void storage.sql.exec(insert(10_050, "r")));
    await runDurableObjectAlarm(journal);
    const listed = await journal.entries(asked("unknown"));
    expect([listed.entries[0]?.record, listed.dropped]).toEqual(["r51", 50]);
    const tombstones = await journal.entries(asked("tombstone"));
    expect([tombstones.entries[0]?.record, tombstones.dropped]).toEqual(["t", 0]);
    expect((await journal.entries(asked(null))).dropped).toBe(50);
    await runInDurableObject(journal, (_, { storage }) => {
      storage.sql.exec(insert(7, "r", 20_000));
      storage.sql.exec("UPDATE dropped SET expires_ms = ?", now + 3_600_000);
    });
    await runDurableObjectAlarm(journal);
    expect((await journal.entries(asked("unknown"))).dropped).toBe(57);
    await runInDurableObject(journal, (_, { storage }) => void storage.sql.exec("UPDATE dropped SET expires_ms = 1"));
    expect((await journal.entries(asked("unknown"))).dropped).toBe(0);
  });

  test("let one caller push out no entry of others, however many it makes", async () => {
    const journal = env.JOURNALS.getByName("crowded.test");
    await journal.record({ ...EVENT, record: "t", state: "tombstone", sinceMs: 0, atMs: 1, expiresAtMs: EXPIRES_MS });
    await runInDurableObject(journal, (_, { storage }) => {
      storage.sql.exec(insert(30, "first"));
      storage.sql.exec(insert(2000, "second", 100));
      storage.sql.exec(insert(20_000, "many", 10_000));
    });
    await runDurableObjectAlarm(journal);
    const query = "SELECT caller, count(*), min(since_ms) FROM entry WHERE state = 'unknown' GROUP BY 1";
    const left = await runInDurableObject(journal, (_, { storage }) => [...storage.sql.exec(query).raw()]);
    expect(left).toEqual([
      ["first", 30, 1],
      ["many", 7970, 22_031],
      ["second", 2000, 101],
    ]);
    expect((await journal.entries(asked("unknown"))).dropped).toBe(12_030);
  });

  test("let one network push out no entry of others where all of them are one caller", async () => {
    const journal = env.JOURNALS.getByName("anonymous.test");
    await journal.record({ ...EVENT, record: "t", state: "tombstone", sinceMs: 0, atMs: 1, expiresAtMs: EXPIRES_MS });
    await runInDurableObject(journal, (_, { storage }) => {
      storage.sql.exec(insert(30, "anyone", 0, "'0a1b'"));
      storage.sql.exec(insert(40, "anyone", 100));
      storage.sql.exec(insert(20_000, "anyone", 10_000, "'ffff'"));
    });
    await runDurableObjectAlarm(journal);
    const query = "SELECT network, count(*), min(since_ms) FROM entry WHERE state = 'unknown' GROUP BY 1";
    const left = await runInDurableObject(journal, (_, { storage }) => [...storage.sql.exec(query).raw()]);
    expect(left).toEqual([
      [null, 40, 101],
      ["0a1b", 30, 1],
      ["ffff", 9930, 20_071],
    ]);
  });

  test.each<[Entry, number]>([
    [{ caller: [] }, 2],
    [{ caller: ["x-account"], anonymous: "shared" }, 2],
    [{ one_caller: true }, 2],
    [{ caller: ["authorization"], anonymous: "shared" }, 1],
  ])("count clients by network only where nothing identifies them: %j", async (entry, shares) => {
    scriptOrigin(() => new Response("?", { status: 502 }));
    const operator = operatorOf(entry, {}, { OPERATOR_TOKEN: TOKEN, EDGE: "cloudflare" });
    const path = `/v1/${uniqueKey()}`;
    for (const address of ["192.0.2.1", "192.0.2.1", "192.0.2.2"]) {
      await operator.client.post(path, { headers: { "cf-connecting-ip": address } });
    }
    const query = "SELECT caller, network FROM entry WHERE operation = ?";
    const rows = await eventually(
      () =>
        runInDurableObject(env.JOURNALS.getByName(HOST), (_, { storage }) =>
          storage.sql.exec<{ caller: string; network: string | null }>(query, `POST ${path}`).toArray(),
        ),
      ({ length }) => length === 3,
    );
    expect(new Set(rows.map(({ caller }) => caller)).size).toBe(1);
    expect(new Set(rows.map(({ network }) => network)).size).toBe(shares);
    for (const { network } of rows) expect(String(network)).toMatch(shares === 1 ? /^null$/ : /^[0-9a-f]{4}$/);
    // It is of no use to an operator.
    expect(await (await operator.get("/journal")).text()).not.toContain("network");
  });

  test("count a network once, whatever hostnames of a wildcard it makes up", async () => {
    scriptOrigin(() => new Response("?", { status: 502 }));
    const entry = { origin: "http://origin.test", caller: [] };
    const operator = operatorOf({}, { "*.shares.test": entry }, { OPERATOR_TOKEN: TOKEN, EDGE: "cloudflare" });
    for (const name of ["a", "b", "c"]) {
      const headers = { "idempotency-key": uniqueKey(), "cf-connecting-ip": "192.0.2.1" };
      await operator.client.fetch(`https://${name}.shares.test/x`, { method: "POST", headers });
    }
    const rows = await eventually(
      () =>
        runInDurableObject(env.JOURNALS.getByName("*.shares.test"), (_, { storage }) =>
          storage.sql.exec<{ network: string | null }>("SELECT network FROM entry").toArray(),
        ),
      ({ length }) => length === 3,
    );
    expect(new Set(rows.map(({ network }) => network))).toEqual(new Set([expect.stringMatching(/^[0-9a-f]{4}$/)]));
  });

  test("refuse new audit lines when the audit log is full, and keep the old ones until they expire", async () => {
    const journal = env.JOURNALS.getByName("audited.test");
    const first = await journal.intend(INTENT, 1000);
    await runInDurableObject(journal, (_, { storage }) => {
      storage.sql.exec(`${upTo(99_998)} INSERT INTO audit (at_ms, expires_ms, record) SELECT 1, 9e15, 'x' FROM n`);
    });
    expect(await journal.intend(INTENT, 1000)).toBe(100_000);
    expect(await journal.intend(INTENT, 1000)).toBeNull();
    expect((await journal.audit({ record: "r", beforeSeq: null, limit: 9 })).map(({ seq }) => seq)).toContain(first);
  });

  test("leave room for actions where bodies are read by the thousand", async () => {
    const journal = env.JOURNALS.getByName("read.test");
    await journal.intend({ ...INTENT, action: "read" }, 1000);
    await runInDurableObject(journal, (_, { storage }) => {
      storage.sql.exec(`${upTo(89_998)} INSERT INTO audit (at_ms, expires_ms, record) SELECT 1, 9e15, 'x' FROM n`);
    });
    expect(await journal.intend({ ...INTENT, action: "read" }, 1000)).toBe(90_000);
    expect(await journal.intend({ ...INTENT, action: "read" }, 1000)).toBeNull();
    expect(await journal.intend(INTENT, 1000)).toBe(90_001);
  });
});
