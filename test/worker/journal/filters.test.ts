import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { NO_FILTER } from "../../../src/journal/entry-query.ts";
import { type JournalEvent } from "../../../src/journal/journal-event.ts";
import { ENTRY_FACTS, type Entry, entryOf } from "../../support/journal.ts";
import { operatorOf, operatorWith } from "../../support/operator.ts";

const DAY_MS = 86_400_000;
const START_MS = Math.floor(Date.now() / 1000) * 1000 - 10_000;

interface Page {
  readonly entries: readonly Entry[];
  readonly cursor: string | null;
  readonly left: number;
  readonly truncated: boolean;
  readonly dropped: number;
}

/** A hostname of its own, whose journal has `events`. The state of the first one began at START_MS, of each other a second later. */
async function listed(host: string, events: readonly Partial<JournalEvent>[]) {
  const operator = operatorOf({}, { [host]: { origin: "http://origin.test", caller: [] } });
  const journal = env.JOURNALS.getByName(host);
  const common = { ...ENTRY_FACTS, hostname: host, state: "unknown", cause: "attempt" } as const;
  for (const [n, event] of events.entries()) {
    const times = { sinceMs: START_MS + n * 1000, atMs: START_MS, expiresAtMs: START_MS + DAY_MS };
    await journal.record({ ...common, record: String(n).repeat(64), ...times, ...event });
  }
  const list = async (query: string) => (await operator.get(`/journal?${query}`, { host })).json<Page>();
  return { operator, journal, list };
}

describe("O5.4 a list is filtered", () => {
  test("by each of its fields", async () => {
    const caller = "c".repeat(64);
    const { list } = await listed("filtered.test", [
      { key: "k-0", status: 502 },
      { key: "k-1", cause: "timeout" },
      { key: "k-2", operation: "POST /y" },
      { key: "k-3", caller },
      { key: "k-4", state: "tombstone" },
    ]);
    const at = (n: number): string => new Date(START_MS + n * 1000).toISOString();
    const keys = async (query: string) => (await list(query)).entries.map(({ key }) => key);
    expect(await keys("")).toEqual(["k-0", "k-1", "k-2", "k-3", "k-4"]);
    expect(await keys("status=502")).toEqual(["k-0"]);
    expect(await keys("cause=timeout")).toEqual(["k-1"]);
    expect(await keys("operation=POST%20/y")).toEqual(["k-2"]);
    expect(await keys(`caller=${caller}`)).toEqual(["k-3"]);
    expect(await keys("state=tombstone")).toEqual(["k-4"]);
    expect(await keys("key=k-1")).toEqual(["k-1"]);
    expect(await keys("key=")).toEqual([]);
    expect(await keys(`from=${at(3)}`)).toEqual(["k-3", "k-4"]);
    expect(await keys(`to=${at(0)}`)).toEqual(["k-0"]);
    expect(await keys(`from=${at(1)}&to=${at(2)}`)).toEqual(["k-1", "k-2"]);
    expect(await keys(`older_than=1h&to=${at(2)}`)).toEqual([]);
    expect(await keys(`older_than=0s&to=${at(1)}&state=unknown`)).toEqual(["k-0", "k-1"]);
  });

  test("and counts what is left after a page, and what is missing", async () => {
    const { list, journal } = await listed("left.test", [{}, {}, {}]);
    const first = await list("limit=2");
    expect(first).toMatchObject({ left: 1, truncated: false, dropped: 0 });
    const second = await list(`limit=2&cursor=${first.cursor}`);
    expect(second).toMatchObject({ left: 0, cursor: null });
    expect(await list("limit=3")).toMatchObject({ left: 0, cursor: null });
    await runInDurableObject(journal, (_, { storage }) => {
      storage.sql.exec("INSERT INTO dropped (states, n, expires_ms) VALUES ('unknown', 57, 9e15)");
    });
    expect(await list("state=unknown")).toMatchObject({ truncated: true, dropped: 57 });
    expect(await list("state=tombstone")).toMatchObject({ truncated: false, dropped: 0 });
  });
});

test("O5.1 an entry has the key, the caller, and what arrived from the origin", async () => {
  const { operator, id, key } = await operatorWith(() => new Response("?", { status: 502 }));
  const [entry] = await entryOf(operator, id, "unknown");
  expect(entry).toMatchObject({ key, status: 502, error: null, cause: "attempt" });
  const broken = await operatorWith(() => {
    throw new Error("connection reset");
  });
  const [cut] = await entryOf(broken.operator, broken.id, "unknown");
  expect(cut).toMatchObject({ key: broken.key, status: null, cause: "attempt" });
  expect(cut?.error).toContain("connection reset");
});

test("a list as of an earlier one has nothing that changed since, also where the journal began anew in between", async () => {
  const { journal } = await listed("as-of.test", [{}, {}]);
  const list = async (asOf: number) => {
    const { entries } = await journal.entries({ filter: { ...NO_FILTER, asOf }, after: null, limit: 9 });
    return entries.map(({ record }) => record.slice(0, 1));
  };
  const { asOf } = await journal.entries({ filter: NO_FILTER, after: null, limit: 9 });
  expect(await list(asOf)).toEqual(["0", "1"]);
  const event = { ...ENTRY_FACTS, hostname: "as-of.test", state: "unknown", cause: "attempt" } as const;
  const times = { sinceMs: START_MS, atMs: START_MS, expiresAtMs: START_MS + DAY_MS };
  await journal.record({ ...event, ...times, record: "2".repeat(64) });
  await journal.record({ ...event, ...times, record: "0".repeat(64), attemptId: "a-2" });
  expect(await list(asOf)).toEqual(["1"]);
  await runInDurableObject(journal, (_, { storage }) => void storage.sql.exec("DELETE FROM entry"));
  await journal.record({ ...event, ...times, record: "3".repeat(64) });
  expect(await list(asOf)).toEqual([]);
});
