// Runs a server in a child process, and stops it together with every process that it starts.
// The child leads its own process group, so that the stop is complete: wrangler is two Node processes, a
// bundler and two runtimes, and not all of them end with their parent. POSIX only.

import { spawn } from "node:child_process";
import { type ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

export type ServerCommand = {
  /** For messages: "the gateway". */
  readonly name: string;
  /** By default this Node.js, since the one on the PATH may be too old. */
  readonly program?: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Finds the server's URL in its output; null until it is there. */
  readonly readUrl: (output: string) => string | null;
  readonly startTimeoutMs: number;
  /** Receives the child's output as it comes. */
  readonly onOutput?: ((text: string) => void) | undefined;
  /** Receives the stop function as soon as the child runs, so that an interrupted start leaves nothing behind. */
  readonly defer?: ((stop: () => Promise<void>) => void) | undefined;
};

export type ServerProcess = {
  readonly url: string;
  /** The newest 256 KB of its output, from both streams. */
  readonly output: () => string;
  /** Resolves when the server has ended for any reason. */
  readonly ended: Promise<void>;
  /** "at once" is kill -9, as a crash would be. Stopping again does nothing. */
  readonly stop: (how?: StopManner) => Promise<void>;
};

type StopManner = "gracefully" | "at once";

/** Bounds the memory for a gateway that logs every request for an hour. */
const OUTPUT_CHARS_MAX = 256_000;

/** wrangler stops in well under a second. After this it is killed. */
const STOP_TIMEOUT_MS = 5_000;

/**
 * How long to wait until killed processes release their ports. It is short, because in a container without a proper init
 * they stay in the process table forever.
 */
const VANISH_TIMEOUT_MS = 500;
const VANISH_POLL_MS = 5;

/** Short compared with a start, which takes seconds, and long enough to cost nothing. */
const START_POLL_MS = 50;

/** Rejects with the child's output in the message if it exits, or prints no URL in time. Nothing is left running then. */
export async function startServerProcess(command: ServerCommand): Promise<ServerProcess> {
  const child = spawn(command.program ?? process.execPath, command.args, {
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const output = collectOutput(child, command.onOutput);
  const ended = eventOf(child, "exit");
  const closed = eventOf(child, "close");
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${command.name} could not be spawned`);

  // If this process ends without stopping the child, for example by an exception, the child must not outlive it.
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

function eventOf(child: ChildProcess, event: "exit" | "close"): Promise<void> {
  return new Promise((resolve) => {
    child.once(event, () => resolve());
    // If the child can't be spawned, neither event comes.
    child.once("error", () => resolve());
  });
}

function collectOutput(child: ChildProcess, onOutput?: (text: string) => void): () => string {
  let text = "";
  const collect = (chunk: string) => {
    onOutput?.(chunk);
    text += chunk;
    // Not at each chunk, since each cut copies the whole text.
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
      throw new Error(`${command.name} exited while it started. Its output:\n${output()}`);
    }
    if (performance.now() > deadline) {
      throw new Error(`${command.name} was not ready after ${command.startTimeoutMs} ms. Its output:\n${output()}`);
    }
    await sleep(START_POLL_MS);
  }
}

/** `closed` resolves when the child and every process that writes to its output have ended. */
async function stopGroup(pid: number, closed: Promise<void>, how: StopManner): Promise<void> {
  if (how === "gracefully") {
    signalGroup(pid, "SIGTERM");
    await Promise.race([closed, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
  }
  // Also after a graceful end, for processes whose output goes elsewhere.
  signalGroup(pid, "SIGKILL");
  const deadline = performance.now() + VANISH_TIMEOUT_MS;
  while (signalGroup(pid, 0) && performance.now() < deadline) await sleep(VANISH_POLL_MS);
}

/** False if the group has no processes left. That is the only possible error, since this module owns the group. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}
