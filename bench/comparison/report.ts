/** Renders the peers: the speed of each line beside what goes wrong with it, and what equal guarantees would take. */

import { type Facts, factsLine } from "../support/facts.ts";
import { type Served } from "../support/load.ts";
import { spreadOf } from "../support/statistics.ts";
import { type Line } from "./lines.ts";

type LineResult = {
  readonly fresh: readonly Served[];
  readonly known: readonly Served[];
  /** What goes wrong, by name. */
  readonly faults: readonly string[];
};

export type PeersResult = {
  readonly facts: Facts;
  readonly settings: {
    readonly rounds: number;
    readonly seconds: number;
    readonly warmUpSeconds: number;
    readonly connections: number;
  };
  readonly redis: boolean;
  readonly lines: Readonly<Record<string, LineResult>>;
};

export function tableOf(lines: readonly Line[], result: PeersResult): string {
  const { facts, settings, redis } = result;
  const head = `| | records in | new keys per second | share of its first line | p50, ms | p99, ms | replays per second | what goes wrong |
|---|---|---|---|---|---|---|---|`;
  const rows = lines.map((line) => rowOf(line, lines, result));
  const how = `${settings.rounds} rounds of ${settings.seconds} s in turn, ${settings.connections} connections${redis ? "" : "; no redis-server on this machine"}.`;
  return [head, ...rows, "", `${factsLine(facts)}. ${how}`, "", ...priceOf(lines)].join("\n");
}

function rowOf({ name, peer, store }: Line, all: readonly Line[], { lines }: PeersResult): string {
  const { fresh = [], known = [], faults = [] } = lines[name] ?? {};
  const first = all.find((line) => line.peer === peer);
  const speed = medianOf(fresh, "perSecond");
  const share =
    first?.name === name ? "" : (speed / medianOf(lines[first?.name ?? ""]?.fresh ?? [], "perSecond")).toFixed(2);
  const latency = [medianOf(fresh, "p50Ms").toFixed(1), medianOf(fresh, "p99Ms").toFixed(1)];
  const figures = [speed.toFixed(0), share, ...latency, medianOf(known, "perSecond").toFixed(0)];
  return `| ${[peer.what, store, ...figures, faults.length === 0 ? "none of these" : faults.join("; ")].join(" | ")} |`;
}

/** What is left to add where no line has all guarantees. */
function priceOf(lines: readonly Line[]): string[] {
  const peers = [...new Set(lines.map(({ peer }) => peer))].filter(({ missing }) => missing !== "");
  return peers.length === 0
    ? []
    : ["Equal guarantees would take:", "", ...peers.map(({ what, missing }) => `- ${what}: ${missing}`)];
}

export function medianOf(rounds: readonly Served[], figure: keyof Served): number {
  return spreadOf(rounds.map((round) => round[figure])).median;
}
