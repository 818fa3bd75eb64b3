/** Renders the results as a table: medians of the rounds, and their spread. */

import { type Facts, factsLine } from "../support/facts.ts";
import { type StorageName, type WorkerName } from "../support/runtime.ts";
import { type Spread, spreadOf } from "../support/statistics.ts";
import { type Bars } from "./cases.ts";
import { type Measured, type Settings } from "./measure.ts";

/** One case on one storage: the rounds of all sides in order, that of the floor first. */
export type CaseResult = {
  readonly name: string;
  readonly what: string;
  readonly storage: StorageName;
  readonly connections: number;
  readonly bars: Bars;
  readonly sides: readonly Side[];
};

type Side = { readonly worker: WorkerName; readonly rounds: readonly Measured[] };

export type BenchResult = {
  readonly facts: Facts;
  readonly settings: Settings;
  readonly cases: readonly CaseResult[];
};

/** The figure of a side, by default the last one, divided by the floor's in the same round. */
export function ratioOf({ sides }: CaseResult, figure: keyof Bars, side = sides.at(-1)): Spread {
  const [floor] = sides;
  const rounds = side?.rounds ?? [];
  return spreadOf(rounds.map((round, at) => round[figure] / (floor?.rounds[at]?.[figure] ?? Number.NaN)));
}

export function tableOf({ facts, settings, cases }: BenchResult): string {
  const head = `| | storage | | per second | p50, ms | p99, ms | CPU, ms | throughput, ratio | p50, ratio | CPU, ratio |
|---|---|---|---|---|---|---|---|---|---|`;
  const how = `${settings.rounds} rounds of ${settings.seconds} s for each line, in turn, after ${settings.warmUpSeconds} s of warming up; ${settings.connections} connections unless it says "one at a time".`;
  return [head, ...cases.flatMap(rowsOf), "", `${factsLine(facts)}. ${how}`].join("\n");
}

/** The cases of the first page, by the beginning of their names. */
const SUMMARY = ["new", "replay", "keyless"];

/** For readers who want no more: medians of three ratios, with storage in memory. */
export function summaryOf({ facts, cases }: BenchResult): string {
  const inMemory = new Map(cases.filter(({ storage }) => storage === "memory").map((one) => [one.name, one]));
  const cell = (name: string, figure: keyof Bars): string => {
    const result = inMemory.get(name);
    return result === undefined ? "" : ratioOf(result, figure).median.toFixed(2);
  };
  const rows = SUMMARY.map((name) => {
    const what = inMemory.get(name)?.what ?? name;
    return `| ${[what, cell(name, "cpuMsPerRequest"), cell(name, "perSecond"), cell(`${name}-alone`, "p50Ms")].join(" | ")} |`;
  });
  const head = "| times a minimal Worker's | processor time | throughput | median, one at a time |\n|---|---|---|---|";
  return [
    head,
    ...rows,
    "",
    `\`npm run bench\`, ${facts.date.slice(0, 10)}, ${facts.machine}; storage in memory.`,
  ].join("\n");
}

const RATIOS = ["perSecond", "p50Ms", "cpuMsPerRequest"] as const;

function rowsOf(result: CaseResult): string[] {
  return result.sides.map((side, at) => {
    const speed = [medianOf(side, "perSecond", 0), medianOf(side, "p50Ms", 1), medianOf(side, "p99Ms", 1)];
    const figures = [...speed, medianOf(side, "cpuMsPerRequest", 2)];
    const bars = side === result.sides.at(-1) ? result.bars : {};
    const ratios = RATIOS.map((figure) => (at === 0 ? "" : inTable(ratioOf(result, figure, side), figure, bars)));
    return `| ${[at === 0 ? result.what : "", at === 0 ? result.storage : "", side.worker, ...figures, ...ratios].join(" | ")} |`;
  });
}

function medianOf({ rounds }: Side, figure: keyof Measured, digits: number): string {
  return spreadOf(rounds.map((round) => round[figure])).median.toFixed(digits);
}

function inTable(ratio: Spread, figure: keyof Bars, { [figure]: bar }: Bars): string {
  if (bar === undefined) return inWords(ratio);
  const isMore = ratio.median >= bar;
  const isMet = figure === "perSecond" ? isMore : ratio.median <= bar;
  return `${inWords(ratio)}; ${isMet ? "meets" : isMore ? "above" : "below"} ${bar}`;
}

function inWords({ median, from, to }: Spread): string {
  return `**${median.toFixed(2)}** (${from.toFixed(2)}–${to.toFixed(2)})`;
}
