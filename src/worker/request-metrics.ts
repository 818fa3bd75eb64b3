/** Counts a keyed request: one log line, one Analytics Engine point, and `Server-Timing`. No failure here changes an answer. */

import { dataset } from "../config/bindings.ts";
import { isRefusal } from "../http/problem.ts";
import { log } from "../log.ts";
import { type Destination } from "./destination.ts";
import { type IdentifiedReply } from "./identified-reply.ts";
import { type Finding, type KeyedEvent, type Subject, keyedEvent, observedEvent, pointOf } from "./keyed-event.ts";

/** The Worker's binding of an Analytics Engine dataset. It is optional. */
const BINDING = "EVENTS";

export class RequestMetrics {
  readonly #env: object;
  #subject: Subject;
  readonly #arrivedAtMs = Date.now();
  #calledAtMs: number | null = null;

  constructor(env: object, { hostname, tenant, policy }: Destination, method: string) {
    this.#env = env;
    this.#subject = { hostname, tenant, policy, method, recordId: null, isDerived: false };
  }

  /** Its body has shown which rules apply. */
  follows(policy: Destination["policy"]): void {
    this.#subject = { ...this.#subject, policy };
  }

  /** The object of `recordId` is about to be called. */
  calls(recordId: string, isDerived: boolean): void {
    this.#subject = { ...this.#subject, recordId, isDerived };
    this.#calledAtMs = Date.now();
  }

  /** Milliseconds since the request arrived. */
  get elapsedMs(): number {
    return Date.now() - this.#arrivedAtMs;
  }

  /** `response`, made from `reply`, is about to be sent. Adds `Server-Timing` where the policy requires it. */
  answered(reply: IdentifiedReply, response: Response): void {
    try {
      const callMs = this.#calledAtMs === null ? null : Date.now() - this.#calledAtMs;
      const event = keyedEvent(this.#subject, reply, response.status, { totalMs: this.elapsedMs, callMs });
      if (this.#subject.policy.debugTiming) addTiming(response.headers, reply, event);
      this.#report(event);
    } catch (error) {
      reportFault(error);
    }
  }

  /** The request was passed through, and answered with `status` after `totalMs`. */
  observed(finding: Finding, status: number, totalMs: number): void {
    try {
      this.#report(observedEvent(this.#subject, finding, status, totalMs));
    } catch (error) {
      reportFault(error);
    }
  }

  #report(event: KeyedEvent): void {
    log(event);
    dataset(this.#env, BINDING)?.writeDataPoint(pointOf(event));
  }
}

/** The origin's own timing is that of the first request, so later answers go without it. */
function addTiming(headers: Headers, reply: IdentifiedReply, event: KeyedEvent): void {
  const isLater = !isRefusal(reply) && (reply.mark.status === "replayed" || reply.mark.status === "joined");
  if (isLater) headers.delete("server-timing");
  headers.append("server-timing", serverTiming(event));
}

/** A request that can't be counted is answered all the same. */
function reportFault(error: unknown): void {
  log({ event: "fault", id: crypto.randomUUID(), where: "numbers", why: String(error) });
}

interface Timing {
  readonly total_ms: number;
  readonly waited_ms: number;
  readonly origin_ms: number | null;
}

/** The field `Server-Timing` (W3C Server Timing, docs/protocol.md 6.6), with the metrics that apply. */
function serverTiming({ total_ms, waited_ms, origin_ms }: Timing): string {
  const metrics = [`oncegate;dur=${total_ms}`];
  if (waited_ms > 0) metrics.push(`wait;dur=${waited_ms}`);
  if (origin_ms !== null) metrics.push(`origin;dur=${origin_ms}`);
  return metrics.join(", ");
}
