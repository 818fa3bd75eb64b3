// What a run prints and writes: a line for each check while it runs, the table at the end, and files for other programs.

import { nameOf } from "./check.ts";
import { reasonOf } from "./reasons.ts";
import { type Result } from "./run.ts";

export type Outcome = Result["outcome"];

/** What was run, and against what. */
export type Run = { readonly profile: string; readonly url: string; readonly results: readonly Result[] };

const MARKS: Readonly<Record<Outcome, string>> = {
  pass: "pass",
  fail: "FAIL",
  excepted: "exc ",
  "not applicable": "n/a ",
};

/** Without a terminal only what failed is worth a line before the table. */
export function progressLine(result: Result, done: number, total: number): string {
  return `[${done}/${total}] ${MARKS[result.outcome]} ${nameOf(result.check)}`;
}

export function table({ profile, url, results }: Run): string {
  const width = Math.max(...results.map(({ check }) => check.section.length), "section".length);
  const rows = results.map((result) => {
    const { section, title } = result.check;
    const why = result.outcome === "pass" ? "" : `\n${indent(whyOf(result), width + 8)}`;
    return `${section.padEnd(width)}  ${MARKS[result.outcome]}  ${title}${why}`;
  });
  const failed = failedClauses(results);
  const clauses = failed.length === 0 ? [] : [`failed clauses: ${failed.join("; ")}`];
  const head = `${"section".padEnd(width)}  ${"".padEnd(4)}  check`;
  return [head, ...rows, "", `${url}, profile ${profile}: ${totalsLine(results)}`, ...clauses].join("\n");
}

/** What was seen, and what goes wrong by it. */
function whyOf(result: Exclude<Result, { outcome: "pass" }>): string {
  return result.outcome === "fail" ? `${result.why}\nWhy it matters: ${reasonOf(result.check)}` : result.why;
}

export function failedClauses(results: readonly Result[]): readonly string[] {
  return [...new Set(results.filter(({ outcome }) => outcome === "fail").map(({ check }) => check.section))];
}

export function countOf(results: readonly Result[], outcome: Outcome): number {
  return results.filter((result) => result.outcome === outcome).length;
}

function totalsLine(results: readonly Result[]): string {
  const excepted = countOf(results, "excepted");
  const parts = [`${countOf(results, "pass")} passed`, `${countOf(results, "fail")} failed`];
  if (excepted > 0) parts.push(`${excepted} declared as exceptions`);
  return [...parts, `${countOf(results, "not applicable")} not applicable`, `${results.length} in all`].join(", ");
}

/** For programs: --json. */
export function jsonReport({ profile, url, results }: Run): string {
  const checks = results.map((result) => ({
    clause: result.check.section,
    title: result.check.title,
    needs: result.check.needs ?? null,
    outcome: result.outcome,
    ...(result.outcome !== "pass" && { why: result.why }),
    elapsed_ms: Math.round(result.elapsedMs),
  }));
  const totals = {
    passed: countOf(results, "pass"),
    failed: countOf(results, "fail"),
    excepted: countOf(results, "excepted"),
    not_applicable: countOf(results, "not applicable"),
    all: results.length,
  };
  const failed_clauses = failedClauses(results);
  return `${JSON.stringify({ profile, url, totals, failed_clauses, checks }, null, 2)}\n`;
}

function indent(text: string, columns: number): string {
  return text.replaceAll(/^/gmu, " ".repeat(columns));
}
