/** A probe that runs in this object: it asks the origin for the outcome of an unknown attempt (docs/protocol.md 5.7). */

import { type Forward } from "../call/call.ts";
import { type AttemptPolicy } from "../config/policy.ts";
import { type Where, log } from "../log.ts";
import { type Sender } from "../origin/app.ts";
import { type NoAnswer, type OriginAnswer, exchange, prepareKeyed } from "../origin/exchange.ts";
import { type Probed } from "../record/decide.ts";
import { type ProbePause, mayProbeFromMs, pauseAfter } from "../record/probe-pause.ts";
import { whyUnsettled } from "../record/probe.ts";
import { type KeyRecord, type UnknownRecord, type UnreadableRecord } from "../record/record.ts";
import { type Conclusion } from "../record/transition.ts";
import { arrived, conclusionOfProbeAnswer, receptionOfProbe, seenOf } from "./conclusion-of-answer.ts";
import { type KeptRecord } from "./kept-record.ts";
import { Waiters } from "./waiters.ts";

/** An origin that needs longer to find out is taken not to know. */
const PROBE_TIMEOUT_MS = 10_000;

interface ProbeResult {
  readonly probed: Probed;
}

/** How a probe ended. `why` is why it settled nothing; null where it settled the outcome. */
interface ProbeEnd {
  readonly outcome: Conclusion["outcome"];
  readonly why: string | null;
}

/** When the origin may be asked again, for as long as the object lives. */
export class ProbePace {
  #pause: ProbePause | null = null;

  mayProbeFromMs(record: KeyRecord | UnreadableRecord | null, nowMs: number): number {
    return mayProbeFromMs(this.#pause, record, nowMs);
  }

  /** A probe of `attemptId` has ended now. */
  ended(attemptId: string, { why }: ProbeEnd, nowMs: number): void {
    this.#pause = why === null ? null : pauseAfter(this.#pause, attemptId, nowMs);
  }
}

export class Probe {
  readonly #record: UnknownRecord;
  readonly #policy: AttemptPolicy;
  readonly #kept: KeptRecord;
  readonly #pace: ProbePace;
  /** For the request that started the probe: no bound on those who wait keeps it from its end, which comes within its own time. */
  readonly result: Promise<ProbeResult>;
  readonly #end: (result: ProbeResult) => void;
  /** For all others. */
  readonly #waiters = new Waiters<ProbeResult>();

  /** Asks about the attempt that left `record` unknown. */
  constructor(record: UnknownRecord, policy: AttemptPolicy, kept: KeptRecord, pace: ProbePace) {
    this.#record = record;
    this.#policy = policy;
    this.#kept = kept;
    this.#pace = pace;
    const { promise, resolve } = Promise.withResolvers<ProbeResult>();
    this.result = promise;
    this.#end = resolve;
  }

  /** Waits for the result, at most `waitMs`. Null where too many wait already. */
  wait(waitMs: number, bodyBytes: number): Promise<ProbeResult | null> | null {
    return this.#waiters.wait(waitMs, bodyBytes);
  }

  /** Never throws. `onEnd` is called when the probe is over and before those who wait go on. */
  async run(forward: Forward, sender: Sender, onEnd: () => void): Promise<void> {
    const { attempt } = this.#record;
    const answer = await this.#ask(forward, sender);
    let end: ProbeEnd;
    try {
      end = await this.#finish(answer);
    } catch (error) {
      // The record is still unknown, and a later request asks again.
      log({ event: "fault", id: attempt.id, where: "conclude probe", why: String(error), ...this.#where });
      end = { outcome: "unknown", why: "the outcome could not be written" };
    }
    this.#pace.ended(attempt.id, end, Date.now());
    onEnd();
    const { outcome } = end;
    log({ event: "probe", ...this.#where, ...end });
    const probed = { attemptId: attempt.id, outcome: outcome === "not-executed" ? outcome : "unknown" } as const;
    this.#end({ probed });
    this.#waiters.wake(() => ({ probed }));
  }

  get #where(): Where {
    return { tenant: this.#record.about.tenant, record: this.#kept.name };
  }

  async #ask(forward: Forward, sender: Sender): Promise<OriginAnswer | NoAnswer> {
    const { number } = this.#record.attempt;
    const prepared = prepareKeyed({ ...forward, body: null }, number, sender);
    if (prepared.kind === "not prepared") {
      log({ event: "fault", id: crypto.randomUUID(), where: "misconfigured", why: prepared.why, ...this.#where });
      return { came: "nothing", cause: "failed", why: prepared.why };
    }
    return exchange(prepared, number, { ...this.#policy, originDeadlineMs: PROBE_TIMEOUT_MS });
  }

  /** A final answer completes the record, if that still waits for one. */
  async #finish(answer: OriginAnswer | NoAnswer): Promise<ProbeEnd> {
    if (answer.came === "nothing") {
      return { outcome: "unknown", why: whyNoAnswer(answer) };
    }
    const { attempt } = this.#record;
    const body = this.#kept.startRecording(attempt, answer.body, "probe", this.#policy);
    const { mode, bytesMax } = receptionOfProbe(answer, this.#policy);
    await body.receive(mode, bytesMax);
    const arrival = arrived(answer, body);
    const conclusion = conclusionOfProbeAnswer(arrival);
    if (conclusion.outcome === "final" || conclusion.outcome === "not-kept") {
      const outcome = { conclusion, body, from: "probe", seen: seenOf(arrival) } as const;
      this.#kept.conclude({ attempt, before: null, policy: this.#policy }, outcome, Date.now());
      // No request reads the recording: those who wait replay the record.
      body.publishEnd();
      this.#kept.dropWhenRead(body, this.#policy.originDeadlineMs);
    } else {
      this.#kept.discard(body);
    }
    return { outcome: conclusion.outcome, why: whyUnsettled(answer.signs, body.end) };
  }
}

function whyNoAnswer({ cause, why }: NoAnswer): string {
  return cause === "origin_deadline" ? `no answer within ${PROBE_TIMEOUT_MS} ms` : why;
}
