/**
 * The Durable Object that owns one record. Its single thread is the mutex of the key: load, decide, commit, and only
 * then the effect, with no `await` in between. What is decided stands in record/, what is stored in record-store.ts.
 */

import { DurableObject } from "cloudflare:workers";
import {
  type Arrival,
  arrived,
  bodyOf,
  conclusionOfAnswer,
  conclusionOfProbeAnswer,
  modeOf,
  modeOfProbe,
} from "./conclusion-of-answer.ts";
import { type Forward, type KeyedCall, type LookCall, type LookReply, type Reply, identityIn } from "../call/call.ts";
import { type AttemptPolicy, type Placement } from "../config/policy.ts";
import { KeptRecord, type Operation } from "./kept-record.ts";
import { log } from "../log.ts";
import { type Inspection, inspect } from "./inspection.ts";
import { isMismatch } from "../journal/journal-event.ts";
import { JournalReporter } from "../journal/reporter.ts";
import { type NoAnswer, type OriginAnswer, exchange } from "../origin/exchange.ts";
import { admits } from "./quota.ts";
import { type Decision, type Probed, type Running, decide } from "../record/decide.ts";
import { type Busy, type Command } from "../record/operate.ts";
import { type UnknownRecord, unreachable } from "../record/record.ts";
import { type Conclusion, type Transition } from "../record/transition.ts";
import { type Recording } from "./recording.ts";
import { refusal, replay, toldLost, toldOf, toldOfStream } from "./reply.ts";
import { RunningAttempt } from "./running-attempt.ts";
import { type WholeForward, isWhole, letGo, takeIn } from "../call/upload.ts";
import { Waiters } from "./waiters.ts";

/** An origin that can't tell what became of a key within this time is taken not to know. */
const PROBE_TIMEOUT_MS = 10_000;

/** The platform drops an alarm that has failed seven times; the last try sets a new one instead of failing. */
const ALARM_RETRIES_MAX = 5;
const ALARM_AGAIN_MS = 60 * 60 * 1000;

const TIMED_OUT: NoAnswer = { came: "nothing", timedOut: true, why: "origin_timeout" };

/** What may be sent to the origin for a request. `quota` is null where a new record needs no leave, or has it already. */
interface Sendable extends Pick<KeyedCall, "forward" | "probe" | "onlyContinues"> {
  readonly quota: KeyedCall["quota"] | "exceeded";
}

/** What those who wait are told of another request's preparation: the caller who may begin no record, if it ended so. */
interface Prepared {
  readonly exceeded: string | null;
}

export class KeyObject extends DurableObject<Env> {
  readonly #kept: KeptRecord;
  readonly #reporter: JournalReporter;
  /** Set for as long as an attempt's exchange with the origin goes on, whatever its record says meanwhile. */
  #attempt: RunningAttempt | null = null;
  /** Those who wait for the probe that runs, if one does. */
  #probe: Waiters<Probed> | null = null;
  /** Those who wait while another request is prepared for its execution, if one is. */
  #preparation: Waiters<Prepared> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#reporter = new JournalReporter(ctx, env);
    this.#kept = new KeptRecord(ctx, this.#reporter);
  }

  /** Answers a keyed request: executes it, or answers from the record, or refuses it. */
  submit(call: KeyedCall): Promise<LookReply> {
    return this.#answer(call, call, null);
  }

  /** Answers from what there is, and never executes: for a Worker that lost the answer to its `submit`. */
  look(call: LookCall): Promise<LookReply> {
    return this.#answer(call, null, null);
  }

  /** What `tenant`'s operators see of the record. Its answer's body only if asked for, up to `bodyBytesMax`. */
  inspect(tenant: string, journal: Placement, bodyBytesMax: number | null): Promise<Inspection> {
    if (this.#kept.tenant === tenant) this.#reporter.journal = journal;
    return inspect(this.#kept, this.#busy, tenant, bodyBytesMax, Date.now());
  }

  /** Carries out what one of `tenant`'s operators says. `body` is that of an answer which is given. */
  operate(tenant: string, journal: Placement, command: Command, body: Uint8Array | null): Operation {
    if (this.#kept.tenant !== tenant) return { done: false, before: "none", refusal: "no_record" };
    this.#reporter.journal = journal;
    return this.#kept.operate(command, body, this.#busy, Date.now());
  }

  /** The watchdog of a running attempt, and the end of a record's term. */
  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    try {
      await this.#kept.alarm(this.#running, Date.now());
    } catch (error) {
      if ((info?.retryCount ?? 0) < ALARM_RETRIES_MAX) throw error;
      log({ event: "fault", id: this.#kept.name, where: "alarm", why: String(error) });
      await this.ctx.storage.setAlarm(Date.now() + ALARM_AGAIN_MS);
    }
  }

  get #running(): Running {
    if (this.#attempt !== null) return "attempt";
    return this.#probe === null ? null : "probe";
  }

  /** Also what is about to run. */
  get #busy(): Busy {
    return this.#running ?? (this.#preparation === null ? null : "preparation");
  }

  // Not async: a request that waits must not keep its body in memory.
  #answer(call: LookCall, sendable: Sendable | null, probed: Probed | null): Promise<LookReply> {
    const nowMs = Date.now();
    const { policy, waitMs } = call;
    const request = identityIn(call);
    this.#reporter.journal = call.journal;
    const running = this.#running;
    const record = running === null ? this.#kept.loadResting(nowMs) : this.#kept.load();
    const may = {
      mayExecute: sendable !== null,
      mayBegin: sendable !== null && !sendable.onlyContinues,
      mayProbe: sendable !== null && sendable.probe !== null,
    };
    const decision = decide({ record, running, request, policy, ...may, probed, nowMs });
    const bodyBytes = sendable?.forward.bodyBytes ?? 0;
    // After a probe each who waited decides by its own request, and by what the probe found.
    const decideAnew = (found: Probed): Promise<LookReply> =>
      this.#answer(afterWaitSince(nowMs, call), sendable, found);
    switch (decision.action) {
      case "execute": {
        const { forward, quota } = assertSet(sendable);
        // A further attempt is one of the same record.
        const leave = decision.before === null ? quota : null;
        if (leave === "exceeded") return Promise.resolve(refusal("rate_limited"));
        if (isWhole(forward) && !leave) return this.#execute(call, forward, decision, nowMs);
        return this.#prepare(call, assertSet(sendable), leave, probed);
      }
      case "join":
        return assertSet(this.#attempt).join(waitMs, letGo(sendable?.forward));
      case "probe": {
        const probe = this.#startProbe(decision.record, assertSet(sendable?.probe), policy);
        // Whoever has started it waits to its end, which comes within the probe's own time.
        return afterWaiting(probe.wait(PROBE_TIMEOUT_MS * 2, bodyBytes), decideAnew);
      }
      case "await probe":
        return afterWaiting(assertSet(this.#probe).wait(waitMs, bodyBytes), decideAnew);
      case "replay": {
        const body = this.#kept.body(decision.record);
        return Promise.resolve(body === null ? refusal("outcome_unknown") : replay(decision.record, body));
      }
      case "refuse":
        if (isMismatch(decision.code)) this.#reporter.mismatched(record, decision.code, nowMs);
        return Promise.resolve(refusal(decision.code, decision.record));
      case "nothing":
        return Promise.resolve({ kind: "nothing" });
      default:
        return unreachable(decision);
    }
  }

  /**
   * What an execution needs and takes time to get. `leave`: a new record may need that of the caller's quota. And a large
   * body comes as a stream, all of which must be here before anything is sent: then no client can cut it short. What the
   * record says may change meanwhile, so it is decided anew. One is prepared at a time; the others wait for what it does.
   */
  async #prepare(
    call: LookCall,
    sendable: Sendable,
    leave: KeyedCall["quota"],
    probed: Probed | null,
  ): Promise<LookReply> {
    if (this.#preparation !== null) return this.#awaitPreparation(this.#preparation, call, sendable, probed);
    const preparation = new Waiters<Prepared>();
    this.#preparation = preparation;
    const exceeded = leave && !(await admits(leave, this.env)) ? leave.key : null;
    const forward = exceeded === null ? await takeIn(sendable.forward) : null;
    this.#preparation = null;
    try {
      if (exceeded !== null) return this.#answer(call, { ...sendable, quota: "exceeded" }, probed);
      if (forward === null) return refusal("unavailable");
      // Not awaited: those who wait here join what it begins.
      return this.#answer(call, { ...sendable, forward, quota: leave ? null : sendable.quota }, probed);
    } finally {
      preparation.tell(() => ({ exceeded }));
    }
  }

  /** Whoever was refused speaks for all requests of its caller: a thousand of them must not ask one after another. */
  #awaitPreparation(
    preparation: Waiters<Prepared>,
    call: LookCall,
    sendable: Sendable,
    probed: Probed | null,
  ): Promise<LookReply> {
    const { forward, quota } = sendable;
    if (call.policy.inFlight === "refuse") return Promise.resolve(refusal("in_flight"));
    const sinceMs = Date.now();
    const caller = quota === "exceeded" ? null : quota?.key;
    // A body that comes as a stream stays behind until it is read.
    const waiting = preparation.wait(call.waitMs, isWhole(forward) ? forward.bodyBytes : 0);
    return afterWaiting(waiting, ({ exceeded }) => {
      const isRefused = exceeded !== null && exceeded === caller;
      const decided = isRefused ? { ...sendable, quota: "exceeded" as const } : sendable;
      return this.#answer(afterWaitSince(sinceMs, call), decided, probed);
    });
  }

  #startProbe(record: UnknownRecord, probe: Forward, policy: AttemptPolicy): Waiters<Probed> {
    const waiters = new Waiters<Probed>();
    this.#probe = waiters;
    this.ctx.waitUntil(this.#askOrigin(record, probe, policy, waiters));
    return waiters;
  }

  /** Asks what became of the attempt that left `record` unknown. A final answer completes it, if it still waits for one. */
  async #askOrigin(
    record: UnknownRecord,
    probe: Forward,
    policy: AttemptPolicy,
    waiters: Waiters<Probed>,
  ): Promise<void> {
    const { attempt } = record;
    const bounds = { ...policy, originDeadlineMs: PROBE_TIMEOUT_MS };
    const answer = await exchange({ ...probe, body: null }, attempt.number, this.env, bounds);
    let outcome: Conclusion["outcome"] = "unknown";
    try {
      outcome = await this.#concludeProbe(record, policy, answer);
    } catch (error) {
      // The record is as unknown as it was, and the next request asks again.
      log({ event: "fault", id: attempt.id, where: "conclude probe", why: String(error) });
    }
    this.#probe = null;
    log({ event: "probe", record: this.#kept.name, outcome });
    waiters.tell(() => ({ attemptId: attempt.id, outcome: outcome === "not-executed" ? outcome : "unknown" }));
  }

  async #concludeProbe(
    { attempt }: UnknownRecord,
    policy: AttemptPolicy,
    answer: OriginAnswer | NoAnswer,
  ): Promise<Conclusion["outcome"]> {
    if (answer.came === "nothing") return "unknown";
    const body = this.#kept.record(attempt, answer.body);
    await body.receive(modeOfProbe(answer), policy.responseBytesMax);
    const conclusion = conclusionOfProbeAnswer(arrived(answer, body));
    const isSettled = conclusion.outcome === "final" || conclusion.outcome === "not-kept";
    const concluding = { attempt, before: null, policy };
    const transition = isSettled ? this.#kept.conclude(concluding, conclusion, body, Date.now(), "probe") : null;
    // Whoever reads it reads it from the record.
    body.tellEnd();
    this.#kept.leave(body, transition, policy);
    return conclusion.outcome;
  }

  #execute(
    call: LookCall,
    forward: WholeForward,
    { attemptNumber, before }: Extract<Decision, { action: "execute" }>,
    nowMs: number,
  ): Promise<Reply> {
    const { about, policy } = call;
    const attempt = { number: attemptNumber, id: crypto.randomUUID() };
    this.#kept.begin({ about, request: identityIn(call), attempt }, policy, nowMs);
    const running = new RunningAttempt(attempt, before, policy);
    this.#attempt = running;
    // Keeps the object alive for the attempt, whether or not the client stays.
    this.ctx.waitUntil(this.#run(running, forward));
    return running.firstReply;
  }

  async #run(running: RunningAttempt, forward: WholeForward): Promise<void> {
    const { attempt, policy } = running;
    const timer = setTimeout(() => this.#timeOut(running), policy.originTimeoutMs);
    const answer = await exchange(forward, attempt.number, this.env, policy);
    clearTimeout(timer);
    let recording: Recording | null = null;
    try {
      if (answer.came === "nothing") return void this.#conclude(running, answer);
      recording = this.#kept.record(attempt, answer.body);
      await this.#receive(running, answer, recording);
    } catch (error) {
      // Concluded already, it may have been followed by another, which goes on.
      if (this.#attempt === running) this.#attempt = null;
      // The outcome could not be stored. `pending` or `unknown` still stands, so nothing runs again.
      log({ event: "fault", id: attempt.id, where: "conclude", why: String(error) });
      recording?.cut();
      running.tell(toldLost());
    }
  }

  /** Takes an answer in. One that streams is told from its head on, and read as it becomes durable. */
  async #receive(running: RunningAttempt, answer: OriginAnswer, recording: Recording): Promise<void> {
    const { policy } = running;
    const mode = modeOf(answer, policy);
    const told = toldOfStream(answer, recording);
    if (mode === "stream") running.tellFirst(told.first);
    const onFirstBytes = (): void => (mode === "stream" ? running.attach(told.joiner, recording) : undefined);
    await recording.receive(mode, policy.responseBytesMax, onFirstBytes);
    const transition = this.#conclude(running, arrived(answer, recording));
    if (transition.action === "stale") return recording.cut();
    // A clean end says that the answer will be given again, and what is beyond the bound that it never will be: not
    // before that is durable. Who has not been told yet is held back by the output gate.
    if (recording.readers > 0) await this.#kept.durable();
    recording.tellEnd();
    this.#kept.leave(recording, transition, policy);
  }

  /** No answer within `origin_timeout`: those who wait are told so, and the attempt goes on. The watchdog stays set. */
  #timeOut(running: RunningAttempt): void {
    const { attempt, before, policy } = running;
    try {
      const transition = this.#kept.timeOut(attempt, before, policy, Date.now());
      running.tell(transition.action === "write" ? toldOf(transition.record, TIMED_OUT) : toldLost());
    } catch (error) {
      // `pending` still stands, which says no less than `unknown` would.
      log({ event: "fault", id: attempt.id, where: "time out", why: String(error) });
      running.tell(toldLost());
    }
  }

  /** Writes down what an attempt has come to, and only then tells it to all who wait. */
  #conclude(running: RunningAttempt, arrival: Arrival): Transition {
    this.#attempt = null;
    const why = arrival.came === "nothing" ? arrival.why : arrival.body.why;
    if (why !== null) log({ event: "no_answer", record: this.#kept.name, why });
    const conclusion = conclusionOfAnswer(arrival, running.policy);
    const transition = this.#kept.conclude(running, conclusion, bodyOf(arrival), Date.now());
    if (transition.action === "stale") running.tell(toldLost());
    else running.tell(toldOf(transition.action === "write" ? transition.record : null, arrival));
    return transition;
  }
}

/** The call as it goes on after it has waited: of its wait, what is left. */
function afterWaitSince<T extends LookCall>(sinceMs: number, call: T): T {
  return { ...call, waitMs: Math.max(0, call.waitMs - (Date.now() - sinceMs)) };
}

/** `then` is what becomes of a request when what it waits for is told. */
async function afterWaiting<T>(
  waiting: Promise<T | null> | null,
  then: (told: T) => Promise<LookReply>,
): Promise<LookReply> {
  if (waiting === null) return refusal("in_flight");
  const told = await waiting;
  return told === null ? { ...refusal("in_flight"), waited: true } : then(told);
}

/** What the decision has made sure of. */
function assertSet<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error("a decision that can't be was made");
  return value;
}
