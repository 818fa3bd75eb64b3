/** 3.12: the shadow of a record, which follows requests and answers none. */

import { beforeEach, describe, expect, test, vi } from "vitest";
import { type ObserveCall, ShadowObject } from "../../../src/key-object/shadow-object.ts";
import { deletionMs } from "../../../src/record/decide-alarm.ts";
import { type RestingRecord } from "../../../src/record/record.ts";
import { decodeRecord } from "../../../src/record/stored-record.ts";
import { OTHER, SAME, pending } from "../record/examples.ts";
import { MemoryStorage, NOW_MS, POLICY, logged } from "./rig.ts";

beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(NOW_MS);
  return () => vi.useRealTimers();
});

function setUp() {
  const storage = new MemoryStorage();
  const waits: Promise<unknown>[] = [];
  const start = (): ShadowObject => new ShadowObject(storage.ctx(waits), {} as Env);
  return { storage, waits, start, shadow: start(), stored: () => decodeRecord(Object(storage.values.get("record"))) };
}

function seen(changes: Partial<ObserveCall> = {}): ObserveCall {
  return { about: pending.about, request: SAME, policy: POLICY, mayProbe: false, ...changes };
}

const FINAL = { outcome: "final", answer: { status: 402, headers: [], bodyBytes: 0 } } as const;

describe("a request that is observed", () => {
  test("would be executed where there is no record, and is recorded with its watchdog", () => {
    const { storage, shadow, stored, waits } = setUp();
    const { decision, attempt } = shadow.observe(seen());
    expect(decision).toEqual({ action: "execute", attemptNumber: 1 });
    expect(attempt).toEqual({ number: 1, id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string });
    expect(stored()).toEqual({
      state: "pending",
      about: pending.about,
      request: SAME,
      attempt,
      rememberMs: POLICY.rememberMs,
      startedAtMs: NOW_MS,
      unknownTtlMs: POLICY.unknownTtlMs,
    });
    expect(storage.alarmMs).toBe(NOW_MS + POLICY.originDeadlineMs + 15_000);
    expect(waits).toHaveLength(1);
  });

  test("would join one that may still run, and is no attempt itself", () => {
    const { shadow, stored } = setUp();
    shadow.observe(seen());
    const before = stored();
    expect(shadow.observe(seen())).toEqual({ decision: { action: "join" }, attempt: null });
    expect(stored()).toEqual(before);
  });

  test("would be refused where it is another one", () => {
    const { shadow } = setUp();
    shadow.observe(seen());
    expect(shadow.observe(seen({ request: OTHER })).decision).toEqual({ action: "refuse", code: "key_reused" });
  });

  test("would be replayed once the answer is known, by another process too", () => {
    const { storage, shadow, start, stored } = setUp();
    const { attempt } = shadow.observe(seen());
    vi.setSystemTime(NOW_MS + 400);
    shadow.observed({ attempt: attempt ?? pending.attempt, conclusion: FINAL, policy: POLICY });
    const record = stored() as RestingRecord;
    expect(record).toMatchObject({ state: "completed", recordedAtMs: NOW_MS + 400, answer: FINAL.answer });
    expect(storage.alarmMs).toBe(deletionMs(record));
    expect(start().observe(seen()).decision).toEqual({ action: "replay" });
  });

  test.each([true, false])("would make the gateway probe where that may: %s", (mayProbe) => {
    const { shadow } = setUp();
    const policy = { ...POLICY, onUnknown: "probe" as const };
    shadow.observe(seen({ policy }));
    vi.setSystemTime(NOW_MS + policy.originDeadlineMs);
    const { decision } = shadow.observe(seen({ policy, mayProbe }));
    expect(decision).toEqual(mayProbe ? { action: "probe" } : { action: "refuse", code: "outcome_unknown" });
  });
});

describe("the end of an observed request", () => {
  test("that did not run leaves nothing", () => {
    const { storage, shadow, waits } = setUp();
    const { attempt } = shadow.observe(seen());
    shadow.observed({ attempt: attempt ?? pending.attempt, conclusion: { outcome: "not-executed" }, policy: POLICY });
    expect([storage.values.size, storage.alarmMs, waits.length]).toEqual([0, null, 2]);
  });

  test("changes nothing where a later request has replaced it", () => {
    const { storage, shadow, stored } = setUp();
    shadow.observe(seen());
    const before = [stored(), storage.alarmMs];
    shadow.observed({ attempt: { number: 1, id: "another" }, conclusion: FINAL, policy: POLICY });
    expect([stored(), storage.alarmMs]).toEqual(before);
  });
});

describe("the alarm of a shadow", () => {
  const fired = (): AlarmInvocationInfo => ({ isRetry: false, retryCount: 0, scheduledTime: Date.now() });

  test("makes a request that was never concluded an unknown one, and then ends its term", async () => {
    const { storage, shadow, stored } = setUp();
    shadow.observe(seen());
    vi.setSystemTime(storage.alarmMs ?? 0);
    await shadow.alarm(fired());
    const record = stored() as RestingRecord;
    expect(record).toMatchObject({ state: "unknown", sinceMs: Date.now() });
    expect(storage.alarmMs).toBe(deletionMs(record));
    vi.setSystemTime(storage.alarmMs ?? 0);
    await shadow.alarm(fired());
    expect([storage.values.size, storage.alarmMs]).toEqual([0, null]);
  });

  test("deletes a shadow that can't be read", async () => {
    const { storage, shadow } = setUp();
    storage.values.set("record", { state: "of a newer version" });
    await shadow.alarm(fired());
    expect(storage.values.size).toBe(0);
  });

  test("that keeps failing is logged, and comes again", async () => {
    const lines = logged();
    const { storage, shadow } = setUp();
    storage.onRead = () => {
      throw new Error("disk I/O error");
    };
    await shadow.alarm({ ...fired(), retryCount: 5 });
    expect(lines()).toEqual([{ event: "observe_failed", why: "alarm: Error: disk I/O error" }]);
    expect(storage.alarmMs).toBe(NOW_MS + 3_600_000);
  });
});
