import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { sweepEnded } from "../../../scripts/serve/sweep.ts";

const storage = mkdtempSync(join(tmpdir(), "oncegate-sweep-"));
const keys = join(storage, "oncegate-keys");
afterAll(() => rmSync(storage, { recursive: true }));

beforeEach(() => {
  rmSync(keys, { recursive: true, force: true });
  mkdirSync(keys);
  const metadata = new DatabaseSync(join(keys, "metadata.sqlite"));
  metadata.exec("CREATE TABLE _cf_ALARM (actor_id TEXT PRIMARY KEY, scheduled_time INTEGER, actor_name TEXT)");
  metadata.close();
});

let count = 0;
const newObject = (): string => String(++count).padStart(64, "0");

/** A database as the runtime leaves it: with a write-ahead log, and here without tables. */
function database(object: string, sql: string, folder = keys): string {
  const path = join(folder, `${object}.sqlite`);
  const opened = new DatabaseSync(path);
  opened.exec(
    `PRAGMA journal_mode = WAL; CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID; ${sql}`,
  );
  opened.close();
  return path;
}

const ENDED = "DROP TABLE _cf_KV; VACUUM;";

function alarm(sql: string): void {
  const metadata = new DatabaseSync(join(keys, "metadata.sqlite"));
  metadata.exec(sql);
  metadata.close();
}

const left = (): number => readdirSync(keys).filter((name) => /^0+\d+\.sqlite/.test(name)).length;

describe("a sweep", () => {
  test("deletes an empty database with what is beside it", () => {
    const path = database(newObject(), ENDED);
    writeFileSync(`${path}-wal`, "");
    writeFileSync(`${path}-shm`, "x".repeat(32_768));
    expect(sweepEnded(storage)).toEqual({ ended: 1, kept: 0 });
    expect(readdirSync(keys)).toEqual(["metadata.sqlite"]);
  });

  test.each<[string, (object: string) => void]>([
    ["has a table, also without rows", (object) => void database(object, "")],
    ["has free pages", (object) => void database(object, "DROP TABLE _cf_KV;")],
    [
      "has an alarm",
      (object) => (database(object, ENDED), alarm(`INSERT INTO _cf_ALARM VALUES ('${object}', 1, 'a')`)),
    ],
    ["has a write-ahead log", (object) => writeFileSync(`${database(object, ENDED)}-wal`, "x")],
    ["has a rollback journal", (object) => writeFileSync(`${database(object, ENDED)}-journal`, "x")],
    ["has no bytes", (object) => writeFileSync(join(keys, `${object}.sqlite`), "")],
    ["has one page of zeros", (object) => writeFileSync(join(keys, `${object}.sqlite`), Buffer.alloc(4096))],
    ["is a directory", (object) => mkdirSync(join(keys, `${object}.sqlite`))],
    [
      "is of an object whose alarms can't be read",
      (object) => (database(object, ENDED), alarm("DROP TABLE _cf_ALARM")),
    ],
    [
      "is of an object whose alarms are gone",
      (object) => (database(object, ENDED), rmSync(join(keys, "metadata.sqlite"))),
    ],
  ])("keeps a file that %s", (_, make) => {
    make(newObject());
    const before = left();
    expect(sweepEnded(storage)).toEqual({ ended: 0, kept: 1 });
    expect(left()).toBe(before);
  });

  test("keeps journals, and files that are no object's", () => {
    const journals = join(storage, "oncegate-journals");
    mkdirSync(journals);
    database(newObject(), ENDED, journals);
    database("notes", ENDED);
    expect(sweepEnded(storage)).toEqual({ ended: 0, kept: 0 });
    expect(readdirSync(journals)).toHaveLength(1);
    expect(readdirSync(keys).sort()).toEqual(["metadata.sqlite", "notes.sqlite"]);
  });
});
