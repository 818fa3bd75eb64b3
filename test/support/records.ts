/** Looks at, and into, the key objects of a test. */

import { listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { digestOf } from "../../src/http/digest.ts";
import { recordId } from "../../src/http/record-id.ts";
import { HOST } from "./gateway.ts";

/** The object of a key that `clientOf`'s default caller used for `POST path`. */
export async function objectOf(key: string, path: string, authorization = "Bearer alice") {
  const caller = await digestOf(["caller", "authorization", authorization]);
  return env.KEYS.getByName(await recordId({ tenant: HOST, method: "POST", path, caller, key, isDerived: false }));
}

/** The object of a key whose record is bound to its caller. */
export async function boundObjectOf(key: string, path: string) {
  return env.KEYS.getByName(
    await recordId({ tenant: HOST, method: "POST", path, caller: null, key, isDerived: false }),
  );
}

/** The stored row, as SQL returns it; undefined where there is none. */
export async function rowOf(stub: DurableObjectStub): Promise<Record<string, SqlStorageValue> | undefined> {
  return runInDurableObject(stub, (_, { storage }) => {
    const tables = storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'record'").toArray();
    return tables.length === 0 ? undefined : storage.sql.exec("SELECT * FROM record").toArray()[0];
  });
}

export async function alarmOf(stub: DurableObjectStub): Promise<number | null> {
  return runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
}

export async function objectCount(): Promise<number> {
  return (await listDurableObjectIds(env.KEYS)).length;
}
