/** A store of entries and a clock, both in the hands of a test. */

import { type Clock } from "../../../src/config/known-entries.ts";

export interface FakeStore<T> {
  readonly entries: Map<string, T>;
  /** The names that were read, in order. */
  readonly reads: string[];
  /** What the next reads do instead of telling: fail, or never end. */
  mood: "well" | "broken" | "stuck";
  readonly read: (name: string) => Promise<T | null>;
}

export function fakeStore<T>(entries: Record<string, T> = {}): FakeStore<T> {
  const store: FakeStore<T> = {
    entries: new Map(Object.entries(entries)),
    reads: [],
    mood: "well",
    read(name) {
      store.reads.push(name);
      if (store.mood === "broken") return Promise.reject(new Error("KV GET failed: 500"));
      if (store.mood === "stuck") return new Promise(() => {});
      return Promise.resolve(store.entries.get(name) ?? null);
    },
  };
  return store;
}

export interface FakeClock extends Clock {
  /** Lets time pass, and all that was waiting for it go on. */
  pass(ms: number): Promise<void>;
}

export function fakeClock(startMs = 1_000_000): FakeClock {
  let nowMs = startMs;
  let waiting: { readonly atMs: number; readonly go: () => void }[] = [];
  return {
    now: () => nowMs,
    wait: (ms) => new Promise<void>((go) => waiting.push({ atMs: nowMs + ms, go })),
    async pass(ms) {
      const endMs = nowMs + ms;
      for (;;) {
        await settled();
        const [next] = waiting.toSorted((a, b) => a.atMs - b.atMs);
        if (next === undefined || next.atMs > endMs) break;
        waiting = waiting.filter((one) => one !== next);
        nowMs = next.atMs;
        next.go();
      }
      nowMs = endMs;
    },
  };
}

/** All promises that can go on without time passing have done so. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
