/** Reads a runtime process's figures from the kernel. Linux only. */

import { readFileSync, readdirSync } from "node:fs";

/** USER_HZ, the unit of /proc: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

const INTERRUPTED = 130;

/**
 * Ends an interrupted run by its exit handlers, which kill its servers, and then `cleanUp`. Servers that go on would disturb the next
 * run, and their records would take its memory.
 */
export function endByHandlers(cleanUp: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(INTERRUPTED));
  process.once("exit", cleanUp);
}

/** The workerd whose command line contains `argument`, such as its storage folder. */
export function pidOf(argument: string): number {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const commandLine = read(`/proc/${pid}/cmdline`);
    if (commandLine.includes("workerd\0serve") && commandLine.includes(argument)) return Number(pid);
  }
  throw new Error(`no workerd has ${argument} in its command line`);
}

/** CPU time so far, of all threads, user and system. */
export function cpuSeconds(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  // The second field is the program's name in brackets, which may contain spaces. The fields after it don't.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The same in steps of the scheduler instead of ten milliseconds. */
export function cpuMicroseconds(pid: number): number {
  const times = readdirSync(`/proc/${pid}/task`).map(
    (task) => read(`/proc/${pid}/task/${task}/schedstat`).split(" ", 1)[0],
  );
  return times.reduce((sum, nanoseconds) => sum + Number(nanoseconds) / 1000, 0);
}

export function residentMegabytes(pid: number): number {
  return Math.round(residentBytes(pid) / 1e6);
}

export function residentBytes(pid: number): number {
  return statusBytes(pid, "VmRSS");
}

/** The most that it has held since its start. */
export function peakResidentMegabytes(pid: number): number {
  return statusBytes(pid, "VmHWM") / 1e6;
}

function statusBytes(pid: number, field: "VmRSS" | "VmHWM"): number {
  return 1024 * Number(new RegExp(`^${field}:\\s*(\\d+) kB`, "m").exec(read(`/proc/${pid}/status`))?.[1]);
}

/** Empty if the process has ended. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
