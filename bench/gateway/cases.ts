/** The comparisons: each case runs on two Workers in turn, with the same origin and the same load. */

import { type StorageName, type WorkerName } from "../support/runtime.ts";

export type Case = {
  readonly name: string;
  readonly what: string;
  /** The first is the minimal Worker for the same task. */
  readonly sides: readonly [WorkerName, WorkerName];
  /** `fresh`: each request has a new key. `known`: keys that have been executed. `none`: no key. */
  readonly keys: "fresh" | "known" | "none";
  /** Null for the number in the settings. */
  readonly connections: number | null;
  /** The storages on which the case is measured. */
  readonly storages: readonly StorageName[];
  /** The target for the second side's share of the first side's throughput; null if there is none. */
  readonly bar: number | null;
};

export const CASES: readonly Case[] = [
  {
    name: "new",
    what: "a new key",
    sides: ["bare", "oncegate"],
    keys: "fresh",
    connections: null,
    storages: ["memory", "disk"],
    bar: 0.9,
  },
  {
    name: "new-alone",
    what: "a new key, one request at a time",
    sides: ["bare", "oncegate"],
    keys: "fresh",
    connections: 1,
    storages: ["memory", "disk"],
    bar: null,
  },
  {
    name: "replay",
    what: "a replay",
    sides: ["bare", "oncegate"],
    keys: "known",
    connections: null,
    storages: ["memory", "disk"],
    bar: 0.85,
  },
  {
    name: "keyless",
    what: "a request without a key",
    sides: ["proxy", "oncegate"],
    keys: "none",
    connections: null,
    storages: ["memory"],
    bar: 0.95,
  },
  {
    name: "shards",
    what: "a new key, bare: an object for each key, and 32 shared by all",
    sides: ["bare", "shards"],
    keys: "fresh",
    connections: null,
    storages: ["memory", "disk"],
    bar: null,
  },
  {
    name: "kv",
    what: "a new key, bare: a table of its own, and the platform's key-value storage",
    sides: ["bare", "bare-kv"],
    keys: "fresh",
    connections: null,
    storages: ["memory", "disk"],
    bar: null,
  },
  {
    name: "kv-replay",
    what: "a replay, bare: a table of its own, and the platform's key-value storage",
    sides: ["bare", "bare-kv"],
    keys: "known",
    connections: null,
    storages: ["memory"],
    bar: null,
  },
];

/** Designs that Oncegate does not use. They are measured only on request. */
const ALTERNATIVES: ReadonlySet<string> = new Set(["shards", "kv", "kv-replay"]);

export const BY_DEFAULT: readonly string[] = CASES.map(({ name }) => name).filter((name) => !ALTERNATIVES.has(name));

/** Whether `names` and `storages` include every default measurement. */
export function isWhole(names: readonly string[], storages: readonly StorageName[]): boolean {
  const asked = CASES.filter(({ name }) => BY_DEFAULT.includes(name));
  return asked.every((one) => names.includes(one.name) && one.storages.every((storage) => storages.includes(storage)));
}
