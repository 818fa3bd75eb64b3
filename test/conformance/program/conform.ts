// Runs a plan against a target, shows progress, and writes what the plan asks for.

import { writeFileSync } from "node:fs";
import { type Target } from "../context.ts";
import { declared } from "../exceptions.ts";
import { failedClauses, jsonReport, progressLine, type Run, table } from "../report.ts";
import { type Result, runChecks, type Unmet } from "../run.ts";
import { badge } from "./badge.ts";
import { type Plan } from "./command-line.ts";
import { junitReport } from "./junit.ts";

export const EXIT = { passed: 0, failed: 1, notDone: 2 } as const;

/** Without a terminal, a long run shows this often that it goes on. */
const PROGRESS_EVERY_MS = 30_000;

/** `unmet` is what the target cannot have, beside what the plan skips. Resolves to the exit status. */
export async function conform(plan: Plan, target: Target, unmet: Unmet = new Map()): Promise<number> {
  const prepared: Target = {
    ...target,
    sending: plan.sending,
    ...(plan.otherCaller !== null && { otherCaller: plan.otherCaller }),
  };
  const progress = showProgress(plan.checks.length);
  const all = await runChecks(plan.checks, prepared, new Map([...unmet, ...plan.unmet]), (result) =>
    progress.on(declared(result, plan.exceptions)),
  );
  progress.end();
  const results = all.map((result) => declared(result, plan.exceptions));
  write(plan, { profile: plan.profile, url: target.url.origin, results });
  if (failedClauses(results).length > 0) return EXIT.failed;
  if (results.some(({ outcome }) => outcome === "pass")) return EXIT.passed;
  console.error("no check passed, because none applies");
  return EXIT.notDone;
}

function write({ json, junit, badge: badgeFile }: Plan, run: Run): void {
  if (json !== "-" && junit !== "-") process.stdout.write(`${table(run)}\n`);
  if (json !== null) writeTo(json, jsonReport(run));
  if (junit !== null) writeTo(junit, junitReport(run));
  if (badgeFile !== null) writeTo(badgeFile, badge(run));
}

function writeTo(file: string, text: string): void {
  if (file === "-") process.stdout.write(text);
  else writeFileSync(file, text);
}

function showProgress(total: number): { readonly on: (result: Result) => void; readonly end: () => void } {
  let done = 0;
  let shownAt = performance.now();
  const { stderr } = process;
  return {
    on: (result) => {
      done += 1;
      const line = progressLine(result, done, total);
      const isDue = performance.now() - shownAt >= PROGRESS_EVERY_MS;
      if (stderr.isTTY) stderr.write(`\r\u001B[K${line.slice(0, stderr.columns - 1)}`);
      else if (result.outcome === "fail" || isDue) console.error(line);
      else return;
      shownAt = performance.now();
    },
    end: () => void (stderr.isTTY && stderr.write("\r\u001B[K")),
  };
}
