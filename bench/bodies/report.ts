/** Renders what bodies cost: the first byte of a stream, and the peak memory by size. */

import { type Facts, factsLine } from "../support/facts.ts";
import { spreadOf } from "../support/statistics.ts";
import { type FirstByte } from "./first-byte.ts";
import { type Peak } from "./memory.ts";

export type BodiesResult = {
  readonly facts: Facts;
  /** The folder of the records. */
  readonly storage: string;
  readonly firstByte: FirstByte;
  readonly peaks: readonly Peak[];
};

export function tablesOf({ facts, storage, firstByte, peaks }: BodiesResult): string {
  const added = firstByte.oncegate.map((ms, round) => ms - (firstByte.passThrough[round] ?? 0));
  const sizes = [...new Set(peaks.map(({ megabytes }) => megabytes))].toSorted((a, b) => a - b);
  const loads = [...new Set(peaks.map(({ what }) => what))];
  const cellOf = (load: string, size: number): string =>
    String(peaks.find(({ what, megabytes }) => what === load && megabytes === size)?.peak ?? "");
  return [
    "| the first byte of a stream, ms | median of rounds | from | to |\n|---|---|---|---|",
    rowOf("Oncegate", firstByte.oncegate),
    rowOf("plain pass-through", firstByte.passThrough),
    rowOf("**difference**", added),
    "",
    `| memory at most, MB, by the size of the body in MB | ${sizes.join(" | ")} |\n|---${"|---".repeat(sizes.length)}|`,
    ...loads.map((load) => `| ${[load, ...sizes.map((size) => cellOf(load, size))].join(" | ")} |`),
    "",
    `${factsLine(facts)}. Storage in ${storage}.`,
  ].join("\n");
}

function rowOf(name: string, rounds: readonly number[]): string {
  const { median, from, to } = spreadOf(rounds);
  return `| ${name} | ${[median, from, to].map((ms) => ms.toFixed(1)).join(" | ")} |`;
}
