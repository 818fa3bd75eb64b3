// A server in a child process: started, waited for, and stopped with everything that it has started itself.
// The child leads a process group of its own. That is what makes the stop complete: wrangler is two Node processes, a
// bundler and two runtimes, and not every one of them ends when its parent does. POSIX only.

import { spawn } from "node:child_process";
import { type ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

export type ServerCommand = {
  /** For messages: "the gateway". */
  readonly name: string;
  /** By default this Node.js; the one on the PATH may be too old. */
  readonly program?: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Finds in the output where the server listens; null as long as it does not say. */
  readonly readUrl: (output: string) => string | null;
  readonly startTimeoutMs: number;
  /** Is given what the child prints, as it prints it. */
  readonly onOutput?: ((text: string) => void) | undefined;
  /** Is given the stop as soon as there is something to stop, so that an interrupted start leaves nothing behind. */
  readonly defer?: ((stop: () => Promise<void>) => void) | undefined;
};

export type ServerProcess = {
  readonly url: string;
  /** What it has printed, both streams; the newest 256 KB. */
  readonly output: () => string;
  /** Resolves when it has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** "at once" is kill -9, as a crash would be. Stopping again does nothing. */
  readonly stop: (how?: StopManner) => Promise<void>;
};

type StopManner = "gracefully" | "at once";

/** A gateway that logs every request for an hour must not fill the memory of the one who watches it. */
const OUTPUT_CHARS_MAX = 256_000;

/** wrangler needs well under a second to stop. Whoever has not by then is killed. */
const STOP_TIMEOUT_MS = 5_000;

/**
 * How long killed processes may take to give up their ports. Not longer, because in a container without a proper init
 * they stay in the process table for good.
 */
const VANISH_TIMEOUT_MS = 500;
const VANISH_POLL_MS = 5;

/** Short against a start of seconds, long enough to cost nothing. */
const START_POLL_MS = 50;

/** Rejects, with the child's output in the message, if it ends or says no URL in time. Nothing is left running then. */
export async function startServerProcess(command: ServerCommand): Promise<ServerProcess> {
  const child = spawn(command.program ?? process.execPath, command.args, {
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const output = collectOutput(child, command.onOutput);
  const ended = settles(child, "exit");
  const closed = settles(child, "close");
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${command.name} could not be spawned`);

  // If this process ends without having stopped the child, by an exception for example, the child must not outlive it.
  const killGroup = () => signalGroup(pid, "SIGKILL");
  process.once("exit", killGroup);
  const stop = async (how: StopManner = "gracefully") => {
    await stopGroup(pid, closed, how);
    await ended;
    process.off("exit", killGroup);
  };
  command.defer?.(() => stop());

  try {
    const url = await waitForUrl(command, child, output);
    return { url, output, ended, stop };
  } catch (error) {
    await stop("at once");
    throw error;
  }
}

function settles(child: ChildProcess, event: "exit" | "close"): Promise<void> {
  return new Promise((resolve) => {
    child.once(event, () => resolve());
    // It could not be spawned, then neither comes.
    child.once("error", () => resolve());
  });
}

function collectOutput(child: ChildProcess, onOutput?: (text: string) => void): () => string {
  let text = "";
  const collect = (chunk: string) => {
    onOutput?.(chunk);
    text += chunk;
    // Not at each chunk: of a gateway that logs every request, each cut copies all that is kept.
    if (text.length > 2 * OUTPUT_CHARS_MAX) text = text.slice(-OUTPUT_CHARS_MAX);
  };
  child.stdout?.setEncoding("utf8").on("data", collect);
  child.stderr?.setEncoding("utf8").on("data", collect);
  return () => text.slice(-OUTPUT_CHARS_MAX);
}

async function waitForUrl(command: ServerCommand, child: ChildProcess, output: () => string): Promise<string> {
  const deadline = performance.now() + command.startTimeoutMs;
  for (;;) {
    const url = command.readUrl(output());
    if (url !== null) return url;
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`${command.name} ended while it started. It said:\n${output()}`);
    }
    if (performance.now() > deadline) {
      throw new Error(`${command.name} was not ready after ${command.startTimeoutMs} ms. It said:\n${output()}`);
    }
    await sleep(START_POLL_MS);
  }
}

/** `closed` tells that the child and all that write to its output have ended. */
async function stopGroup(pid: number, closed: Promise<void>, how: StopManner): Promise<void> {
  if (how === "gracefully") {
    signalGroup(pid, "SIGTERM");
    await Promise.race([closed, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
  }
  // Also after a graceful end, for those who write elsewhere.
  signalGroup(pid, "SIGKILL");
  const deadline = performance.now() + VANISH_TIMEOUT_MS;
  while (signalGroup(pid, 0) && performance.now() < deadline) await sleep(VANISH_POLL_MS);
}

/** False if the group has no processes any more. The group is this module's own, so that is the only error there is. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}
