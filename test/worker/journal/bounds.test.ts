import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";

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
  hostname: "a.test",
  operation: "POST /x",
  attempt: 1,
  cause: "attempt",
  times: 1,
  expiresAtMs: null,
} as const;

/** Numbers from 1 to `count`. */
const upTo = (count: number): string =>
  `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;

describe("9 the bounds of a journal", () => {
  test("drop the oldest unknown entries, and no entries in other states", async () => {
    const journal = env.JOURNALS.getByName("full.test");
    const now = Date.now();
    await journal.record({
      ...EVENT,
      record: "t",
      state: "tombstone",
      sinceMs: 0,
      atMs: now,
      expiresAtMs: now + 60_000,
    });
    await runInDurableObject(journal, (_, { storage }) => {
      storage.sql.exec(`${upTo(10_050)} INSERT INTO entry
        SELECT 'r' || i, 'state', 'a.test', 'unknown', 'attempt', 'POST /x', 1, i, i, ${now + 60_000}, 1 FROM n`);
    });
    await runDurableObjectAlarm(journal);
    const asked = { record: null, operation: null, untilMs: now, after: null, limit: 1 };
    expect((await journal.entries({ ...asked, state: "unknown" })).map(({ record }) => record)).toEqual(["r51"]);
    expect((await journal.entries({ ...asked, state: "tombstone" })).map(({ record }) => record)).toEqual(["t"]);
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
});
