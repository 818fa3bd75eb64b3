/** Runs single tests of the suite in another folder. */

import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type NoticedBy } from "./holes.ts";

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

/** By their titles. */
interface Outcome {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
}

/** `tests` are of one project. Throws where they do not run at all: that is no failed test. */
export function runTests(folder: string, tests: readonly NoticedBy[]): Outcome {
  const [first] = tests;
  if (first === undefined) throw new Error("no test to run");
  const report = join(folder, "report.json");
  rmSync(report, { force: true });
  const titles = tests.map(({ title }) => title.replaceAll(/[^\w ]/g, String.raw`\$&`)).join("|");
  const files = [...new Set(tests.map(({ file }) => file))];
  const output = ["--reporter=json", `--outputFile=${report}`];
  const args = ["node_modules/vitest/vitest.mjs", "run", "--project", first.project, "-t", titles, ...output, ...files];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  const results = resultsIn(report);
  const withStatus = (status: string): string[] =>
    results.filter((result) => result.status === status).map(({ title }) => title);
  const outcome = { passed: withStatus("passed"), failed: withStatus("failed") };
  if (outcome.passed.length + outcome.failed.length === 0) {
    throw new Error(`no test of ${files.join(", ")} ran:\n${stdout}${stderr}`);
  }
  return outcome;
}

function resultsIn(report: string): Report["testResults"][number]["assertionResults"] {
  try {
    const { testResults } = JSON.parse(readFileSync(report, "utf8")) as Report;
    return testResults.flatMap(({ assertionResults }) => assertionResults);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
