/** The attempt that runs in this object now, and those who wait for it. In memory only: a crash ends it. */

import { type Reply } from "../call/call.ts";
import { type AttemptPolicy } from "../config/policy.ts";
import { type Attempt, type UnknownRecord } from "../record/record.ts";
import { READERS_MAX, type Recording } from "./recording.ts";
import { refusal } from "./reply.ts";
import { Waiters } from "./waiters.ts";

/** What those who wait are told: the request that caused the attempt, and all who joined it. */
export interface Told {
  /** Not called where that request waits no more. */
  readonly first: () => Reply;
  readonly joiner: () => Reply;
}

export class RunningAttempt {
  readonly attempt: Attempt;
  /** What the record was before, and is again if the attempt is undone. */
  readonly before: UnknownRecord | null;
  readonly policy: AttemptPolicy;
  /** What the request that caused the attempt is told. */
  readonly firstReply: Promise<Reply>;
  readonly #joiners = new Waiters<Reply>();
  readonly #startedAtMs = Date.now();
  /** How long the origin took, as far as was told last. */
  #originMs: number | null = null;
  #tellFirst: ((reply: Reply) => void) | null;
  /** The answer that streams, once there is something of it to read. */
  #stream: { readonly joiner: () => Reply; readonly body: Recording } | null = null;

  constructor(attempt: Attempt, before: UnknownRecord | null, policy: AttemptPolicy) {
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

  /** Waits for what is told next, at most `waitMs`. `bodyBytes` is the size of the waiting request's body. */
  async join(waitMs: number, bodyBytes: number): Promise<Reply> {
    if (this.#stream !== null)
      return this.#stream.body.readers < READERS_MAX ? this.#withFacts(this.#stream.joiner()) : refusal("in_flight");
    const waiting = this.#joiners.wait(waitMs, bodyBytes);
    if (waiting === null) return refusal("in_flight");
    return { ...((await waiting) ?? refusal("in_flight")), waited: true };
  }

  /** Tells the request that caused the attempt of an answer of which nothing is recorded yet. */
  tellFirst(first: Told["first"]): void {
    this.#originMs = Date.now() - this.#startedAtMs;
    this.#tellFirst?.(this.#withFacts(first()));
    this.#tellFirst = null;
  }

  /** Lets all who wait, and all who join from now on, read an answer that streams. */
  attach(joiner: Told["joiner"], body: Recording): void {
    this.#stream = { joiner, body };
    this.#joiners.tell(() => this.#withFacts(joiner()));
  }

  /** Tells all who wait now. Who joins later waits for the next telling: after a time-out a late answer may come. */
  tell({ first, joiner }: Told): void {
    this.tellFirst(first);
    this.#joiners.tell(() => this.#withFacts(joiner()));
  }

  #withFacts(reply: Reply): Reply {
    return { ...reply, attempt: { number: this.attempt.number, originMs: this.#originMs } };
  }
}
