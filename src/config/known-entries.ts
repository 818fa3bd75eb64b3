/**
 * Entries of a slow store, cached in the isolate for a bounded time. The cache holds values, never promises: on Workers
 * one request must not await I/O that another request started. So requests that miss at the same moment each read the
 * name themselves. Those reads are few, because the store has a cache of its own.
 */

import { BoundedMap } from "../http/bounded-map.ts";

/** How long a value is used without reading it again. KV's own cache allows no shorter time. */
export const FRESH_MS = 30_000;

/** A read takes milliseconds. One that takes longer than this has failed. */
export const READ_MS_MAX = 5000;

/** How long an entry is used while the store can't be read: policies seldom change, and an outage is seldom longer. */
export const GRACE_MS = 60 * 60 * 1000;

/**
 * How long "no such entry" is used while the store can't be read. It is short because a wildcard serves such a name, and
 * an entry added since then may have another origin. KV itself may report a new entry as absent for a minute.
 */
export const ABSENT_GRACE_MS = 60_000;

/** A name whose read failed is not read again before this has passed, however many requests ask for it. */
const RETRY_MS = 1000;

/** Entries in the cache. A parsed entry takes a few kilobytes, and an isolate has 128 MB for everything. */
export const ENTRIES_MAX = 1000;

/** Names without an entry, kept apart: clients make them up, and must not evict an entry by it. A name takes some 500 bytes. */
export const MISSES_MAX = 5000;

export interface Clock {
  now(): number;
  wait(ms: number): Promise<unknown>;
}

/** What the store has under a name. */
type Stored<T> = { readonly kind: "found"; readonly entry: T } | { readonly kind: "absent" };

/** The store can't be read, and no cached value is recent enough. */
interface Unavailable {
  readonly kind: "unavailable";
}

export type Lookup<T> = Stored<T> | Unavailable;

interface CacheLine<T> {
  /** The last successful read, null before the first. `atMs` is when the read began. */
  readonly read: { readonly stored: Stored<T>; readonly atMs: number } | null;
  /** The name is not read again before this time. */
  readonly notBeforeMs: number;
}

const EMPTY: CacheLine<never> = { read: null, notBeforeMs: 0 };
const UNAVAILABLE: Unavailable = { kind: "unavailable" };

/** How a store that fails is borne. */
export interface Bounds {
  /** A read that takes longer has failed. */
  readonly readMsMax: number;
  /** A name whose read failed is not read again before this has passed. */
  readonly retryMs: number;
  /** How long the last entry is used meanwhile. */
  readonly graceMs: number;
  /** The same for "no such entry". */
  readonly absentGraceMs: number;
}

const BOUNDS: Bounds = {
  readMsMax: READ_MS_MAX,
  retryMs: RETRY_MS,
  graceMs: GRACE_MS,
  absentGraceMs: ABSENT_GRACE_MS,
};

export class KnownEntries<T extends object> {
  readonly #read: (name: string) => Promise<T | null>;
  readonly #clock: Clock;
  readonly #bounds: Bounds;
  /** Names with an entry, and all others. In both, the least recently used line comes first. */
  readonly #entries = new BoundedMap<CacheLine<T>>(ENTRIES_MAX);
  readonly #misses = new BoundedMap<CacheLine<T>>(MISSES_MAX);

  constructor(read: (name: string) => Promise<T | null>, clock: Clock, bounds = BOUNDS) {
    this.#read = read;
    this.#clock = clock;
    this.#bounds = bounds;
  }

  /** The store's entry for `name`, at most as old as the bounds above. Never rejects, and ends within `readMsMax`. */
  async get(name: string): Promise<Lookup<T>> {
    const nowMs = this.#clock.now();
    const line = this.#lineOf(name);
    if (line.read !== null && nowMs - line.read.atMs < FRESH_MS) {
      this.#store(name, line);
      return line.read.stored;
    }
    return nowMs < line.notBeforeMs ? this.#lastRead(line, nowMs) : this.#readAgain(name, nowMs);
  }

  async #readAgain(name: string, startedAtMs: number): Promise<Lookup<T>> {
    // `read` logs its own errors. Here it only matters that there was one.
    const read = this.#read(name).then(storedOf, () => UNAVAILABLE);
    const tooLate = this.#clock.wait(this.#bounds.readMsMax).then(() => UNAVAILABLE);
    const looked = await Promise.race([read, tooLate]);
    // Another request may have read the same name meanwhile. The read that began last has the newest value.
    const current = this.#lineOf(name);
    const isOutdated = current.read !== null && current.read.atMs > startedAtMs;
    if (looked.kind !== "unavailable") {
      if (!isOutdated) this.#store(name, { read: { stored: looked, atMs: startedAtMs }, notBeforeMs: 0 });
      return looked;
    }
    const endMs = this.#clock.now();
    if (!isOutdated) this.#store(name, { read: current.read, notBeforeMs: endMs + this.#bounds.retryMs });
    return this.#lastRead(current, endMs);
  }

  #lastRead({ read }: CacheLine<T>, nowMs: number): Lookup<T> {
    if (read === null) return UNAVAILABLE;
    const { graceMs, absentGraceMs } = this.#bounds;
    const isUsable = nowMs - read.atMs < (read.stored.kind === "absent" ? absentGraceMs : graceMs);
    return isUsable ? read.stored : UNAVAILABLE;
  }

  #lineOf(name: string): CacheLine<T> {
    return this.#entries.get(name) ?? this.#misses.get(name) ?? EMPTY;
  }

  /** Stores the line as the most recently used. */
  #store(name: string, line: CacheLine<T>): void {
    const isFound = line.read?.stored.kind === "found";
    (isFound ? this.#misses : this.#entries).delete(name);
    (isFound ? this.#entries : this.#misses).set(name, line);
  }
}

function storedOf<T>(entry: T | null): Stored<T> {
  return entry === null ? { kind: "absent" } : { kind: "found", entry };
}
