/**
 * Counts what the platform bills of storage: the rows that SQL statements read and write, by their cursors, and `setAlarm`,
 * which is one row written each. `deleteAll` has no cursor; it is counted by name.
 */

import { runInDurableObject } from "cloudflare:test";
import { onTestFinished } from "vitest";

export interface RowCount {
  readonly written: number;
  readonly read: number;
  readonly deleteAlls: number;
}

/** Counts in all objects until the test ends. The sum is that since the last call. */
export async function countRows(stub: DurableObjectStub): Promise<() => RowCount> {
  const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
  let alarms = 0;
  let deleteAlls = 0;
  // The prototypes, since an object is made anew for each key, and its `storage` with it.
  await runInDurableObject(stub, (_, { storage }) => {
    const sql = Object.getPrototypeOf(storage.sql) as SqlStorage;
    const exec = sql.exec;
    sql.exec = function (this: SqlStorage, ...given: Parameters<SqlStorage["exec"]>) {
      const cursor = exec.apply(this, given);
      cursors.push(cursor);
      return cursor;
    } as SqlStorage["exec"];
    const own = Object.getPrototypeOf(storage) as DurableObjectStorage;
    const { setAlarm, deleteAll } = own;
    own.setAlarm = function (this: DurableObjectStorage, ...given) {
      alarms++;
      return setAlarm.apply(this, given);
    };
    own.deleteAll = function (this: DurableObjectStorage, ...given) {
      deleteAlls++;
      return deleteAll.apply(this, given);
    };
    onTestFinished(() => void Object.assign(sql, { exec }));
    onTestFinished(() => void Object.assign(own, { setAlarm, deleteAll }));
  });
  return () => {
    const sum = (figure: "rowsRead" | "rowsWritten"): number =>
      cursors.reduce((total, cursor) => total + cursor[figure], 0);
    const counted = { written: sum("rowsWritten") + alarms, read: sum("rowsRead"), deleteAlls };
    cursors.length = 0;
    alarms = 0;
    deleteAlls = 0;
    return counted;
  };
}
