/**
 * Alarms that the runtime itself fires. In the handler of the alarm for T, `setAlarm(T)` schedules nothing, although `getAlarm`
 * returns T. A test that calls `alarm()` by hand can't see that.
 */

import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { digestOf } from "../../../src/identity/digest.ts";
import { recordId } from "../../../src/identity/record-id.ts";
import { KeyObject, ShadowObject } from "../../../src/index.ts";
import { HOST, clientOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";
import { isEmpty, objectOf, rowOf } from "../../support/records.ts";

const PATH = "/v1/charges";

/** The shortest `ttl`. */
const TERM = { ttl: "1s" };
const TERM_MS = 1000;

/** Time for two alarms on a busy machine. */
const WITHIN_MS = 15_000;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** The gateway's clock stops. The runtime's own clock, by which alarms fire, goes on. */
function stopClock(atMs: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: atMs });
}

/** Not `vi.waitFor`, which moves a stopped clock. */
async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const endMs = performance.now() + WITHIN_MS;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`waited ${WITHIN_MS} ms until ${what}`);
    await scheduler.wait(20);
  }
}

async function shadowOf(key: string): Promise<DurableObjectStub> {
  const caller = await digestOf(["caller", "authorization", "bearer alice"]);
  const scope = { tenant: HOST, method: "POST", path: PATH, caller, key, isDerived: false };
  return env.SHADOWS.getByName(await recordId(scope));
}

describe("4.4 an alarm that fires while the object's clock is behind it", () => {
  test.each([
    ["a record", KeyObject, TERM, objectOf],
    ["a shadow record", ShadowObject, { ...TERM, mode: "observe" }, shadowOf],
  ] as const)("looks again a second later, until it ends %s", async (_, { prototype }, policy, objectOf) => {
    const alarm = vi.spyOn(prototype, "alarm");
    const firedMs = (): number[] => alarm.mock.calls.map(([info]) => info?.scheduledTime ?? 0);
    scriptOrigin();
    const key = uniqueKey();
    const startMs = Date.now();
    stopClock(startMs);
    await (await clientOf(policy).post(PATH, { key })).text();
    const object = await objectOf(key, PATH);
    await until("the answer is stored", async () => (await rowOf(object))?.["state"] === "completed");
    await until("three alarms have fired", () => firedMs().length >= 3);
    expect(firedMs()[0]).toBeGreaterThanOrEqual(startMs + TERM_MS);
    // Deletions are spread over 2 % of the term.
    expect(firedMs()[0]).toBeLessThanOrEqual(startMs + TERM_MS + 20);
    vi.useRealTimers();
    await until("the record is gone", () => isEmpty(object));
    for (const [index, ms] of firedMs().slice(1).entries()) {
      expect(ms).toBeGreaterThanOrEqual((firedMs()[index] ?? Infinity) + 1000);
    }
  });
});
