/** Looks at, and into, the key objects of a test. */

import { listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { digestOf } from "../../src/identity/digest.ts";
import { recordId } from "../../src/identity/record-id.ts";
import { HOST } from "./gateway.ts";

/** The object of a key that `clientOf`'s default caller used for `POST path`. */
export async function objectOf(key: string, path: string, authorization = "Bearer alice") {
  // The scheme counts in lower case.
  const caller = await digestOf(["caller", "authorization", authorization.replace("Bearer ", "bearer ")]);
  return env.KEYS.getByName(await recordId({ tenant: HOST, method: "POST", path, caller, key, isDerived: false }));
}

/** The object of a key whose record is bound to its caller. */
export async function boundObjectOf(key: string, path: string) {
  return env.KEYS.getByName(
    await recordId({ tenant: HOST, method: "POST", path, caller: null, key, isDerived: false }),
  );
}

/** The record as it is stored: see src/record/stored-record.ts. */
type StoredRow = Readonly<Record<string, unknown>>;

/** The stored record; undefined where there is none. */
export async function rowOf(stub: DurableObjectStub): Promise<StoredRow | undefined> {
  return runInDurableObject(stub, (_, { storage }) => storage.kv.get<StoredRow>("record"));
}

/** Changes the stored record behind its object's back: by damage, or by another version. */
export async function changeRow(stub: DurableObjectStub, changes: StoredRow): Promise<void> {
  await runInDurableObject(stub, (_, { storage }) => changeRowIn(storage, changes));
}

export function changeRowIn({ kv }: DurableObjectStorage, changes: StoredRow): void {
  kv.put("record", { ...kv.get<StoredRow>("record"), ...changes });
}

/** Whether an object stores anything at all, but for its alarm. */
export async function isEmpty(stub: DurableObjectStub): Promise<boolean> {
  return runInDurableObject(stub, (_, { storage }) => [...storage.kv.list()].length === 0);
}

/** The keys under which the chunks of bodies are stored, `chunk:<attempt id>:<seq>`. */
export async function chunkKeysOf(stub: DurableObjectStub): Promise<string[]> {
  return runInDurableObject(stub, (_, { storage }) => chunkKeysIn(storage));
}

export function chunkKeysIn({ kv }: DurableObjectStorage): string[] {
  return [...kv.list({ prefix: "chunk:" })].map(([key]) => key);
}

export async function alarmOf(stub: DurableObjectStub): Promise<number | null> {
  return runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
}

/** The alarm that ends a record whose term of `termMs` ends at `endMs`: deletions are spread over up to 2 % of it, an hour at most. */
export async function expectDeletionAfter(stub: DurableObjectStub, endMs: number, termMs: number): Promise<void> {
  const alarmMs = await alarmOf(stub);
  expect(alarmMs).toBeGreaterThanOrEqual(endMs);
  expect(alarmMs).toBeLessThanOrEqual(endMs + Math.min(termMs / 50, 3_600_000));
}

/** Runs the alarm that is set, as the platform runs it at its time; false where none is. */
export async function fireAlarm(stub: DurableObjectStub): Promise<boolean> {
  const firedMs = await alarmOf(stub);
  if (firedMs !== null) await runAlarmOf(stub, firedMs);
  return firedMs !== null;
}

/** The same for the alarm that was set for `firedMs`. One that has failed is not set any more here, and runs as a retry. */
export async function runAlarmOf(stub: DurableObjectStub, firedMs: number, retryCount = 0): Promise<void> {
  await runInDurableObject(stub, async (instance, { storage }) => {
    const info = { retryCount, isRetry: retryCount > 0, scheduledTime: firedMs };
    // In one commit with what the alarm writes, so that it is still set if that fails.
    await Promise.all([storage.deleteAlarm(), instance.alarm?.(info)]);
    if ((await storage.getAlarm()) === firedMs) throw new AlarmOfItsOwnTime(firedMs);
  });
}

/** In the handler of the alarm for T, `setAlarm(T)` schedules nothing on the platform, although `getAlarm` then returns T. */
export class AlarmOfItsOwnTime extends Error {
  constructor(firedMs: number) {
    super(`the alarm for ${firedMs} has set ${firedMs} again, which schedules nothing`);
  }
}

export async function objectCount(): Promise<number> {
  return (await listDurableObjectIds(env.KEYS)).length;
}
