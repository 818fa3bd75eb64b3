/**
 * Entries of a slow store, cached in the isolate for a bounded time. The cache holds values, never promises: on Workers
 * one request must not await I/O that another request started. So requests that miss at the same moment each read the
 * name themselves. Those reads are few, because the store has a cache of its own.
 */

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

export interface Clock {
  now(): number;
  wait(ms: number): Promise<unknown>;
}

/** Null: the store has no such entry. `unavailable`: it can't be read, and no cached value is recent enough. */
export type Lookup<T> = T | null | "unavailable";

interface CacheLine<T> {
  /** The last successful read, null before the first. `atMs` is when the read began. */
  readonly read: { readonly value: T | null; readonly atMs: number } | null;
  /** The name is not read again before this time. */
  readonly notBeforeMs: number;
}

const EMPTY: CacheLine<never> = { read: null, notBeforeMs: 0 };

export class KnownEntries<T extends object> {
  readonly #read: (name: string) => Promise<T | null>;
  readonly #clock: Clock;
  /** The least recently used line first. */
  readonly #lines = new Map<string, CacheLine<T>>();

  constructor(read: (name: string) => Promise<T | null>, clock: Clock) {
    this.#read = read;
    this.#clock = clock;
  }

  /** The store's entry for `name`, at most as old as the bounds above. Never rejects, and ends within `READ_MS_MAX`. */
  async get(name: string): Promise<Lookup<T>> {
    const nowMs = this.#clock.now();
    const line = this.#lines.get(name) ?? EMPTY;
    if (line.read !== null && nowMs - line.read.atMs < FRESH_MS) {
      this.#store(name, line);
      return line.read.value;
    }
    return nowMs < line.notBeforeMs ? lastRead(line, nowMs) : this.#readAgain(name, nowMs);
  }

  async #readAgain(name: string, startedAtMs: number): Promise<Lookup<T>> {
    // `read` logs its own errors. Here it only matters that there was one.
    const failed = "unavailable" as const;
    const tooLate = this.#clock.wait(READ_MS_MAX).then(() => failed);
    const value = await Promise.race([this.#read(name).catch(() => failed), tooLate]);
    // Another request may have read the same name meanwhile. The read that began last has the newest value.
    const current = this.#lines.get(name) ?? EMPTY;
    const isOutdated = current.read !== null && current.read.atMs > startedAtMs;
    if (value !== failed) {
      if (!isOutdated) this.#store(name, { read: { value, atMs: startedAtMs }, notBeforeMs: 0 });
      return value;
    }
    const endMs = this.#clock.now();
    if (!isOutdated) this.#store(name, { read: current.read, notBeforeMs: endMs + RETRY_MS });
    return lastRead(current, endMs);
  }

  /** Stores the line as the most recently used. */
  #store(name: string, line: CacheLine<T>): void {
    this.#lines.delete(name);
    this.#lines.set(name, line);
    if (this.#lines.size <= ENTRIES_MAX) return;
    const [oldest] = this.#lines.keys();
    if (oldest !== undefined) this.#lines.delete(oldest);
  }
}

function lastRead<T>({ read }: CacheLine<T>, nowMs: number): Lookup<T> {
  if (read === null) return "unavailable";
  const graceMs = read.value === null ? ABSENT_GRACE_MS : GRACE_MS;
  return nowMs - read.atMs < graceMs ? read.value : "unavailable";
}
