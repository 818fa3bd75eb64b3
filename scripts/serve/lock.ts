// The lock on a storage directory: one runtime at a time, since its objects live in its process alone. A second runtime would run
// a key again.
//
// It is an flock on the directory itself, so that no lock file can be deleted or left behind. An flock belongs to an open file
// description: the runtime inherits the descriptor, and the lock lasts until both the launcher and the runtime have ended. Node.js
// has no flock, so flock(1) of util-linux or BusyBox locks the inherited descriptor.

import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";

/** The descriptor that children of this process get. */
const LOCK_FD = 3;

export type StorageLock =
  | {
      readonly kind: "locked";
      /** Open as long as the lock is held. */
      readonly fd: number;
      readonly release: () => void;
    }
  | { readonly kind: "in use"; readonly holders: readonly Holder[] };

/** A process that has the locked descriptor. */
export interface Holder {
  readonly pid: number;
  /** Of its program, such as "workerd". */
  readonly name: string;
}

/** flock(1)'s exit code where another process has the lock. */
const EXIT_CONFLICT = 1;

const CANNOT_LOCK = "can't be locked, so nothing keeps a second runtime from running a key again";

/** Throws where the directory can't be locked at all. */
export function lockStorage(storage: string): StorageLock {
  const fd = openSync(storage, "r");
  const stdio = ["ignore", "ignore", "pipe", fd] as const;
  const { status, error, stderr } = spawnSync("flock", ["-n", "-x", String(LOCK_FD)], {
    stdio: [...stdio],
    encoding: "utf8",
  });
  if (status === 0) return { kind: "locked", fd, release: () => closeSync(fd) };
  closeSync(fd);
  const holders = status === EXIT_CONFLICT ? holdersOf(storage) : [];
  // Some versions exit with this code for every error, but then they print one.
  if (status === EXIT_CONFLICT && (stderr === "" || holders.length > 0)) return { kind: "in use", holders };
  const isMissing = error !== undefined && "code" in error && error.code === "ENOENT";
  const cause = isMissing ? "there is no flock(1): install util-linux" : (error?.message ?? stderr.trim());
  throw new Error(`${storage} ${CANNOT_LOCK} (${cause}).`);
}

/** The processes that hold the lock, as far as this user and this container can see them. */
function holdersOf(storage: string): Holder[] {
  const { dev, ino } = statSync(storage);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid): Holder[] => (hasLocked(pid, dev, ino) ? [{ pid: Number(pid), name: programOf(pid) }] : []));
}

function hasLocked(pid: string, dev: number, ino: number): boolean {
  const folder = join("/proc", pid);
  try {
    return readdirSync(join(folder, "fd")).some((fd) => {
      if (!/^lock:.*FLOCK/m.test(readFileSync(join(folder, "fdinfo", fd), "utf8"))) return false;
      const open = statSync(join(folder, "fd", fd));
      return open.dev === dev && open.ino === ino;
    });
  } catch {
    // Ended meanwhile, or a process of another user.
    return false;
  }
}

function programOf(pid: string): string {
  try {
    return basename(readFileSync(join("/proc", pid, "cmdline"), "utf8").split("\0")[0] ?? "");
  } catch {
    return "ended";
  }
}

/** For a start that is refused. */
export function inUseMessage(storage: string, holders: readonly Holder[]): string {
  const first = holders.find(({ name }) => name === "workerd") ?? holders[0];
  if (first === undefined) {
    return `${storage} is in use by a process that can't be seen from here: of another user, or of another container. Stop it first.`;
  }
  const list = holders.map(({ pid, name }) => `${pid} (${name})`).join(", ");
  const processes = holders.length === 1 ? "process" : "processes";
  return `${storage} is in use by ${processes} ${list}. Stop the runtime first: kill -TERM ${first.pid}`;
}
