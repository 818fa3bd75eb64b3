/**
 * Counts what the platform bills of storage: the rows that SQL statements read and write, by their cursors, and one row each for a
 * `get`, a `put` and a `delete` of a key, for each key of a `list`, and for a `setAlarm`. `deleteAll` has no cursor; it is counted
 * by name.
 */

import { runInDurableObject } from "cloudflare:test";
import { onTestFinished } from "vitest";

export interface RowCount {
  readonly written: number;
  readonly read: number;
  readonly deleteAlls: number;
}

/**
 * Counts until the test ends: in all objects, or in those whose storage `isCounted`, which gets a `storage`, or its `kv` or `sql`. The
 * sum is that since the last call.
 */
export async function countRows(
  stub: DurableObjectStub,
  isCounted: (owner: object) => boolean = () => true,
): Promise<() => RowCount> {
  const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
  const calls = { get: 0, put: 0, deleted: 0, alarms: 0, deleteAlls: 0 };
  // The prototypes, since an object is made anew for each key, and its `storage` with it.
  await runInDurableObject(stub, (_, { storage }) => {
    const sql = Object.getPrototypeOf(storage.sql) as SqlStorage;
    const exec = sql.exec;
    sql.exec = function (this: SqlStorage, ...given: Parameters<SqlStorage["exec"]>) {
      const cursor = exec.apply(this, given);
      if (isCounted(this)) cursors.push(cursor);
      return cursor;
    } as SqlStorage["exec"];
    const kv = Object.getPrototypeOf(storage.kv) as SyncKvStorage;
    const { get, put, delete: remove, list } = kv;
    kv.get = function (this: SyncKvStorage, key: string) {
      if (isCounted(this)) calls.get++;
      return get.call(this, key);
    } as SyncKvStorage["get"];
    kv.put = function (this: SyncKvStorage, ...given) {
      if (isCounted(this)) calls.put++;
      return put.apply(this, given);
    };
    kv.delete = function (this: SyncKvStorage, key: string) {
      const isDeleted = remove.call(this, key);
      if (isDeleted && isCounted(this)) calls.deleted++;
      return isDeleted;
    };
    const own = Object.getPrototypeOf(storage) as DurableObjectStorage;
    // What is not counted must not be used unseen.
    const uncounted = { delete: own.delete, put: own.put, get: own.get, list: own.list };
    const refuse = (): never => {
      throw new Error("this operation is not counted: see test/support/row-count.ts");
    };
    Object.assign(own, { delete: refuse, put: refuse, get: refuse, list: refuse });
    kv.list = function (this: SyncKvStorage, ...given) {
      const found = [...list.apply(this, given)];
      if (isCounted(this)) calls.get += found.length;
      return found;
    } as SyncKvStorage["list"];
    onTestFinished(() => void Object.assign(own, uncounted));
    const { setAlarm, deleteAll } = own;
    own.setAlarm = function (this: DurableObjectStorage, ...given) {
      if (isCounted(this)) calls.alarms++;
      return setAlarm.apply(this, given);
    };
    own.deleteAll = function (this: DurableObjectStorage, ...given) {
      if (isCounted(this)) calls.deleteAlls++;
      return deleteAll.apply(this, given);
    };
    onTestFinished(() => void Object.assign(sql, { exec }));
    onTestFinished(() => void Object.assign(kv, { get, put, delete: remove, list }));
    onTestFinished(() => void Object.assign(own, { setAlarm, deleteAll }));
  });
  return () => {
    const sum = (figure: "rowsRead" | "rowsWritten"): number =>
      cursors.reduce((total, cursor) => total + cursor[figure], 0);
    const { get, put, deleted, alarms, deleteAlls } = calls;
    const counted = { written: sum("rowsWritten") + put + deleted + alarms, read: sum("rowsRead") + get, deleteAlls };
    cursors.length = 0;
    Object.assign(calls, { get: 0, put: 0, deleted: 0, alarms: 0, deleteAlls: 0 });
    return counted;
  };
}
