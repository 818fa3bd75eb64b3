/** Counts fault points and what a retry met after them, and prints the table when a file's tests are done. */

import { afterAll } from "vitest";

const results = new Map<string, Map<string, number>>();

/** One point of `fault`, after which a retry was answered so. */
export function count(fault: string, retry: string): void {
  const row = results.get(fault) ?? new Map<string, number>();
  row.set(retry, (row.get(retry) ?? 0) + 1);
  results.set(fault, row);
}

/** `fault | points | what a retry met, how often`. */
function table(): string {
  const rows = [...results].map(([fault, retries]) => {
    const points = [...retries.values()].reduce((sum, n) => sum + n, 0);
    const met = [...retries].toSorted(([, a], [, b]) => b - a).map(([retry, n]) => `${retry} ${n}`);
    return `| ${fault} | ${points} | ${met.join(", ")} |`;
  });
  return ["| fault | points | the retry got |", "|---|---|---|", ...rows].join("\n");
}

/** To be called once in a file of tests. */
export function printTallyAtEnd(): void {
  afterAll(() => console.log(table()));
}
