import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { StayAwake } from "../../../src/key-object/stay-awake.ts";
import { logged } from "./rig.ts";

vi.spyOn(console, "warn").mockImplementation(() => undefined);
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** An object that counts its calls to itself; each fails while `fails` says so. */
function object(fails = 0) {
  const calls = { begun: 0, ended: 0 };
  const awake: StayAwake = new StayAwake({ waitUntil: () => undefined }, async () => {
    calls.begun++;
    if (calls.begun <= fails) throw new Error("the call failed");
    await awake.untilIdle();
    calls.ended++;
  });
  return { awake, calls };
}

describe("an object in which something runs", () => {
  test("hands it to the platform, which keeps the object for what was handed to it", () => {
    const handed: Promise<unknown>[] = [];
    const awake = new StayAwake({ waitUntil: (work) => void handed.push(work) }, () => Promise.resolve());
    const work = Promise.resolve();
    awake.during(work);
    expect(handed).toEqual([work]);
  });

  test("makes no call for what ends within 30 s", async () => {
    const { awake, calls } = object();
    const { promise, resolve } = Promise.withResolvers<void>();
    awake.during(promise);
    await vi.advanceTimersByTimeAsync(29_999);
    resolve();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toEqual({ begun: 0, ended: 0 });
  });

  test("has one call to itself pending after 30 s, until the work ends", async () => {
    const { awake, calls } = object();
    const { promise, resolve } = Promise.withResolvers<void>();
    awake.during(promise);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(calls).toEqual({ begun: 1, ended: 0 });
    resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(calls).toEqual({ begun: 1, ended: 1 });
  });

  test("stays for the work that goes on when another has ended", async () => {
    const { awake, calls } = object();
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    awake.during(first.promise);
    awake.during(second.promise);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(calls.begun).toBe(1);
    first.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(calls.ended).toBe(0);
    second.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(calls.ended).toBe(calls.begun);
  });

  test("has a call to itself again for what runs later", async () => {
    const { awake, calls } = object();
    for (const nth of [1, 2]) {
      const { promise, resolve } = Promise.withResolvers<void>();
      awake.during(promise);
      await vi.advanceTimersByTimeAsync(30_000);
      resolve();
      await vi.advanceTimersByTimeAsync(30_000);
      expect(calls).toEqual({ begun: nth, ended: nth });
    }
  });

  test("calls again when a call fails, and logs that", async () => {
    const lines = logged();
    const { awake, calls } = object(2);
    const { promise, resolve } = Promise.withResolvers<void>();
    awake.during(promise);
    await vi.advanceTimersByTimeAsync(90_000);
    expect(calls).toEqual({ begun: 3, ended: 0 });
    const id = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;
    const fault = {
      event: "fault",
      id,
      where: "stay awake",
      why: "Error: the call failed",
      tenant: null,
      record: null,
    };
    expect(lines()).toEqual([fault, fault]);
    resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(calls.ended).toBe(1);
  });

  test("waits before it calls again where another process has answered the call", async () => {
    let calls = 0;
    const awake = new StayAwake({ waitUntil: () => undefined }, () => {
      calls++;
      return Promise.resolve();
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    awake.during(promise);
    await vi.advanceTimersByTimeAsync(90_000);
    resolve();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toBe(3);
  });

  test("makes no further call for work that ended while a call failed", async () => {
    const { awake, calls } = object(1);
    const { promise, resolve } = Promise.withResolvers<void>();
    awake.during(promise);
    await vi.advanceTimersByTimeAsync(30_000);
    resolve();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toEqual({ begun: 1, ended: 0 });
  });
});
