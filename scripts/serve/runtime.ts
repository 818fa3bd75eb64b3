// The runtime as a child process that outlives a killed launcher, with the lock on its storage.

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface RuntimeOptions {
  /** The runtime's configuration. */
  readonly config: string;
  readonly storage: string;
  /** `host:port`. Port 0 takes any free one. */
  readonly listen: string;
  /** Its whole environment. */
  readonly variables: Readonly<Record<string, string>>;
  /** The descriptor with the lock, which the runtime keeps open without knowing of it. */
  readonly lockFd: number;
}

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Runtime {
  readonly pid: number;
  /** On which it listens. */
  readonly port: number;
  readonly ended: Promise<Ending>;
  /**
   * Ends it: it closes idle connections, finishes the requests that it has, and reads no new ones. Attempts that run longer than
   * `boundMs` are cut, and their outcome is unknown. Returns whether none was cut.
   */
  readonly drain: (boundMs: number) => Promise<boolean>;
}

const MODULES = join(import.meta.dirname, "..", "..", "node_modules");
const WORKERD = join(MODULES, "workerd", "bin", "workerd");

/** A start reads no records. It takes a second on a busy machine. */
const START_TIMEOUT_MS = 30_000;

/** The runtime's message on the descriptor that `--control-fd` names. */
const LISTENING = /"event":"listen","socket":"http","port":(\d+)/;
const CONTROL_FD = 4;

/** Throws where the runtime can't be started by its own program. */
function runtimeProgram(): string {
  if (!existsSync(WORKERD)) throw new Error(`${WORKERD} is missing. Run npm ci.`);
  const [fd, start] = [openSync(WORKERD, "r"), Buffer.alloc(2)];
  readSync(fd, start);
  closeSync(fd);
  // Where npm ran no install scripts, a script is in its place: it would pass on neither the lock nor a signal.
  if (start.toString() === "#!") throw new Error(`${WORKERD} is a script, not the runtime. Run npm rebuild workerd.`);
  return WORKERD;
}

/** Rejects where it does not listen in time. It prints the cause on stderr, which is this process's own. */
export async function startRuntime({ config, storage, listen, variables, lockFd }: RuntimeOptions): Promise<Runtime> {
  const args = ["serve", config, `--directory-path=storage=${storage}`, `--socket-addr=http=${listen}`];
  const child: ChildProcess = spawn(runtimeProgram(), [...args, `--control-fd=${CONTROL_FD}`], {
    env: variables as NodeJS.ProcessEnv,
    stdio: ["ignore", "inherit", "inherit", lockFd, "pipe"],
    // A Ctrl-C is for the launcher alone: the runtime does not drain on SIGINT.
    detached: true,
  });
  const ended = endOf(child);
  const port = await Promise.race([
    portOf(child),
    ended.then(() => null),
    sleep(START_TIMEOUT_MS, null, { ref: false }),
  ]);
  if (port === null || child.pid === undefined) {
    child.kill("SIGKILL");
    await ended;
    throw new Error(`The runtime does not listen on ${listen}. Its own message has the cause.`);
  }
  const drain = async (boundMs: number): Promise<boolean> => {
    child.kill("SIGTERM");
    const isDrained = await Promise.race([ended.then(() => true), sleep(boundMs, false, { ref: false })]);
    if (!isDrained) child.kill("SIGKILL");
    await ended;
    return isDrained;
  };
  return { pid: child.pid, port, ended, drain };
}

function endOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    // It could not be spawned.
    child.once("error", () => resolve({ code: null, signal: null }));
  });
}

function portOf(child: ChildProcess): Promise<number> {
  let text = "";
  return new Promise((resolve) => {
    child.stdio[CONTROL_FD]?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const port = LISTENING.exec(text)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  });
}
