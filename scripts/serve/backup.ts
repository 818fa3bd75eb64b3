// A backup is a copy of the storage while no runtime runs. A copy of running databases could have a record without its newest
// state, and a state that goes back in time runs a key again.

import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:fs";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { EXIT } from "./exit.ts";
import { markRestored, markRestoring, stateOf } from "./restored.ts";

/** Beside the copied records. */
const MANIFEST = "backup.json";
const RECORDS = "records";

const MANIFEST_SCHEMA = v.object({ takenAt: v.pipe(v.string(), v.isoTimestamp()) });

/** `folder` must not exist. The caller has the lock of `storage`. Returns the exit code. */
export function backUp(storage: string, folder: string): number {
  if (stateOf(storage).kind !== "own") {
    throw new Error(`${storage} is restored and not released: its backup would be of two times. Release it first.`);
  }
  // A misspelt storage would otherwise have a backup that restores nothing.
  if (contentOf(storage).length === 0) {
    throw new Error(`${storage} is empty: there is nothing to back up. Is it the storage?`);
  }
  if (existsSync(folder)) throw new Error(`${folder} exists. Name a new folder for each backup.`);
  // Under its own name only when it is whole.
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(dirname(partial), { recursive: true, mode: 0o700 });
  // Not recursive: in a directory that others may write to, a folder or link that is there by now would be another user's.
  mkdirSync(partial, { mode: 0o700 });
  const takenAt = new Date().toISOString();
  copy(storage, join(partial, RECORDS));
  writeFileSync(join(partial, MANIFEST), `${JSON.stringify({ takenAt })}\n`);
  renameSync(partial, folder);
  console.log(`${storage} is copied to ${folder}. A restore forgets keys that are first used after ${takenAt}.`);
  return EXIT.done;
}

/** `storage` must be empty. The caller has its lock. Returns the exit code. */
export function restore(folder: string, storage: string): number {
  const [first] = contentOf(storage);
  if (first !== undefined) throw new Error(`${storage} is not empty: it has ${first}. Restore to a new directory.`);
  const manifest = join(folder, MANIFEST);
  if (!existsSync(manifest)) throw new Error(`${folder} is no whole backup: it has no ${MANIFEST}.`);
  const { takenAt } = v.parse(MANIFEST_SCHEMA, JSON.parse(readFileSync(manifest, "utf8")));
  const text = `Restored ${new Date().toISOString()} from a backup of ${takenAt}. Keys first used since then are forgotten: a retry runs again.`;
  markRestoring(storage, text);
  copy(join(folder, RECORDS), storage);
  markRestored(storage);
  console.log(
    `${text}\n${storage} starts on hold: nothing new is executed until npm run serve -- release, and a restart.`,
  );
  return EXIT.done;
}

/** In the root of each ext4 file system, readable for root alone. */
const OF_FILE_SYSTEM = "lost+found";

function contentOf(storage: string): string[] {
  return readdirSync(storage).filter((name) => name !== OF_FILE_SYSTEM);
}

/** Shares blocks where the file system can. */
function copy(from: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  const how = { recursive: true, mode: constants.COPYFILE_FICLONE, preserveTimestamps: true };
  for (const name of contentOf(from)) cpSync(join(from, name), join(to, name), how);
}
