import { beforeEach, describe, expect, test, vi } from "vitest";
import { WATCHDOG_GRACE_MS, carryOutAlarm, runAlarm } from "../../../src/key-object/record-alarm.ts";
import { unknown } from "../record/examples.ts";

beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(50_000);
  return () => vi.useRealTimers();
});

/** Storage that notes what is done with it, and the actions of an alarm. */
function rig() {
  const done: unknown[] = [];
  const storage = { setAlarm: (atMs: number) => Promise.resolve(void done.push(["alarm", atMs])) };
  const actions = {
    forget: () => Promise.resolve(void done.push("forget")),
    write: (record: unknown) => void done.push(["write", record]),
  };
  return { done, storage: storage as unknown as DurableObjectStorage, actions };
}

test("the watchdog waits 15 s longer than the origin may take", () => {
  expect(WATCHDOG_GRACE_MS).toBe(15_000);
});

describe("an alarm", () => {
  test("acts with the time it was set for, and the time it is", async () => {
    const { storage, done } = rig();
    const info = { isRetry: false, retryCount: 0, scheduledTime: 49_000 };
    await runAlarm(
      storage,
      info,
      (times) => void done.push(times),
      () => done.push("report"),
    );
    await runAlarm(
      storage,
      undefined,
      (times) => void done.push(times),
      () => done.push("report"),
    );
    expect(done).toEqual([
      { firedMs: 49_000, nowMs: 50_000 },
      { firedMs: 0, nowMs: 50_000 },
    ]);
  });

  test.each([undefined, 0, 4])("that fails at retry %s is retried by the platform", async (retryCount) => {
    const { storage, done } = rig();
    const info = retryCount === undefined ? undefined : { isRetry: true, retryCount, scheduledTime: 49_000 };
    const fail = () => Promise.reject(new Error("disk"));
    await expect(runAlarm(storage, info, fail, () => done.push("report"))).rejects.toThrow("disk");
    expect(done).toEqual([]);
  });

  test.each([5, 6])("that fails at retry %i is reported, and comes again in an hour", async (retryCount) => {
    const { storage, done } = rig();
    const info = { isRetry: true, retryCount, scheduledTime: 49_000 };
    const fail = () => Promise.reject(new Error("disk"));
    await runAlarm(storage, info, fail, (why) => done.push(why));
    expect(done).toEqual(["Error: disk", ["alarm", 50_000 + 3_600_000]]);
  });
});

describe("a decision of an alarm", () => {
  test("is carried out", async () => {
    const { storage, done, actions } = rig();
    await carryOutAlarm({ action: "look again", atMs: 7 }, storage, actions);
    await carryOutAlarm({ action: "write", record: unknown, atMs: 8 }, storage, actions);
    await carryOutAlarm({ action: "forget" }, storage, actions);
    expect(done).toEqual([["alarm", 7], ["write", unknown], ["alarm", 8], "forget"]);
  });
});
