/** Renders the peers' throughput and conformance. */

import { type Facts, factsLine } from "../support/facts.ts";
import { type Served } from "../support/load.ts";
import { spreadOf } from "../support/statistics.ts";
import { type Conformance } from "./conformance.ts";
import { type Peer } from "./peers.ts";

export type Speed = { readonly fresh: Served[]; readonly known: Served[] };

export type PeersResult = {
  readonly facts: Facts;
  readonly settings: { readonly rounds: number; readonly seconds: number; readonly connections: number };
  readonly redis: boolean;
  readonly speeds: Readonly<Record<string, Speed>>;
  readonly conformance: readonly Conformance[];
};

export function tablesOf(peers: readonly Peer[], result: PeersResult): string {
  const { facts, settings, redis } = result;
  const head = `| | kept in | new keys per second | p50, ms | p99, ms | replays per second | checks passed | failed | by design |
|---|---|---|---|---|---|---|---|---|`;
  const how = `${settings.rounds} rounds of ${settings.seconds} s in turn, ${settings.connections} connections, storage of Workers in memory${redis ? "" : "; no redis-server on this machine"}.`;
  const rows = peers.map((peer) => rowOf(peer, result));
  const failures = peers.flatMap((peer) => failuresOf(peer, result));
  return [head, ...rows, "", `${factsLine(facts)}. ${how}`, "", ...peers.flatMap(exceptionsOf), ...failures].join("\n");
}

/** The sections that differ by design, grouped by reason. */
function exceptionsOf({ what, byDesign }: Peer): string[] {
  const sections = Map.groupBy(Object.keys(byDesign), (section) => byDesign[section] ?? "");
  if (sections.size === 0) return [];
  const lines = [...sections].map(([reason, of]) => `- ${reason}: ${of.join(", ")}`);
  return [`By design, ${what}:`, "", ...lines, ""];
}

function rowOf(peer: Peer, { speeds, conformance }: PeersResult): string {
  const { fresh, known } = speeds[peer.name] ?? { fresh: [], known: [] };
  const median = (rounds: readonly Served[], figure: keyof Served, digits: number): string =>
    spreadOf(rounds.map((round) => round[figure])).median.toFixed(digits);
  const checks = conformance.find((one) => one.peer === peer.name);
  const figures = [median(fresh, "perSecond", 0), median(fresh, "p50Ms", 1), median(fresh, "p99Ms", 1)];
  const counts = checks === undefined ? ["", "", ""] : [checks.passed, checks.failed, checks.byDesign];
  return `| ${[peer.what, peer.durable, ...figures, median(known, "perSecond", 0), ...counts].join(" | ")} |`;
}

/** Lists failed checks by name, since a number alone does not show which promise is broken. */
function failuresOf(peer: Peer, { conformance }: PeersResult): string[] {
  const failures = conformance.find((one) => one.peer === peer.name)?.failures ?? [];
  if (failures.length === 0) return [];
  const lines = failures.map(({ section, title }) => `- ${section} ${title}`);
  return [`<details><summary>${peer.what}: ${failures.length} failed</summary>`, "", ...lines, "", "</details>", ""];
}
