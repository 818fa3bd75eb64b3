/** The memory of a process, where the system has /proc. */

import { existsSync, readFileSync, readdirSync } from "node:fs";

/** The most physical memory that a process with `argument` in its command line has held so far; null without /proc. */
export function peakMegabytes(argument: string): number | null {
  return statusMegabytes(argument, "VmHWM");
}

/** What it holds now. */
export function residentMegabytes(argument: string): number | null {
  return statusMegabytes(argument, "VmRSS");
}

function statusMegabytes(argument: string, field: "VmHWM" | "VmRSS"): number | null {
  if (!existsSync("/proc/self/status")) return null;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const commandLine = read(`/proc/${pid}/cmdline`);
    if (!commandLine.includes(argument) || !commandLine.includes("workerd")) continue;
    const kilobytes = new RegExp(`^${field}:\\s*(\\d+) kB`, "m").exec(read(`/proc/${pid}/status`))?.[1];
    if (kilobytes !== undefined) return Math.round(Number(kilobytes) / 1000);
  }
  throw new Error(`no process has ${argument} in its command line`);
}

/** Empty where the process has ended meanwhile. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
