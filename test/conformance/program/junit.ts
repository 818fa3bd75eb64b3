// --junit: the results in the format that CI systems read.

import { countOf, type Run } from "../report.ts";
import { type Result } from "../run.ts";
import { xmlText } from "./xml.ts";

export function junitReport({ profile, results }: Run): string {
  const skipped = countOf(results, "not applicable") + countOf(results, "excepted");
  const seconds = secondsOf(results.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0));
  const counts = `tests="${results.length}" failures="${countOf(results, "fail")}" errors="0" skipped="${skipped}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="oncegate-conformance" ${counts} time="${seconds}">
  <testsuite name="${xmlText(profile)}" ${counts} time="${seconds}">
${results.map(testCase).join("\n")}
  </testsuite>
</testsuites>
`;
}

function testCase(result: Result): string {
  const { section, title } = result.check;
  const named = `    <testcase classname="${xmlText(section)}" name="${xmlText(title)}" time="${secondsOf(result.elapsedMs)}"`;
  const child = childOf(result);
  return child === null ? `${named}/>` : `${named}>\n      ${child}\n    </testcase>`;
}

function childOf(result: Result): string | null {
  switch (result.outcome) {
    case "pass":
      return null;
    case "fail":
      return `<failure message="${xmlText(firstLine(result.why))}">${xmlText(result.why)}</failure>`;
    case "excepted":
      return `<skipped message="declared exception: ${xmlText(result.why)}"/>`;
    case "not applicable":
      return `<skipped message="${xmlText(result.why)}"/>`;
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

function secondsOf(ms: number): string {
  return (ms / 1000).toFixed(3);
}
