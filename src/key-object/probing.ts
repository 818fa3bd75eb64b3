/** A probe that runs in this object: it asks the origin for the outcome of an unknown attempt (docs/protocol.md 5.7). */

import { type Forward } from "../call/call.ts";
import { type AttemptPolicy } from "../config/policy.ts";
import { arrived, conclusionOfProbeAnswer, receptionOfProbe } from "./conclusion-of-answer.ts";
import { type KeptRecord } from "./kept-record.ts";
import { log } from "../log.ts";
import { type NoAnswer, type OriginAnswer, exchange, prepareKeyed } from "../origin/exchange.ts";
import { type Probed } from "../record/decide.ts";
import { type UnknownRecord } from "../record/record.ts";
import { type Conclusion } from "../record/transition.ts";
import { Waiters } from "./waiters.ts";

/** An origin that needs longer to find out is taken not to know. */
const PROBE_TIMEOUT_MS = 10_000;

interface ProbeResult {
  readonly probed: Probed;
}

export class Probe {
  readonly #record: UnknownRecord;
  readonly #policy: AttemptPolicy;
  readonly #kept: KeptRecord;
  /** For the request that started the probe: no bound on those who wait keeps it from its end, which comes within its own time. */
  readonly result: Promise<ProbeResult>;
  readonly #end: (result: ProbeResult) => void;
  /** For all others. */
  readonly #waiters = new Waiters<ProbeResult>();

  /** Asks about the attempt that left `record` unknown. */
  constructor(record: UnknownRecord, policy: AttemptPolicy, kept: KeptRecord) {
    this.#record = record;
    this.#policy = policy;
    this.#kept = kept;
    const { promise, resolve } = Promise.withResolvers<ProbeResult>();
    this.result = promise;
    this.#end = resolve;
  }

  /** Waits for the result, at most `waitMs`. Null where too many wait already. */
  wait(waitMs: number, bodyBytes: number): Promise<ProbeResult | null> | null {
    return this.#waiters.wait(waitMs, bodyBytes);
  }

  /** Never throws. `onEnd` is called when the probe is over and before those who wait go on. */
  async run(forward: Forward, env: object, onEnd: () => void): Promise<void> {
    const { attempt } = this.#record;
    const answer = await this.#ask(forward, env);
    let outcome: Conclusion["outcome"] = "unknown";
    try {
      outcome = await this.#finish(answer);
    } catch (error) {
      // The record is still unknown, and the next request asks again.
      log({ event: "fault", id: attempt.id, where: "conclude probe", why: String(error) });
    }
    onEnd();
    log({ event: "probe", record: this.#kept.name, outcome });
    const probed = { attemptId: attempt.id, outcome: outcome === "not-executed" ? outcome : "unknown" } as const;
    this.#end({ probed });
    this.#waiters.wake(() => ({ probed }));
  }

  async #ask(forward: Forward, env: object): Promise<OriginAnswer | NoAnswer> {
    const { number } = this.#record.attempt;
    const prepared = prepareKeyed({ ...forward, body: null }, number, env);
    if (prepared.kind === "not prepared") {
      log({ event: "fault", id: crypto.randomUUID(), where: "misconfigured", why: prepared.why });
      return { came: "nothing", cause: "failed", why: prepared.why };
    }
    return exchange(prepared, number, { ...this.#policy, originDeadlineMs: PROBE_TIMEOUT_MS });
  }

  /** A final answer completes the record, if that still waits for one. */
  async #finish(answer: OriginAnswer | NoAnswer): Promise<Conclusion["outcome"]> {
    if (answer.came === "nothing") return "unknown";
    const { attempt } = this.#record;
    const body = this.#kept.startRecording(attempt, answer.body, "probe", this.#policy);
    const { mode, bytesMax } = receptionOfProbe(answer, this.#policy);
    await body.receive(mode, bytesMax);
    const conclusion = conclusionOfProbeAnswer(arrived(answer, body));
    if (conclusion.outcome === "final" || conclusion.outcome === "not-kept") {
      const outcome = { conclusion, body, from: "probe" } as const;
      this.#kept.conclude({ attempt, before: null, policy: this.#policy }, outcome, Date.now());
      // No request reads the recording: those who wait replay the record.
      body.publishEnd();
      this.#kept.dropWhenRead(body, this.#policy.originDeadlineMs);
    } else {
      this.#kept.discard(body);
    }
    return conclusion.outcome;
  }
}
