// npm run serve -- [run] [--storage /var/lib/oncegate --listen 127.0.0.1:8787 --config deploy/workerd.capnp --drain 120]
// npm run serve -- check | sweep | backup FOLDER | restore FOLDER | release
//
// Runs the gateway on the open-source runtime, without Cloudflare: one process, with its records in --storage. A second start on
// the same storage is refused while the runtime lives, even where its launcher was killed. Variables (ORIGIN, TENANTS and so on)
// come from the environment, from the file that NAME_FILE names, or from a file NAME in --secrets (/run/secrets).
//
//   run      checks the configuration, deletes the files of ended records, starts the runtime. SIGTERM and Ctrl-C stop it: requests
//            that run may take --drain seconds to end.
//   check    checks the configuration with these variables, and starts nothing.
//   sweep    deletes the files of ended records, while no runtime runs.
//   backup   copies the records to FOLDER, while no runtime runs.
//   restore  copies FOLDER to an empty storage. It starts on hold: records are replayed, and nothing new is executed.
//   release  ends that hold, with the next start.
//
// Exit codes: 0 done, or stopped in time; 1 a fault in the configuration; 2 not possible; 3 the storage is in use;
// 4 stopped, and attempts that did not end in time were cut; 5 the runtime ended by itself.

import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { beginScript, runScript } from "./help.ts";
import { backUp, restore } from "./serve/backup.ts";
import { checkServed, readServed, requireBuild } from "./serve/configuration.ts";
import { EXIT } from "./serve/exit.ts";
import { inUseMessage, lockStorage } from "./serve/lock.ts";
import { removeMark, stateOf } from "./serve/restored.ts";
import { runGateway } from "./serve/run.ts";
import { sweepEnded } from "./serve/sweep.ts";

const REPOSITORY = join(import.meta.dirname, "..");

/** `origin_timeout` is 100 s by default: clients that wait for a response get it. */
const DRAIN_SECONDS = 120;
const DRAIN_SECONDS_MAX = 3600;

beginScript(import.meta.filename);
// Also that of the runtime. The storage may be in a directory that others may enter, and has stored responses.
process.umask(0o077);
await runScript(() => main(readCommand()));

type Command = ReturnType<typeof readCommand>;

/** Returns the exit code. */
function main(command: Command): number | Promise<number> {
  switch (command.name) {
    case "check":
      return checkServed(readServed(command));
    case "release":
      return release(storageOf(command));
    case "run":
      return run(command);
    case "sweep":
      return whileLocked(command, ({ storage }) => printSwept(storage));
    case "backup":
      return whileLocked(command, ({ storage }) => backUp(storage, folderOf(command)));
    case "restore":
      return whileLocked(command, ({ storage }) => restore(folderOf(command), storage));
    default:
      throw new Error(`There is no command ${command.name}. See npm run serve -- --help`);
  }
}

function run(command: Command): number | Promise<number> {
  const served = readServed(command);
  const code = checkServed(served);
  if (code !== EXIT.done) return code;
  requireBuild(served);
  return whileLocked(command, ({ storage, fd }) => {
    if (stateOf(storage).kind === "half restored") {
      throw new Error(`${storage} is half restored. Empty it, and restore it again.`);
    }
    printSwept(storage);
    return runGateway({ ...command, storage, lockFd: fd, served });
  });
}

interface Locked {
  readonly storage: string;
  readonly fd: number;
}

/** The exit code of `work`, or that of a storage in use. */
async function whileLocked(command: Command, work: (locked: Locked) => number | Promise<number>): Promise<number> {
  const storage = storageOf(command);
  const lock = lockStorage(storage);
  if (lock.kind === "in use") {
    console.error(inUseMessage(storage, lock.holders));
    return EXIT.inUse;
  }
  try {
    return await work({ storage, fd: lock.fd });
  } finally {
    lock.release();
  }
}

/** Its name without links, which the runtime and /proc use. Only a run and a restore make one: any other would look at nothing. */
function storageOf({ name, storage }: Command): string {
  if (name === "run" || name === "restore") mkdirSync(storage, { recursive: true, mode: 0o700 });
  else if (!existsSync(storage)) throw new Error(`There is no storage ${storage}. Name it with --storage.`);
  return realpathSync(storage);
}

function printSwept(storage: string): number {
  const { ended, kept } = sweepEnded(storage);
  console.log(`records  ${kept} kept, the files of ${ended} ended ones are deleted`);
  return EXIT.done;
}

function release(storage: string): number {
  const state = stateOf(storage);
  if (state.kind !== "restored") throw new Error(`${storage} is not on hold: it has no mark of a restore.`);
  removeMark(storage);
  console.log(`${state.text}\nThe hold ends with the next start. Until then, nothing new is executed.`);
  return EXIT.done;
}

function folderOf({ name, folder }: Command): string {
  if (folder === undefined) throw new Error(`${name} needs a folder: npm run serve -- ${name} FOLDER`);
  return folder;
}

function readCommand() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      storage: { type: "string", default: process.env["STATE_DIRECTORY"] ?? "/var/lib/oncegate" },
      listen: { type: "string", default: "127.0.0.1:8787" },
      config: { type: "string", default: join(REPOSITORY, "deploy", "workerd.capnp") },
      secrets: { type: "string", multiple: true, default: secretFolders() },
      drain: { type: "string", default: String(DRAIN_SECONDS) },
    },
  });
  const [name = "run", folder, ...more] = positionals;
  if (more.length > 0 || (folder !== undefined && name !== "backup" && name !== "restore")) {
    throw new Error(`Unexpected argument: ${more[0] ?? folder}`);
  }
  const drain = Number(values.drain);
  if (!/^\d{1,4}$/.test(values.drain) || drain > DRAIN_SECONDS_MAX) {
    throw new Error(`--drain must be a number of seconds from 0 to ${DRAIN_SECONDS_MAX}, not ${values.drain}`);
  }
  return { ...values, name, folder, drainMs: drain * 1000 };
}

/** Of a container, and of a systemd unit with LoadCredential. */
function secretFolders(): string[] {
  const credentials = process.env["CREDENTIALS_DIRECTORY"];
  return ["/run/secrets", ...(credentials === undefined ? [] : [credentials])];
}
