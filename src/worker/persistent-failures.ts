/**
 * How long clients are asked to wait while a failure of the gateway's own persists (docs/reliability.md), so that a long outage
 * does not end in a crowd. In the isolate's memory: a new one begins with the shortest time.
 */

import { type Reply } from "../call/call.ts";
import { BoundedMap } from "../http/bounded-map.ts";
import { PROBLEMS, type ProblemCode } from "../http/problem-codes.ts";
import { type Refusal, isRefusal } from "../http/problem.ts";

/** A client that waits longer has mostly given up. */
const WAIT_SECONDS_MAX = 60;

/** Without the failure for so long it has ended: every client that was asked to wait could have come back. */
const QUIET_MS = 2 * WAIT_SECONDS_MAX * 1000;

/** Some hundred bytes each. Beyond this number, the failure that was seen longest ago is forgotten. */
const FAILURES_MAX = 1000;

interface Failure {
  readonly sinceMs: number;
  readonly lastMs: number;
}

export class PersistentFailures {
  readonly #known = new BoundedMap<Failure>(FAILURES_MAX);
  /** So that requests which succeed pay nothing while nothing fails. */
  #hasAny = false;

  /** `name` fails now. Half the time that it has failed, from `minSeconds` on. */
  waitSeconds(name: string, minSeconds: number, nowMs: number): number {
    const known = this.#known.get(name);
    const isSame = known !== undefined && nowMs >= known.lastMs && nowMs - known.lastMs < QUIET_MS;
    const sinceMs = isSame ? known.sinceMs : nowMs;
    this.#known.set(name, { sinceMs, lastMs: nowMs });
    this.#hasAny = true;
    const halfSeconds = Math.floor((nowMs - sinceMs) / 2000);
    return Math.min(WAIT_SECONDS_MAX, Math.max(minSeconds, halfSeconds));
  }

  ended(name: string): void {
    if (this.#hasAny) this.#known.delete(name);
  }
}

/** The refusals by which the gateway reports a failure of what it depends on. */
const FAILING = ["unavailable", "overloaded", "caller_unverifiable"] as const satisfies readonly ProblemCode[];

const failures = new PersistentFailures();

/** `name` is what fails: a hostname, or all of them. The refusal asks for a longer wait the longer the failure lasts. */
export function whilePersisting<T extends Reply | Refusal>(reply: T, name: string, nowMs: number): T {
  const code = FAILING.find((one) => reply.kind !== "answer" && reply.code === one);
  if (code !== undefined) {
    return {
      ...reply,
      retryAfterSeconds: failures.waitSeconds(`${name} ${code}`, PROBLEMS[code].retryAfterSeconds, nowMs),
    };
  }
  // What comes from a key object shows that all of them work. Another refusal shows nothing.
  if (!isRefusal(reply)) for (const one of FAILING) failures.ended(`${name} ${one}`);
  return reply;
}
