/** The comparisons: each case runs on its Workers in turn, with the same origin and the same load. */

import { type StorageName, type WorkerName } from "../support/runtime.ts";

export type Case = {
  readonly name: string;
  readonly what: string;
  /** The first is the floor: the least that does the same task. The last is compared with it. */
  readonly sides: Sides;
  /** `fresh`: each request has a new key. `known`: keys that have been executed. `none`: no key. */
  readonly keys: "fresh" | "known" | "none";
  /** Null for the number in the settings. */
  readonly connections: number | null;
  /** The storages on which the case is measured. */
  readonly storages: readonly StorageName[];
  /** What the last side is to reach, as a share of the floor's figure. */
  readonly bars: Bars;
};

type Sides = readonly [floor: WorkerName, ...others: WorkerName[]];

/** Throughput is to be no less, processor time and latency no more. */
export type Bars = Partial<Readonly<Record<"perSecond" | "cpuMsPerRequest" | "p50Ms", number>>>;

export const CASES: readonly Case[] = [
  {
    name: "new",
    what: "a new key",
    sides: ["bare-kv", "guarded", "oncegate"],
    keys: "fresh",
    connections: null,
    storages: ["memory", "disk"],
    bars: { perSecond: 0.9, cpuMsPerRequest: 1.2 },
  },
  {
    name: "new-alone",
    what: "a new key, one request at a time",
    sides: ["bare-kv", "oncegate"],
    keys: "fresh",
    connections: 1,
    storages: ["memory", "disk"],
    bars: { p50Ms: 1.1 },
  },
  {
    name: "replay",
    what: "a replay",
    sides: ["bare-kv", "guarded", "oncegate"],
    keys: "known",
    connections: null,
    storages: ["memory", "disk"],
    bars: { perSecond: 0.85, cpuMsPerRequest: 1.5 },
  },
  {
    name: "replay-alone",
    what: "a replay, one request at a time",
    sides: ["bare-kv", "oncegate"],
    keys: "known",
    connections: 1,
    storages: ["memory"],
    bars: { p50Ms: 1.1 },
  },
  {
    name: "keyless",
    what: "a request without a key",
    sides: ["proxy", "guarded", "oncegate"],
    keys: "none",
    connections: null,
    storages: ["memory"],
    bars: { perSecond: 0.95, cpuMsPerRequest: 1.15 },
  },
  {
    name: "keyless-alone",
    what: "a request without a key, one request at a time",
    sides: ["proxy", "oncegate"],
    keys: "none",
    connections: 1,
    storages: ["memory"],
    bars: { p50Ms: 1.1 },
  },
  {
    name: "shards",
    what: "a new key, bare: an object for each key, and 32 shared by all",
    sides: ["bare", "shards"],
    keys: "fresh",
    connections: null,
    storages: ["memory", "disk"],
    bars: {},
  },
];

/** Designs that Oncegate does not use. They are measured only on request. */
const ALTERNATIVES: ReadonlySet<string> = new Set(["shards"]);

export const BY_DEFAULT: readonly string[] = CASES.map(({ name }) => name).filter((name) => !ALTERNATIVES.has(name));
