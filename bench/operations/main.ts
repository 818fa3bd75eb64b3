// npm run bench:operations [-- --rounds 9 --count 2000 --json FILE --write]
// Measures the platform's operations that a keyed request is made of: processor time of each, in microseconds. With the counts of
// test/worker/worker/request-costs.test.ts it shows what a change is worth before anything is built.

import { beginScript } from "../../scripts/help.ts";
import { README, fillIn } from "../support/document.ts";
import { facts, factsLine, resultFile, writeJson } from "../support/facts.ts";
import { numberOf, parseOptions } from "../support/options.ts";
import { cpuMicroseconds } from "../support/process.ts";
import { createRuntime } from "../support/runtime.ts";
import { quantile } from "../support/statistics.ts";

beginScript(import.meta.filename);
const values = parseOptions({
  rounds: { type: "string", default: "9" },
  count: { type: "string", default: "2000" },
});
const rounds = numberOf("rounds", values.rounds, 1);
const count = numberOf("count", values.count, 1);

const about = facts();
const runtime = createRuntime();
try {
  const { url, pid } = await runtime.start("operations", { origin: "", storage: "memory" });
  const ask = async (path: string): Promise<Response> => {
    const response = await fetch(url + path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  const names = (await (await ask("/")).json()) as string[];
  const measured = new Map<string, number[]>(names.map((name) => [name, []]));
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const [name, micros] of measured) {
      const before = cpuMicroseconds(pid);
      await ask(`/${encodeURIComponent(name)}/${count}`);
      if (round > 0) micros.push((cpuMicroseconds(pid) - before) / count);
    }
  }
  const table = [...measured].map(([name, micros]) => ({
    name,
    lowest: quantile(micros, 0),
    median: quantile(micros, 0.5),
  }));
  writeJson(resultFile("operations", values), { facts: about, rounds, count, table });
  const text = [
    "| processor time, µs | lowest | median |\n|---|---|---|",
    ...table.map(({ name, lowest, median }) => `| ${name} | ${lowest.toFixed(1)} | ${median.toFixed(1)} |`),
    "",
    `${factsLine(about)}. ${rounds} rounds of ${count} each, in turn.`,
  ].join("\n");
  console.log(text);
  if (values.write) fillIn(README, "operations", text);
} finally {
  await runtime.close();
}
