/** The attempt that runs in this object now, and those who wait for it. In memory only: a crash ends it. */

import { type Reply } from "./call.ts";
import { type Policy } from "./config/policy.ts";
import { type Attempt, type UnknownRecord } from "./record/record.ts";

/** More requests than this don't wait for one attempt: each holds an open connection. */
const JOINERS_MAX = 1000;

/** What those who wait are told: the request that caused the attempt, and all who joined it. */
export interface Told {
  readonly first: Reply;
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

  constructor(attempt: Attempt, before: UnknownRecord | null, policy: Policy) {
    this.attempt = attempt;
    this.before = before;
    this.policy = policy;
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.firstReply = promise;
    this.#tellFirst = resolve;
  }

  /** Waits for what is told next. Null when `waitMs` is over before, or when too many wait already. */
  join(waitMs: number): Promise<Reply | null> {
    if (this.#joiners.size >= JOINERS_MAX) return Promise.resolve(null);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#joiners.delete(tell);
        resolve(null);
      }, waitMs);
      const tell = (reply: Reply): void => {
        clearTimeout(timer);
        resolve(reply);
      };
      this.#joiners.add(tell);
    });
  }

  /** Tells all who wait now. Who joins later waits for the next telling: after a time-out a late answer may come. */
  tell({ first, joiner }: Told): void {
    if (this.#tellFirst === null) discard(first);
    else this.#tellFirst(first);
    this.#tellFirst = null;
    for (const tell of this.#joiners) tell(joiner());
    this.#joiners.clear();
  }
}

/** Ends a stream that nobody will read, so that it does not hold its connection. */
function discard(reply: Reply): void {
  if (reply.kind !== "answer" || !(reply.body instanceof ReadableStream)) return;
  reply.body.cancel().catch(() => {
    // It broke by itself, which is as good.
  });
}
