/** Renders the CPU time: a row for each part and for the hottest functions, a column for each kind of request. */

import { type Facts, factsLine } from "../support/facts.ts";
import { type WorkerName } from "../support/runtime.ts";
import { PARTS, partOf } from "./parts.ts";
import { type Share, byPart } from "./sums.ts";

/** The kinds of requests, with their names in the table. */
export const KINDS = { fresh: "a new key", known: "a replay", none: "without a key" } as const;
export type Kind = keyof typeof KINDS;

type Profiled = {
  readonly kind: Kind;
  readonly requests: number;
  readonly busyMs: number;
  readonly modules: readonly Share[];
  readonly functions: readonly Share[];
  /** The functions of the bundle, hottest first. */
  readonly lines: readonly Share[];
  readonly floor: Floor;
  /** The floor with more of the promises, in the fewest steps. */
  readonly guarded: Floor;
};

/** The same kind of request under the same load, served by the least that does the task. */
type Floor = { readonly worker: WorkerName; readonly requests: number; readonly busyMs: number };

export type ProfileResult = {
  readonly facts: Facts;
  readonly settings: { readonly seconds: number; readonly warmUpSeconds: number; readonly connections: number };
  readonly profiled: readonly Profiled[];
};

/** The functions that the document shows of each kind. */
const LINES_SHOWN = 15;

/** Two tables: all parts, and the hottest functions, line by line. Both are in microseconds for a request. */
export function tableOf(result: ProfileResult): string {
  const { facts, settings } = result;
  const how = `${settings.seconds} s of each, after ${settings.warmUpSeconds} s of warming up; ${settings.connections} connections, storage in memory.`;
  return [...partsOf(result), "", ...linesOf(result), "", `${factsLine(facts)}. ${how}`].join("\n");
}

function partsOf({ profiled }: ProfileResult): string[] {
  const columns = profiled.map((one) => ({ one, shares: byPart(one.modules, partOf) }));
  const whole = profiled.map((one) => `**${microseconds(one)}**`);
  const guarded = profiled.map((one) => `**${microseconds(one.guarded)}**`);
  const floor = profiled.map((one) => `**${microseconds(one.floor)}** (${one.floor.worker})`);
  const parts = PARTS.map(([part]) => {
    const cells = columns.map(({ one, shares }) => microseconds(one, shares.get(part) ?? 0));
    return rowOf(part, cells);
  });
  return [
    ...headOf("µs for a request", profiled),
    ...parts,
    rowOf("**all of it**", whole),
    rowOf("**guarded, the floor with more promises**", guarded),
    rowOf("**the floor**", floor),
  ];
}

function linesOf({ profiled }: ProfileResult): string[] {
  const rows = Array.from({ length: LINES_SHOWN }, (_, at) => {
    const cells = profiled.map((one) => {
      const line = one.lines[at];
      return line === undefined ? "" : `${microseconds(one, line.percent)} ${line.where}`;
    });
    return rowOf(String(at + 1), cells);
  });
  return [...headOf("hottest functions, µs", profiled), ...rows];
}

function headOf(name: string, profiled: readonly Profiled[]): string[] {
  const kinds = profiled.map(({ kind }) => KINDS[kind]);
  return [rowOf(name, kinds), `|---${"|---".repeat(profiled.length)}|`];
}

/** The share of the time of one request. */
function microseconds({ busyMs, requests }: Pick<Floor, "busyMs" | "requests">, percent = 100): string {
  return ((busyMs * 1000 * percent) / 100 / requests).toFixed(0);
}

function rowOf(name: string, cells: readonly string[]): string {
  return `| ${[name, ...cells].join(" | ")} |`;
}
