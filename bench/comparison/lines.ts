/** The lines of the peers' table: each peer with the stores that it can have, the fastest first. */

import { type StorageName } from "../support/runtime.ts";
import { PEERS, type Peer } from "./peers.ts";

/** `synced`: Redis writes its log to disk before each answer. `default`: with its default settings, a snapshot now and then. */
export type RedisSettings = "default" | "synced";

export type Line = {
  readonly name: string;
  readonly peer: Peer;
  /** Where it keeps its records. */
  readonly store: string;
  readonly storage: StorageName;
  readonly redis: RedisSettings;
};

export const LINES: readonly Line[] = PEERS.flatMap((peer): Line[] => {
  const { runs, name } = peer;
  const line = { peer, redis: "default" as const };
  if (runs.on === "workerd") {
    return [
      { ...line, name, store: "SQLite in memory", storage: "memory" },
      { ...line, name: `${name}, disk`, store: "SQLite on disk", storage: "disk" },
    ];
  }
  if (!runs.redis) return [{ ...line, name, store: "its own memory", storage: "memory" }];
  return [
    { ...line, name, store: "Redis, default settings", storage: "disk" },
    { ...line, name: `${name}, synced`, store: "Redis, appendfsync always", storage: "disk", redis: "synced" },
  ];
});
