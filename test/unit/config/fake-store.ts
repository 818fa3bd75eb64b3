/** A store of entries and a clock, both controlled by a test. */

import { type Clock } from "../../../src/config/known-entries.ts";

export interface FakeStore<T> {
  readonly entries: Map<string, T>;
  /** The names that were read, in order. */
  readonly reads: string[];
  /** What the next reads do: succeed, fail, or never end. */
  mood: "well" | "broken" | "stuck";
  readonly read: (name: string) => Promise<T | null>;
  /** Holds the next read back until the function that it returns is called with its value. */
  hold(): (value: T | null) => void;
}

export function fakeStore<T>(entries: Record<string, T> = {}): FakeStore<T> {
  let held: Promise<T | null> | null = null;
  const store: FakeStore<T> = {
    entries: new Map(Object.entries(entries)),
    reads: [],
    mood: "well",
    read(name) {
      store.reads.push(name);
      const later = held;
      held = null;
      if (later !== null) return later;
      if (store.mood === "broken") return Promise.reject(new Error("KV GET failed: 500"));
      if (store.mood === "stuck") return new Promise(() => {});
      return Promise.resolve(store.entries.get(name) ?? null);
    },
    hold() {
      const { promise, resolve } = Promise.withResolvers<T | null>();
      held = promise;
      return resolve;
    },
  };
  return store;
}

export interface FakeClock extends Clock {
  /** Lets time pass, and runs everything that was waiting for it. */
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

/** Resolves once no promise can go on without time passing. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
