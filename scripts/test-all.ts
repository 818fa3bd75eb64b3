// npm run test:all -- [--seed N] [--kills N] [--factor N]
//
// Runs every suite: `npm test` with its long tests and many more runs of each property, the real clients, and the crash test.
// Prints the counts of all suites in one line. Ends with 1 if a test failed or a suite did not start.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { beginScript } from "./help.ts";

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A suite without a report failed before its first test. */
const NOT_STARTED: Counts = { passed: 0, failed: 1, skipped: 0 };

/** The default of test/crash/main.ts has 100 keys for each kill. */
const KEYS_PER_KILL = 100;

beginScript(import.meta.filename);
const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    kills: { type: "string", default: "250" },
    /** How many times as often as in `npm test` a property is checked. Any number above 1 also adds the long tests. */
    factor: { type: "string", default: "10" },
  },
});
const seed = values.seed ?? String(Math.floor(Math.random() * 2 ** 31));
const kills = Number(values.kills);
const factor = Number(values.factor);
const reports = mkdtempSync(join(tmpdir(), "oncegate-test-all-"));

function run(script: string, args: readonly string[]): boolean {
  const env = { ...process.env, ONCEGATE_RUN_FACTOR: String(factor), ONCEGATE_SEED: seed };
  const options = { stdio: "inherit", env, shell: process.platform === "win32" } as const;
  return spawnSync("npm", ["run", script, "--", ...args], options).status === 0;
}

/** A suite of Vitest, counted by its report. */
function runVitest(script: string): Counts {
  const report = join(reports, `${script.replaceAll(":", "-")}.json`);
  const passed = run(script, ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`]);
  if (!existsSync(report)) return NOT_STARTED;
  const { numPassedTests, numFailedTests, numTotalTests } = JSON.parse(readFileSync(report, "utf8")) as Report;
  const skipped = numTotalTests - numPassedTests - numFailedTests;
  // Types, lint, a hook of a file or an error outside of any test may fail where no test does.
  const failed = passed ? numFailedTests : Math.max(numFailedTests, 1);
  return { passed: numPassedTests, failed, skipped };
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numTotalTests: number;
}

/** One test: it passes if every promise was kept for every key. */
function runCrashTest(): Counts {
  const args = [`--seed=${seed}`, `--kills=${kills}`, `--keys=${kills * KEYS_PER_KILL}`];
  return run("test:crash", args) ? { passed: 1, failed: 0, skipped: 0 } : NOT_STARTED;
}

console.log(`seed ${seed}; the same again: npm run test:all -- --seed ${seed} --kills ${kills} --factor ${factor}`);
try {
  const all = [runVitest("test"), runVitest("test:clients"), runCrashTest()];
  const sum = (count: keyof Counts): number => all.reduce((total, counts) => total + counts[count], 0);
  if (sum("skipped") > 0) console.log(`${sum("skipped")} skipped`);
  console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
  process.exitCode = sum("failed") === 0 ? 0 : 1;
} finally {
  rmSync(reports, { recursive: true });
}
