// Deletes the files of ended records. The runtime has a database file for each object, which stays when the object has deleted
// everything in it. Only while no runtime runs: a running one may be about to write to a file.

import { type Dirent, closeSync, existsSync, openSync, opendirSync, readSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** By the names in the runtime's configuration. The journals never end. */
const SWEPT = ["oncegate-keys", "oncegate-shadows"];

const FILE = /^([0-9a-f]{64})\.sqlite$/;

/** Of a database with nothing but its first page. */
const EMPTY_BYTES = 4096;

export interface Swept {
  /** Files that are deleted. */
  readonly ended: number;
  /** Those that stay: of records, and whatever is not surely ended. */
  readonly kept: number;
}

/** The caller has the lock. */
export function sweepEnded(storage: string): Swept {
  let [ended, kept] = [0, 0];
  for (const folder of SWEPT.map((name) => join(storage, name))) {
    if (!existsSync(folder)) continue;
    const alarms = openAlarms(folder);
    for (const file of filesIn(folder)) {
      const [, object = ""] = FILE.exec(file.name) ?? [];
      if (object === "") continue;
      const path = join(folder, file.name);
      // A record has more than a page, so that most files cost one look at their length.
      const isEnded = file.isFile() && isEmpty(path) && alarms?.has(object) === false;
      if (isEnded) removeDatabase(path);
      if (isEnded) ended += 1;
      else kept += 1;
    }
    alarms?.close();
  }
  return { ended, kept };
}

function* filesIn(folder: string): Generator<Dirent> {
  const opened = opendirSync(folder);
  try {
    for (let file = opened.readSync(); file !== null; file = opened.readSync()) yield file;
  } finally {
    opened.closeSync();
  }
}

/** The runtime's own table of alarms: an object in it is not over. Null where it can't be read, and then nothing is deleted. */
function openAlarms(folder: string): { readonly has: (object: string) => boolean; readonly close: () => void } | null {
  const path = join(folder, "metadata.sqlite");
  if (!existsSync(path)) return null;
  try {
    const database = new DatabaseSync(path);
    const query = database.prepare("SELECT 1 FROM _cf_ALARM WHERE actor_id = ?");
    return { has: (object) => query.get(object) !== undefined, close: () => database.close() };
  } catch {
    // Another form of the table, or damage: the records are safe, and only room is not given back.
    return null;
  }
}

/**
 * Whether a database surely holds nothing: it is one page, whose list of tables is empty, and its write-ahead log has nothing. After
 * a kill, a record may be in the log alone, beside a file that looks empty. The page is read here, since SQLite leaves files behind.
 */
function isEmpty(path: string): boolean {
  if (bytesAt(path) !== EMPTY_BYTES || bytesAt(`${path}-wal`) > 0 || bytesAt(`${path}-journal`) > 0) return false;
  const page = firstPage(path);
  return (
    page.toString("latin1", 0, 16) === "SQLite format 3\0" &&
    page.readUInt16BE(16) === EMPTY_BYTES &&
    // Pages of the database, and those of them that are free.
    page.readUInt32BE(28) === 1 &&
    page.readUInt32BE(36) === 0 &&
    // The list of tables: a leaf of a table's tree without rows.
    page.readUInt8(100) === 0x0d &&
    page.readUInt16BE(103) === 0
  );
}

function bytesAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function firstPage(path: string): Buffer {
  const page = Buffer.alloc(EMPTY_BYTES);
  const fd = openSync(path, "r");
  try {
    readSync(fd, page);
  } finally {
    closeSync(fd);
  }
  return page;
}

/** The database first: what is left without it is nothing to the runtime. */
function removeDatabase(path: string): void {
  for (const suffix of ["", "-shm", "-wal"]) rmSync(path + suffix, { force: true });
}
