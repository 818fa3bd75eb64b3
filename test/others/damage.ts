// Damage on the disk, while no gateway runs.

import assert from "node:assert/strict";
import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** The folder of the key objects, one database each, below that of the records. */
const KEY_OBJECTS = "oncegate-keys";

/** Overwrites the record of `operation` with zeros. */
export async function damageRecord(folder: string, operation: string): Promise<void> {
  const objects = join(folder, KEY_OBJECTS);
  let damaged = 0;
  for (const file of await databasesIn(objects)) {
    const database = new DatabaseSync(join(objects, file));
    const value = recordIn(database);
    if (value instanceof Uint8Array && Buffer.from(value).includes(operation)) {
      const zeros = new Uint8Array(value.byteLength);
      database.prepare("UPDATE _cf_KV SET value = ? WHERE key = 'record'").run(zeros);
      damaged += 1;
    }
    database.close();
  }
  assert.equal(damaged, 1, `records of ${operation} on the disk`);
}

function recordIn(database: DatabaseSync): unknown {
  // An object that has stored nothing has no table.
  const table = database.prepare("SELECT name FROM sqlite_master WHERE name = '_cf_KV'").get();
  if (table === undefined) return undefined;
  return database.prepare("SELECT value FROM _cf_KV WHERE key = 'record'").get()?.["value"];
}

/** Leaves bytes that are no database where the database of the key that was used last is. */
export async function spoilNewestDatabase(folder: string): Promise<void> {
  const objects = join(folder, KEY_OBJECTS);
  let newest = { file: "", changedMs: 0 };
  for (const file of await databasesIn(objects)) {
    // What was written last may still be in the log beside it.
    const times = ["", "-wal"].map(
      async (end) => (await stat(join(objects, `${file}${end}`)).catch(() => null))?.mtimeMs,
    );
    const changedMs = Math.max(...(await Promise.all(times)).map((time) => time ?? 0));
    if (changedMs > newest.changedMs) newest = { file, changedMs };
  }
  for (const end of ["-wal", "-shm"]) await rm(join(objects, `${newest.file}${end}`), { force: true });
  await writeFile(join(objects, newest.file), "no database ".repeat(1000));
}

async function databasesIn(objects: string): Promise<readonly string[]> {
  return (await readdir(objects)).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
}
