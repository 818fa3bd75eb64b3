/** Counts a keyed request: one log line, one Analytics Engine point, and `Server-Timing`. Nothing here changes an answer. */

import { type Reply } from "../call/call.ts";
import { dataset } from "../config/bindings.ts";
import { type Found, type KeyedEvent, type Subject, keyedEvent, observedEvent, pointOf } from "./keyed-event.ts";
import { type Refusal, isRefusal } from "../http/problem.ts";
import { type Destination } from "./destination.ts";
import { log } from "../log.ts";

/** The Worker's binding of an Analytics Engine dataset. There need not be one. */
const BINDING = "EVENTS";

export class RequestMetrics {
  readonly #env: object;
  #subject: Subject;
  readonly #arrivedAtMs = Date.now();
  #askedAtMs: number | null = null;

  constructor(env: object, { hostname, tenant, policy }: Destination, method: string) {
    this.#env = env;
    this.#subject = { hostname, tenant, policy, method, recordId: null, isDerived: false };
  }

  /** The key object of `recordId` is about to be asked. */
  asks(recordId: string, isDerived: boolean): void {
    this.#subject = { ...this.#subject, recordId, isDerived };
    this.#askedAtMs = Date.now();
  }

  /** Milliseconds since the request has come. */
  get elapsedMs(): number {
    return Date.now() - this.#arrivedAtMs;
  }

  /** `response`, which says `reply`, is on its way. */
  told(reply: Reply | Refusal, response: Response): Response {
    try {
      const callMs = this.#askedAtMs === null ? null : Date.now() - this.#askedAtMs;
      const event = keyedEvent(this.#subject, reply, response.status, { totalMs: this.elapsedMs, callMs });
      if (this.#subject.policy.debugTiming) addTiming(response.headers, reply, event);
      this.#report(event);
    } catch (error) {
      reportFault(error);
    }
    return response;
  }

  /** The request was passed through, and answered `status` after `totalMs`. */
  observed(found: Found, status: number, totalMs: number): void {
    try {
      this.#report(observedEvent(this.#subject, found, status, totalMs));
    } catch (error) {
      reportFault(error);
    }
  }

  #report(event: KeyedEvent): void {
    log(event);
    dataset(this.#env, BINDING)?.writeDataPoint(pointOf(event));
  }
}

/** What an origin said of the first answer's time is not true of a later one. */
function addTiming(headers: Headers, reply: Reply | Refusal, event: KeyedEvent): void {
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

/** The field `Server-Timing` (W3C Server Timing, docs/protocol.md 6.6). A metric is there where it applies. */
function serverTiming({ total_ms, waited_ms, origin_ms }: Timing): string {
  const metrics = [`oncegate;dur=${total_ms}`];
  if (waited_ms > 0) metrics.push(`wait;dur=${waited_ms}`);
  if (origin_ms !== null) metrics.push(`origin;dur=${origin_ms}`);
  return metrics.join(", ");
}
