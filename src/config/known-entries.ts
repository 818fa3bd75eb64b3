/**
 * What a slow store has told of names, kept in the isolate for a bounded time. Values are kept, never promises: on
 * Workers what one request has begun must not be awaited by another. One request reads a name; who needs the same name
 * meanwhile looks again every few milliseconds, by a timer of its own.
 */

/** How long what was told counts without asking again. KV's own cache does not ask for a shorter time either. */
export const FRESH_MS = 30_000;

/** A read takes milliseconds; one that takes longer than this has failed. Also how long a request waits for another's. */
export const READ_MS_MAX = 5000;

/** How long an entry counts while the store can't be read: policies seldom change, and an outage seldom lasts longer. */
export const GRACE_MS = 60 * 60 * 1000;

/**
 * So long, and no longer, counts that there is no such entry: KV itself may tell so for a minute after one was put. A
 * wildcard serves such a name, and an entry that has been put since may have another origin.
 */
export const ABSENT_GRACE_MS = 60_000;

/** A name that could not be read is not read again before this has passed, however many ask for it. */
const RETRY_MS = 1000;

/** Kept names. An entry takes a few kilobytes once it is parsed, and an isolate has 128 MB for all that it does. */
export const KEPT_MAX = 1000;

/** Short beside a read, and two hundred looks in the longest wait. */
const LOOK_AGAIN_MS = 25;

export interface Clock {
  now(): number;
  wait(ms: number): Promise<unknown>;
}

/** Null: the store has no such entry. `unavailable`: it can't be read, and what it told before counts no longer. */
export type Told<T> = T | null | "unavailable";

interface Kept<T> {
  /** Null until something is told for the first time. `atMs` is when it was asked for. */
  readonly told: { readonly value: T | null; readonly atMs: number } | null;
  /** Somebody reads it until then, if it is in the future. A request that was cancelled never says that it has ended. */
  readonly readingUntilMs: number;
  readonly notBeforeMs: number;
}

const NOTHING_KEPT: Kept<never> = { told: null, readingUntilMs: 0, notBeforeMs: 0 };

export class KnownEntries<T extends object> {
  readonly #read: (name: string) => Promise<T | null>;
  readonly #clock: Clock;
  /** The least lately used first. */
  readonly #kept = new Map<string, Kept<T>>();

  constructor(read: (name: string) => Promise<T | null>, clock: Clock) {
    this.#read = read;
    this.#clock = clock;
  }

  /** What the store says of `name`, at most as old as the bounds above. Never rejects, and ends within two reads' time. */
  async get(name: string): Promise<Told<T>> {
    const patienceEndsMs = this.#clock.now() + READ_MS_MAX;
    for (;;) {
      const nowMs = this.#clock.now();
      const kept = this.#kept.get(name) ?? NOTHING_KEPT;
      const isBeingRead = kept.readingUntilMs > nowMs;
      // While it is being read anew, the others need not wait for that.
      const freshMs = isBeingRead ? FRESH_MS + READ_MS_MAX : FRESH_MS;
      if (kept.told !== null && nowMs - kept.told.atMs < freshMs) {
        this.#keep(name, kept);
        return kept.told.value;
      }
      if (!isBeingRead) return nowMs < kept.notBeforeMs ? lastKnown(kept, nowMs) : this.#ask(name, kept, nowMs);
      if (nowMs >= patienceEndsMs) return lastKnown(kept, nowMs);
      await this.#clock.wait(LOOK_AGAIN_MS);
    }
  }

  async #ask(name: string, before: Kept<T>, nowMs: number): Promise<Told<T>> {
    this.#keep(name, { ...before, readingUntilMs: nowMs + READ_MS_MAX });
    // `read` tells what went wrong itself: that it went wrong is all that counts here.
    const failed = "unavailable" as const;
    const tooLate = this.#clock.wait(READ_MS_MAX).then(() => failed);
    const value = await Promise.race([this.#read(name).catch(() => failed), tooLate]);
    const endMs = this.#clock.now();
    if (value !== failed) {
      this.#keep(name, { told: { value, atMs: nowMs }, readingUntilMs: 0, notBeforeMs: 0 });
      return value;
    }
    const kept: Kept<T> = { told: before.told, readingUntilMs: 0, notBeforeMs: endMs + RETRY_MS };
    this.#keep(name, kept);
    return lastKnown(kept, endMs);
  }

  /** As the one that was used last. */
  #keep(name: string, kept: Kept<T>): void {
    this.#kept.delete(name);
    this.#kept.set(name, kept);
    if (this.#kept.size <= KEPT_MAX) return;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined) this.#kept.delete(oldest);
  }
}

function lastKnown<T>({ told }: Kept<T>, nowMs: number): Told<T> {
  if (told === null) return "unavailable";
  const graceMs = told.value === null ? ABSENT_GRACE_MS : GRACE_MS;
  return nowMs - told.atMs < graceMs ? told.value : "unavailable";
}
