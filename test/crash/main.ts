// npm run test:crash -- [--kills N] [--keys N] [--seed N] [--clients N] [--json FILE]
//
// Kills the gateway again and again while clients use it, as a crash would (SIGKILL of bare workerd, storage on disk), and
// checks afterwards that every promise of docs/protocol.md was kept for every key. Ends with 1 if one was not. The
// defaults are the long run, of about 12 minutes on two cores.

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { withCleanup } from "../../scripts/cleanup.ts";
import { beginScript } from "../../scripts/help.ts";
import { check } from "./checker.ts";
import { count } from "./count.ts";
import { command, inJson, isLogged, progressLine, summary, violationReport } from "./report.ts";
import { KILLS_MIN, type Progress, runCrashes, type RunOptions } from "./run.ts";

beginScript(import.meta.filename);
const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "250" },
    keys: { type: "string", default: "25000" },
    seed: { type: "string", default: "1" },
    clients: { type: "string", default: "48" },
    json: { type: "string" },
  },
});

function readNumber(name: "kills" | "keys" | "seed" | "clients", min: number): number {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < min) {
    throw new Error(`--${name} is a whole number from ${min}, not ${values[name]}`);
  }
  return value;
}

function showProgress(progress: Progress, options: RunOptions): void {
  const line = progressLine(progress, options);
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${line}`);
  else if (isLogged(progress, options)) console.error(line);
}

async function main(): Promise<number> {
  const options: RunOptions = {
    kills: readNumber("kills", KILLS_MIN),
    keys: readNumber("keys", 1),
    seed: readNumber("seed", 0),
    clients: readNumber("clients", 1),
    onProgress: (progress) => showProgress(progress, options),
  };
  console.log(`seed ${options.seed}; the same again: ${command(options)}\n`);
  const startedMs = performance.now();
  const history = await withCleanup((defer) => runCrashes(options, defer));
  const violations = check(history);
  if (process.stderr.isTTY) process.stderr.write("\r\u001B[K");
  const counts = count(history);
  const elapsedMs = performance.now() - startedMs;
  console.log(summary(counts, violations, elapsedMs));
  if (values.json !== undefined) writeFileSync(values.json, inJson(counts, violations, elapsedMs));
  if (violations.length === 0) return 0;
  console.log(`\n${violationReport(violations, history)}`);
  return 1;
}

const exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  return 1;
});
// Not left to Node: after a failure, clients may still be waiting for a gateway.
process.exit(exitCode);
