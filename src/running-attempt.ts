/** The attempt that runs in this object now, and those who wait for it. In memory only: a crash ends it. */

import { type Reply } from "./call.ts";
import { type Policy } from "./config/policy.ts";
import { type Attempt, type UnknownRecord } from "./record/record.ts";

/** More requests than this don't wait for one attempt: each holds an open call. */
const JOINERS_MAX = 1000;

/** Nor do more bytes: each waiting call may hold its own copy of the body, in memory that the attempt itself needs. */
const JOINERS_BYTES_MAX = 16_000_000;

/** What those who wait are told: the request that caused the attempt, and all who joined it. */
export interface Told {
  /** Not called where that request waits no more. */
  readonly first: () => Reply;
  /** Called for each, since a stream can't be shared. */
  readonly joiner: () => Reply;
}

export class RunningAttempt {
  readonly attempt: Attempt;
  /** What the record was before, and is again if the attempt is undone. */
  readonly before: UnknownRecord | null;
  readonly policy: Policy;
  /** What the request that caused the attempt is told. */
  readonly firstReply: Promise<Reply>;
  #tellFirst: ((reply: Reply) => void) | null;
  readonly #joiners = new Set<(reply: Reply) => void>();
  #joinersBytes = 0;

  constructor(attempt: Attempt, before: UnknownRecord | null, policy: Policy) {
    this.attempt = attempt;
    this.before = before;
    this.policy = policy;
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.firstReply = promise;
    this.#tellFirst = resolve;
  }

  /** Whether the request that caused the attempt still waits. */
  get firstWaits(): boolean {
    return this.#tellFirst !== null;
  }

  /**
   * Waits for what is told next, and resolves to null when `waitMs` is over before. `bodyBytes` is the size of the
   * waiting request's body. Null instead of a promise when too many wait already.
   */
  join(waitMs: number, bodyBytes: number): Promise<Reply | null> | null {
    if (this.#joiners.size >= JOINERS_MAX || this.#joinersBytes + bodyBytes > JOINERS_BYTES_MAX) return null;
    this.#joinersBytes += bodyBytes;
    return new Promise((resolve) => {
      const leave = (reply: Reply | null): void => {
        clearTimeout(timer);
        this.#joiners.delete(leave);
        this.#joinersBytes -= bodyBytes;
        resolve(reply);
      };
      const timer = setTimeout(leave, waitMs, null);
      this.#joiners.add(leave);
    });
  }

  /** Tells all who wait now. Who joins later waits for the next telling: after a time-out a late answer may come. */
  tell({ first, joiner }: Told): void {
    this.#tellFirst?.(first());
    this.#tellFirst = null;
    for (const tell of this.#joiners) tell(joiner());
  }
}
