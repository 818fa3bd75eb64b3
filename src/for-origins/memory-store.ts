/** A store for tests. Nothing in it survives the process. */

import { type SyncStore } from "./store.ts";

/** What an effect writes in a transaction of it. */
export type MemoryRows = Map<string, string>;

export interface MemoryStore extends SyncStore<MemoryRows> {
  /** What is committed, for a test to look at. */
  readonly rows: ReadonlyMap<string, string>;
}

/** A store for tests: its entries end with the process. */
export function memoryStore(): MemoryStore {
  const entries = new Map<string, string>();
  const rows: MemoryRows = new Map();
  return {
    kind: "sync",
    rows,
    transaction: (_, work) => {
      const before = [new Map(entries), new Map(rows)] as const;
      try {
        return work(rows);
      } catch (error) {
        restore(entries, before[0]);
        restore(rows, before[1]);
        throw error;
      }
    },
    read: (_, id) => entries.get(id) ?? null,
    write: (_, id, entry) => void entries.set(id, entry),
  };
}

function restore(map: Map<string, string>, before: ReadonlyMap<string, string>): void {
  map.clear();
  for (const [name, value] of before) map.set(name, value);
}
