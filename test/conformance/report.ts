// What a run prints: a line for each check while it runs, and the table at the end.

import { nameOf } from "./check.ts";
import { type Result } from "./run.ts";

const MARKS = { pass: "pass", fail: "FAIL", "not applicable": "n/a " } as const;

/** Without a terminal only what failed is worth a line before the table. */
export function progressLine(result: Result, done: number, total: number): string {
  return `[${done}/${total}] ${MARKS[result.outcome]} ${nameOf(result.check)}`;
}

export function table(results: readonly Result[]): string {
  const width = Math.max(...results.map(({ check }) => check.section.length), "section".length);
  const rows = results.map((result) => {
    const { section, title } = result.check;
    const why = result.outcome === "pass" ? "" : `\n${indent(result.why, width + 8)}`;
    return `${section.padEnd(width)}  ${MARKS[result.outcome]}  ${title}${why}`;
  });
  return [`${"section".padEnd(width)}  ${"".padEnd(4)}  check`, ...rows, "", totals(results)].join("\n");
}

function totals(results: readonly Result[]): string {
  const count = (outcome: Result["outcome"]): number => results.filter((result) => result.outcome === outcome).length;
  return `${count("pass")} passed, ${count("fail")} failed, ${count("not applicable")} not applicable, ${results.length} in all`;
}

/** For programs: --json. */
export function jsonReport(results: readonly Result[]): string {
  const rows = results.map(({ check, elapsedMs, ...rest }) => {
    const { section, title, needs } = check;
    return { section, title, needs: needs ?? null, ...rest, elapsed_ms: Math.round(elapsedMs) };
  });
  return `${JSON.stringify({ totals: totals(results), checks: rows }, null, 2)}\n`;
}

function indent(text: string, columns: number): string {
  return text.replaceAll(/^/gmu, " ".repeat(columns));
}
