/** Renders the CPU time as a table: a row for each part, a column for each kind of request. */

import { type Facts, factsLine } from "../support/facts.ts";
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
};

export type ProfileResult = {
  readonly facts: Facts;
  readonly settings: { readonly seconds: number; readonly warmUpSeconds: number; readonly connections: number };
  readonly profiled: readonly Profiled[];
};

export function tableOf({ facts, settings, profiled }: ProfileResult): string {
  const columns = profiled.map(({ modules }) => byPart(modules, partOf));
  const whole = profiled.map(({ busyMs, requests }) => `**${(busyMs / requests).toFixed(2)}**`);
  const lines = [
    rowOf(
      "percent",
      profiled.map(({ kind }) => KINDS[kind]),
    ),
    `|---${"|---".repeat(profiled.length)}|`,
    ...PARTS.map(([part]) =>
      rowOf(
        part,
        columns.map((column) => (column.get(part) ?? 0).toFixed(1)),
      ),
    ),
    rowOf("**all of it, ms for a request**", whole),
  ];
  const how = `${settings.seconds} s of each, after ${settings.warmUpSeconds} s of warming up; ${settings.connections} connections, storage in memory.`;
  return [...lines, "", `${factsLine(facts)}. ${how}`].join("\n");
}

function rowOf(name: string, cells: readonly string[]): string {
  return `| ${[name, ...cells].join(" | ")} |`;
}
