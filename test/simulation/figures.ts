/** What `npm run simulate` writes. */

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Of one or more runs. */
export interface Simulation {
  readonly seeds: number;
  readonly steps: number;
  readonly crashes: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly violations: readonly { readonly seed: number; readonly what: string }[];
  /** By the clock on the wall. */
  readonly seconds: number;
  /** By the processor's own clock: other processes don't count. */
  readonly cpuSeconds: number;
  readonly stepsPerMinute: number;
}

/** A process of its own, because it loads the code by itself. */
export async function figuresOf<T>(...args: readonly string[]): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "oncegate-simulation-"));
  const file = join(folder, "figures.json");
  try {
    // Where a promise is broken it ends with 1, and the figures say so.
    await promisify(execFile)(process.execPath, ["test/simulation/main.ts", "--json", file, ...args]).catch(() => null);
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
