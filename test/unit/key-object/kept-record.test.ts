/** A kept record over storage in memory: its alarm, and the chunks that attempts and processes leave behind. */

import { describe, expect, onTestFinished, test, vi } from "vitest";
import { attemptPolicy } from "../../../src/config/policy.ts";
import { DEFAULT_POLICY } from "../../../src/config/profiles.ts";
import { type JournalReporter } from "../../../src/journal/reporter.ts";
import { type ArrivedOutcome } from "../../../src/key-object/conclusion-of-answer.ts";
import { inspect } from "../../../src/key-object/inspection.ts";
import { KeptRecord } from "../../../src/key-object/kept-record.ts";
import { Leftover } from "../../../src/key-object/leftover.ts";
import { RecordStore } from "../../../src/key-object/record-store.ts";
import { type Recording } from "../../../src/key-object/recording.ts";
import { type BodySource } from "../../../src/origin/answer-body.ts";
import { deletionMs } from "../../../src/record/decide-alarm.ts";
import { type RestingRecord } from "../../../src/record/record.ts";
import { completed, pending, unknown } from "../record/examples.ts";

const POLICY = attemptPolicy(DEFAULT_POLICY);
const SECOND = { number: 2, id: "attempt-2" };
const SEEN = { status: null, error: null };

/** One object's storage, its alarms, and its processes. */
function rig() {
  const values = new Map<string, unknown>();
  const alarms: number[] = [];
  const kv = {
    get: (key: string) => values.get(key),
    put: (key: string, value: unknown) => void values.set(key, value),
    delete: (key: string) => values.delete(key),
    list: ({ prefix }: { prefix: string }) => [...values].filter(([key]) => key.startsWith(prefix)),
  };
  const storage = {
    kv,
    setAlarm: (atMs: number) => Promise.resolve(void alarms.push(atMs)),
    sync: () => Promise.resolve(),
    deleteAll: () => Promise.resolve(values.clear()),
    transactionSync: (act: () => void) => act(),
  };
  const waits: Promise<unknown>[] = [];
  const waitUntil = (wait: Promise<unknown>): void => void waits.push(wait);
  const ctx = { storage, id: { name: "record" }, waitUntil } as unknown as DurableObjectState;
  const reporter = { changed: () => undefined } as unknown as JournalReporter;
  return {
    alarms,
    waits,
    store: new RecordStore(ctx.storage),
    /** Starts a process. */
    start: () => new KeptRecord(ctx, reporter),
    chunks: () => [...values.keys()].filter((key) => key.startsWith("chunk:")),
  };
}

/** A body of so many bytes in one piece. */
function bodyOf(bytes: number): BodySource {
  const pieces = [new Uint8Array(bytes)];
  return {
    next: () => {
      const piece = pieces.shift();
      return Promise.resolve(piece === undefined ? { kind: "end" } : { kind: "piece", bytes: piece });
    },
    drain: () => Promise.resolve(),
  };
}

async function recorded(
  kept: KeptRecord,
  attempt: { id: string; number: number },
  bytes: number,
  from: ArrivedOutcome["from"],
) {
  const body = kept.startRecording(attempt, bodyOf(bytes), from, POLICY);
  await body.receive("keep", 10_000_000);
  return body;
}

function undone(kept: KeptRecord, before: typeof unknown | null, body: Recording): void {
  const attempt = before === null ? completed.attempt : SECOND;
  const outcome = { conclusion: { outcome: "not-executed" }, body, from: "attempt", seen: SEEN } as const;
  kept.conclude({ attempt, before, policy: POLICY }, outcome, 1200);
}

function begin(kept: KeptRecord, attempt: { id: string; number: number }): void {
  const { about, request } = unknown;
  kept.writePending({ about, request, attempt }, POLICY, kept.load(), 1100);
}

describe("4.4 what time has made of a record", () => {
  test("is written with the alarm that ends it", () => {
    const { alarms, store, start } = rig();
    store.write(pending);
    const kept = start();
    const record = kept.current(kept.load(), null, 5000);
    expect(record).toMatchObject({ state: "unknown", sinceMs: 5000 });
    expect(kept.load()?.record).toEqual(record);
    expect(alarms).toEqual([deletionMs(record as RestingRecord)]);
  });

  test("is what an operator sees", async () => {
    const { store, start } = rig();
    store.write(completed);
    const kept = start();
    const asked = { kept, found: kept.load(), running: null, tenant: completed.about.tenant, bodyBytesMax: null };
    expect(await inspect(asked)).toMatchObject({ state: "none", facts: null, answer: null });
  });
});

describe("the chunks of an attempt that is undone", () => {
  test.each([
    ["the first", null],
    ["a later one", unknown],
  ])("stay while its process lives, and are deleted by the next one: %s", async (_, before) => {
    const { store, start, chunks, alarms } = rig();
    if (before !== null) store.write(before);
    const kept = start();
    const attempt = before === null ? completed.attempt : SECOND;
    begin(kept, attempt);
    undone(kept, before, await recorded(kept, attempt, 600_000, "attempt"));
    expect(kept.load()?.record ?? null).toEqual(before);
    expect(chunks()).toHaveLength(3);
    // The next process looks after 15 min at the latest, or at the end of the term.
    expect(alarms.at(-1)).toBe(before === null ? 1200 + 900_000 : deletionMs(before));
    expect(start().load()?.record ?? null).toEqual(before);
    expect(chunks()).toEqual([]);
  });
});

describe("the chunks that an undone attempt has left beside an unknown record", () => {
  /** With a reader that has read nothing yet. */
  async function left(rememberMs = 0) {
    const objects = rig();
    const before = { ...unknown, rememberMs };
    objects.store.write(before);
    const kept = objects.start();
    begin(kept, SECOND);
    const body = await recorded(kept, SECOND, 600_000, "attempt");
    const reader = kept.readers;
    const stream = body.readAsJoiner();
    undone(kept, before, body);
    body.publishEnd();
    expect(objects.chunks()).toHaveLength(3);
    expect(reader.areTooMany).toBe(false);
    if (!(stream instanceof ReadableStream)) throw new Error("the body does not stream");
    return { ...objects, kept, body, read: () => new Response(stream).arrayBuffer() };
  }

  test("are deleted when a probe of the record begins, and their readers are cut", async () => {
    const { kept, chunks, read } = await left();
    kept.startRecording(unknown.attempt, bodyOf(1), "probe", POLICY);
    expect(chunks()).toEqual([]);
    await expect(read()).rejects.toThrow("the answer broke off");
  });

  test.each(["settle", "release"] as const)(
    "are deleted by an operator's command, and their readers are cut: %s",
    async (action) => {
      const { kept, chunks, read } = await left();
      vi.setSystemTime(1300);
      onTestFinished(() => void vi.useRealTimers());
      const answer = { status: 200, headers: [], bodyBytes: 1 };
      const settle = { action: "settle", outcome: "final", answer, ttlMs: 1000, attemptId: null } as const;
      const command = action === "settle" ? settle : ({ action, attemptId: null } as const);
      expect(kept.operate(kept.load(), command, new Uint8Array(1), null)).toMatchObject({ done: true });
      expect(chunks()).toEqual([]);
      await expect(read()).rejects.toThrow("the answer broke off");
    },
  );

  test("are deleted when its term is over and its key stays", async () => {
    const { kept, chunks } = await left(1000);
    const nowMs = unknown.expiresAtMs;
    expect(kept.current(kept.load(), null, nowMs)).toMatchObject({ state: "tombstone", cause: { kind: "expired" } });
    expect(chunks()).toEqual([]);
  });

  test("are deleted when they have been read", async () => {
    const { kept, body, chunks, waits, read } = await left();
    kept.dropWhenRead(body, 60_000);
    expect(chunks()).toHaveLength(3);
    expect((await read()).byteLength).toBe(600_000);
    await Promise.all(waits);
    expect(chunks()).toEqual([]);
  });
});

test("the chunks of an attempt whose process has died are deleted when the next attempt begins", async () => {
  const { store, start, chunks } = rig();
  store.write(unknown);
  await recorded(start(), unknown.attempt, 600_000, "attempt");
  expect(chunks()).toHaveLength(3);
  begin(start(), SECOND);
  expect(chunks()).toEqual([]);
});

test("the key of an attempt that is undone is free where readers of it are cut", async () => {
  const { store, start, chunks } = rig();
  store.write(pending);
  const kept = start();
  const body = await recorded(kept, completed.attempt, 600_000, "attempt");
  const stream = body.readAsJoiner();
  undone(kept, null, body);
  begin(kept, SECOND);
  expect(chunks()).toEqual([]);
  await expect(new Response(stream as ReadableStream).arrayBuffer()).rejects.toThrow("the answer broke off");
});

describe("an outcome", () => {
  test("that comes too late for its own record leaves the chunks that this refers to", async () => {
    const { store, start, chunks } = rig();
    store.write(pending);
    const kept = start();
    const body = await recorded(kept, pending.attempt, 300_000, "attempt");
    store.write({ ...completed, answer: { ...completed.answer, bodyBytes: 300_000 } }, body.stored);
    const conclusion = { outcome: "final", answer: completed.answer } as const;
    const outcome = { conclusion, body, from: "attempt", seen: SEEN } as const;
    const ended = { attempt: pending.attempt, before: null, policy: POLICY };
    expect(kept.conclude(ended, outcome, 1200)).toEqual({ action: "stale" });
    expect(chunks()).toHaveLength(2);
  });

  test("that is final is never stored without the whole of its answer", () => {
    const { store, start } = rig();
    store.write(pending);
    const conclusion = { outcome: "final", answer: completed.answer } as const;
    const outcome = { conclusion, body: null, from: "attempt", seen: SEEN } as const;
    const ended = { attempt: pending.attempt, before: null, policy: POLICY };
    expect(() => start().conclude(ended, outcome, 1200)).toThrow("a completed record without its answer");
    expect(store.load()?.record).toEqual(pending);
  });
});

test("an operator's command finds no record where there is none", () => {
  const refused = { done: false, before: "none", refusal: "no_record" };
  expect(rig().start().operate(null, { action: "release", attemptId: null }, null, null)).toEqual(refused);
});

describe("the chunks of a probe", () => {
  test("whose process has died are not part of the body that a later probe stores", async () => {
    const { store, start } = rig();
    store.write(unknown);
    await recorded(start(), unknown.attempt, 600_000, "probe");
    const kept = start();
    const body = await recorded(kept, unknown.attempt, 300_000, "probe");
    const answer = { ...completed.answer, bodyBytes: 300_000 };
    const outcome = { conclusion: { outcome: "final", answer }, body, from: "probe", seen: SEEN } as const;
    kept.conclude({ attempt: unknown.attempt, before: null, policy: POLICY }, outcome, 1200);
    const found = kept.load();
    if (found?.record.state !== "completed") throw new Error("it is not completed");
    const replayed = kept.body(found.record, found);
    expect(await new Response(replayed as ReadableStream).arrayBuffer()).toHaveProperty("byteLength", 300_000);
  });
});

test("a body whose readers have left does not end the one that has followed it", async () => {
  const dropped: string[] = [];
  const cut: string[] = [];
  const leftover = new Leftover({ drop: (id: string) => void dropped.push(id) } as unknown as RecordStore["chunks"]);
  const recording = (attemptId: string, readersGone: () => Promise<void>): Recording =>
    ({ attemptId, readersGone, cut: () => void cut.push(attemptId) }) as unknown as Recording;
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = recording("first", () => promise);
  leftover.keep(first);
  const dropping = leftover.dropWhenRead(first, 1000);
  leftover.drop(null);
  leftover.keep(recording("second", () => Promise.resolve()));
  resolve();
  await dropping;
  expect([dropped, cut]).toEqual([["first"], ["first"]]);
});
