// Prints a verdict: for people, or as JSON for other programs.

import { type Finding, type Verdict } from "./check.ts";

/** Returns the exit code: 0 without findings, otherwise 1. */
export function report(where: string, verdict: Verdict, isJson = false): number {
  const { findings, summary } = verdict;
  const code = findings.length === 0 ? 0 : 1;
  if (isJson) {
    console.log(JSON.stringify({ ok: code === 0, where, findings, summary }, null, 2));
    return code;
  }
  if (code === 0) {
    console.log([`${where}: no faults`, ...summary].join("\n"));
    return 0;
  }
  console.error(`${where}: ${findings.length === 1 ? "1 fault" : `${findings.length} faults`}`);
  for (const finding of findings) console.error(textOf(finding));
  return 1;
}

export function textOf({ rule, file, line, column, message, because, fix }: Finding): string {
  const remedy = fix === null ? "" : `\n  fix: ${fix}`;
  return `\n${file}:${line}:${column} ${message} (${rule})\n  why: ${because}${remedy}`;
}
