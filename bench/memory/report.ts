/** Renders the memory of both sides as one table: the runtime's, Oncegate's, and the difference, which is ours. */

import { type Facts, factsLine } from "../support/facts.ts";
import { type WorkerName } from "../support/runtime.ts";
import { spreadOf } from "../support/statistics.ts";
import { type Burst, type Held } from "./bursts.ts";
import { type Steady, slopeOf } from "./steady.ts";

export type BurstResult = {
  readonly burst: Burst;
  readonly sides: readonly { readonly side: WorkerName; readonly rounds: readonly Held[] }[];
};

export type MemoryResult = {
  readonly facts: Facts;
  readonly settings: {
    readonly rounds: number;
    readonly minutes: number;
    readonly turnSeconds: number;
    readonly connections: number;
    readonly storage: string;
  };
  readonly bursts: readonly BurstResult[];
  readonly steady: readonly Steady[];
};

const FIGURES: readonly (readonly [name: string, figure: keyof Held])[] = [
  ["refused with 503", "refused"],
  ["resident before, MB", "residentBefore"],
  ["resident at most, MB", "residentPeak"],
  ["heap before, collected, MB", "heapBefore"],
  ["heap at most, MB", "heapPeak"],
  ["heap after it, collected, MB", "heapKept"],
];

/** Bytes of heap for each key, beyond the floor's: a measurement varies by less. */
const LEAK_BYTES = 20;

/** What each key leaves in the heap of Oncegate and not in that of the floor; null where it is no more than a measurement varies by. */
export function leakOf(steady: readonly Steady[]): number | null {
  const [floor, ours] = steady;
  if (floor === undefined || ours === undefined) return null;
  const bytes = slopeOf(ours.points, "heapBytes") - slopeOf(floor.points, "heapBytes");
  return bytes > LEAK_BYTES ? bytes : null;
}

export function tableOf({ facts, settings, bursts, steady }: MemoryResult): string {
  const lines = [...bursts.flatMap(rowsOfBurst), ...rowsOfSteady(steady, settings)];
  const how = `Bursts: the highest of ${settings.rounds} rounds in turn, in a new process each. Storage in ${settings.storage}.`;
  const head = "| | | the bare mechanism | Oncegate | ours |\n|---|---|---|---|---|";
  return [head, ...lines, "", `${factsLine(facts)}. ${how}`].join("\n");
}

function rowsOfBurst({ burst, sides }: BurstResult): string[] {
  return FIGURES.map(([name, figure], at) => {
    const [floor, ours] = sides.map(({ rounds }) => spreadOf(rounds.map((round) => round[figure])).to);
    return rowOf([at === 0 ? burst.what : "", name], floor, ours, figure === "refused" ? 0 : 1);
  });
}

function rowsOfSteady(steady: readonly Steady[], { minutes, turnSeconds }: MemoryResult["settings"]): string[] {
  const [floor, ours] = steady;
  if (floor === undefined || ours === undefined) return [];
  const what = turnSeconds === 60 ? `new keys for ${minutes} minutes` : `new keys, ${minutes} times ${turnSeconds} s`;
  const keys = ({ points }: Steady): number => points.at(-1)?.keys ?? 0;
  const slope = (figure: "residentBytes" | "heapBytes") =>
    [slopeOf(floor.points, figure), slopeOf(ours.points, figure)] as const;
  return [
    `| ${what} | keys | ${keys(floor)} | ${keys(ours)} | |`,
    rowOf(["", "resident at most, MB"], floor.residentPeakMegabytes, ours.residentPeakMegabytes, 1),
    rowOf(["", "resident, bytes more for each key"], ...slope("residentBytes"), 0),
    rowOf(["", "heap, bytes more for each key"], ...slope("heapBytes"), 0),
  ];
}

function rowOf(names: readonly string[], floor = Number.NaN, ours = Number.NaN, digits = 0): string {
  return `| ${[...names, ...[floor, ours, ours - floor].map((figure) => figure.toFixed(digits))].join(" | ")} |`;
}
