/** Counts a keyed request: one log line, one Analytics Engine point, and `Server-Timing`. No failure here changes an answer. */

import { dataset } from "../config/bindings.ts";
import { versionOf } from "../config/version.ts";
import { isRefusal } from "../http/problem.ts";
import { essenceOf } from "../identity/media-type.ts";
import { type Where, log } from "../log.ts";
import { type Destination } from "./destination.ts";
import { pointOf } from "./event-point.ts";
import { type IdentifiedReply } from "./identified-reply.ts";
import {
  type Answered,
  type Finding,
  type KeyedEvent,
  type Subject,
  isChange,
  keyedEvent,
  observedEvent,
} from "./keyed-event.ts";

/** The Worker's binding of an Analytics Engine dataset. It is optional. */
export const EVENTS = "EVENTS";

/** What a step has found out about a request. */
type Found = Partial<Pick<Subject, "callerDigest" | "keyDigest" | "isDerived">>;

export class RequestMetrics {
  readonly #env: object;
  #subject: Subject;
  readonly #arrivedAtMs = Date.now();
  #calledAtMs: number | null = null;

  constructor(env: object, { hostname, tenant, policy }: Destination, method: string) {
    this.#env = env;
    const unknown = { recordId: null, callerDigest: null, keyDigest: null, isDerived: false };
    this.#subject = { version: versionOf(env), hostname, tenant, policy, method, ...unknown };
  }

  /** Its body has shown which rules apply. */
  follows(policy: Destination["policy"]): void {
    this.#subject = { ...this.#subject, policy };
  }

  found(found: Found): void {
    this.#subject = { ...this.#subject, ...found };
  }

  /** The object of `recordId`, which `callerDigest` has led to, is about to be called. */
  calls(recordId: string, callerDigest: string): void {
    this.#subject = { ...this.#subject, recordId, callerDigest };
    this.#calledAtMs = Date.now();
  }

  /** For other lines about the request. */
  get where(): Where {
    return { tenant: this.#subject.hostname, record: this.#subject.recordId };
  }

  /** Milliseconds since the request arrived. */
  get elapsedMs(): number {
    return Date.now() - this.#arrivedAtMs;
  }

  /** `response`, made from `reply`, is about to be sent. Adds `Server-Timing` where the policy requires it. */
  answered(reply: IdentifiedReply, response: Response): void {
    try {
      const callMs = this.#calledAtMs === null ? null : Date.now() - this.#calledAtMs;
      const event = keyedEvent(this.#subject, reply, answeredBy(response), {
        totalMs: this.elapsedMs,
        callMs,
      });
      if (this.#subject.policy.debugTiming) addTiming(response.headers, reply, event);
      this.#report(event);
    } catch (error) {
      this.#reportFault(error);
    }
  }

  /** The request was passed through, and answered after `totalMs`. */
  observed(finding: Finding, answered: Answered, totalMs: number): void {
    try {
      this.#report(observedEvent(this.#subject, finding, answered, totalMs));
    } catch (error) {
      this.#reportFault(error);
    }
  }

  #report(event: KeyedEvent): void {
    if (this.#subject.tenant.log === "all" || isChange(event)) log(event);
    dataset(this.#env, EVENTS)?.writeDataPoint(pointOf(event));
  }

  /** A request that can't be counted is answered all the same. */
  #reportFault(error: unknown): void {
    log({ event: "fault", id: crypto.randomUUID(), where: "numbers", why: String(error), ...this.where });
  }
}

export function answeredBy({ status, headers }: Response): Answered {
  return { status, mediaType: essenceOf(headers.get("content-type")) || null };
}

/** The origin's own timing is that of the first request, so later answers go without it. */
function addTiming(headers: Headers, reply: IdentifiedReply, event: KeyedEvent): void {
  const isLater = !isRefusal(reply) && (reply.mark.status === "replayed" || reply.mark.status === "joined");
  if (isLater) headers.delete("server-timing");
  headers.append("server-timing", serverTiming(event));
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
