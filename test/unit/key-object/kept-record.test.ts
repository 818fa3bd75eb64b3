/** A kept record over storage in memory: its alarm, and the chunks that attempts and processes leave behind. */

import { describe, expect, test } from "vitest";
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
  const ctx = { storage, id: { name: "record" }, waitUntil: () => undefined } as unknown as DurableObjectState;
  const reporter = { changed: () => undefined } as unknown as JournalReporter;
  return {
    alarms,
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
    const { store, start, chunks } = rig();
    if (before !== null) store.write(before);
    const kept = start();
    const attempt = before === null ? completed.attempt : SECOND;
    begin(kept, attempt);
    undone(kept, before, await recorded(kept, attempt, 600_000, "attempt"));
    expect(kept.load()?.record ?? null).toEqual(before);
    expect(chunks()).toHaveLength(3);
    expect(start().load()?.record ?? null).toEqual(before);
    expect(chunks()).toEqual([]);
  });
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
