/** Counts fault points and what a retry met after them, and prints the figures when a file's tests are done. */

import { afterAll } from "vitest";
import { printFigures } from "../../support/figures.ts";

const results = new Map<string, Map<string, number>>();

/** One point of `fault`, after which a retry was answered so. */
export function count(fault: string, retry: string): void {
  const row = results.get(fault) ?? new Map<string, number>();
  row.set(retry, (row.get(retry) ?? 0) + 1);
  results.set(fault, row);
}

/** To be called once in a file of tests. `name` is that of its row in docs/reliability.md. */
export function printTallyAtEnd(name: string): void {
  afterAll(() => {
    const faults = [...results].map(([fault, retries]) => ({ fault, retries: Object.fromEntries(retries) }));
    // Files may share this module.
    results.clear();
    printFigures({ name, faults });
  });
}
