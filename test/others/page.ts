// docs/compatibility.md. It is made of the declarations alone: a run has either shown that each of them holds, or writes no page.

import { linkTo, type Result, type Scenario, type Suite } from "./scenario.ts";

const RESULTS: readonly Result[] = ["same", "differs by design", "no counterpart"];

const HEAD = `# Compatibility with other suites

Other projects publish tests of idempotency. They are rebuilt in [test/others](../test/others), from their text and without their code, and run
against the gateway. \`npm run compatibility -- --write\` runs them and makes this page: each row is a result of that run.

- **same**: what they expect holds.
- **differs by design**: the run has seen that it does not hold, and that what Oncegate does instead holds.
- **no counterpart**: it is about something that a gateway does not have. What it guards against is tested instead.

Clauses are those of the [protocol](protocol.md) and of the [operator API](operator-api.md).
`;

export function pageOf(suites: readonly Suite[]): string {
  return [HEAD, summaryOf(suites), ...suites.map(sectionOf)].join("\n");
}

function countOf({ scenarios }: Suite, result: Result): number {
  return scenarios.filter((scenario) => scenario.result === result).length;
}

/** One line for a terminal. */
export function countsLine(suite: Suite): string {
  const counts = RESULTS.map((result) => `${countOf(suite, result)} ${result}`);
  return `${suite.name}: ${suite.scenarios.length} scenarios, ${counts.join(", ")}`;
}

function summaryOf(suites: readonly Suite[]): string {
  const row = (name: string, of: readonly Suite[]): readonly string[] => {
    const sum = (count: (suite: Suite) => number): string =>
      String(of.reduce((total, suite) => total + count(suite), 0));
    return [
      name,
      sum(({ scenarios }) => scenarios.length),
      ...RESULTS.map((result) => sum((suite) => countOf(suite, result))),
    ];
  };
  const rows = suites.map((suite) => row(`[${suite.name}](#${anchorOf(suite)})`, [suite]));
  return table(["suite", "scenarios", ...RESULTS], [...rows, row("all", suites)]);
}

function sectionOf(suite: Suite): string {
  const { name, about, source, entry, scenarios } = suite;
  const file = `https://github.com/${source.repository}/blob/${source.commit}/${source.file}`;
  const text = `${about} Rebuilt from [${source.file}](${file}) at \`${source.commit.slice(0, 12)}\`, with this entry:`;
  const config = `\`\`\`json\n${JSON.stringify(entry, null, 2)}\n\`\`\`\n`;
  return `## ${name}\n\n${text}\n\n${config}\n${table(["scenario", "result", "they expect", "Oncegate", "why"], scenarios.map(rowOf))}`;
}

function rowOf(scenario: Scenario): readonly string[] {
  const { title, result, difference, place } = scenario;
  const { theirs = "", ours = "", why = "" } = difference ?? {};
  return [`[${title}](${linkTo(place)})`, result, theirs, ours, why];
}

/** As GitHub makes it of the heading. */
function anchorOf({ name }: Suite): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, "")
    .replaceAll(" ", "-");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return `${[line(head), `|${head.map(() => "---|").join("")}`, ...rows.map(line)].join("\n")}\n`;
}
