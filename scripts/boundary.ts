// npm run boundary -- [--json]
//
// Checks the model of the boundary (docs/model/boundary.pml) with Spin, as it is and with each of its planted faults. Needs `spin` and a C
// compiler, which are packages of Debian and Homebrew. Prints states and times, and ends with 1 where a promise is broken, or where
// a planted fault is not found. `--json` prints a line of JSON for each.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { beginScript, runScript } from "./help.ts";

/** As the model names them. Null: the model as it is. */
const FAULTS = [null, "NO_GATE", "FREE_ON_DEATH", "NO_ALARM", "GUESS", "SUBMIT_WITHOUT_RECORD"] as const;

const MODEL = resolve("docs/model/boundary.pml");

/** Deeper than any run of the model: a shallower search would end early, with an error. */
const DEPTH_MAX = 100_000;

interface Verdict {
  readonly states: string;
  readonly hasViolation: boolean;
}

beginScript(import.meta.filename);
const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });

await runScript(() => (FAULTS.filter((fault) => !isAsExpected(fault)).length === 0 ? 0 : 1));

function isAsExpected(fault: (typeof FAULTS)[number]): boolean {
  const startedMs = performance.now();
  const { states, hasViolation } = verify(fault);
  const seconds = Number(((performance.now() - startedMs) / 1000).toFixed(1));
  const words = `boundary, ${fault ?? "as it is"}: ${states} states, ${seconds} s, ${hasViolation ? "a violation" : "no violation"}`;
  console.log(values.json ? JSON.stringify({ fault, states: Number(states), hasViolation, seconds }) : words);
  return hasViolation === (fault !== null);
}

function verify(fault: string | null): Verdict {
  const folder = mkdtempSync(join(tmpdir(), "oncegate-proof-"));
  try {
    run(folder, "spin", [...(fault === null ? [] : [`-D${fault}`]), "-a", MODEL]);
    run(folder, "cc", ["-O2", "-w", "-DSAFETY", "-DCOLLAPSE", "-o", "pan", "pan.c"]);
    const report = run(folder, "./pan", [`-m${DEPTH_MAX}`]);
    const [, errors] = /errors: (\d+)/.exec(report) ?? [];
    const [, states] = /(\d+) states, stored/.exec(report) ?? [];
    if (errors === undefined || states === undefined || report.includes("max search depth too small")) {
      throw new Error(`pan did not finish:\n${report}`);
    }
    return { states, hasViolation: Number(errors) > 0 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the command prints. Throws where it can't be run. */
function run(folder: string, command: string, args: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
  if (error !== undefined)
    throw new Error(`${command} can't be run (${error.message}). Install spin and a C compiler.`);
  if (status !== 0) throw new Error(`${command} failed:\n${stdout}${stderr}`);
  return stdout;
}
