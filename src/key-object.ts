/**
 * The Durable Object that owns one record. Its single thread is the mutex of the key: load, decide, commit, and only
 * then the effect, with no `await` in between. What is decided stands in record/, what is stored in record-store.ts.
 */

import { DurableObject } from "cloudflare:workers";
import { type Forward, type KeyedCall, type LookCall, type LookReply, type Reply } from "./call.ts";
import { type Policy } from "./config/policy.ts";
import { log } from "./log.ts";
import { type Arrival, conclusionOfAnswer, conclusionOfProbeAnswer, discardBody } from "./arrival.ts";
import { exchange } from "./origin.ts";
import { RecordStore } from "./record-store.ts";
import { type Decision, type Probed, type Running, asOf, decide, decideAlarm } from "./record/decide.ts";
import {
  type Attempt,
  type CompletedRecord,
  type KeyRecord,
  type RestingRecord,
  type UnknownRecord,
  type UnreadableRecord,
  unreachable,
} from "./record/record.ts";
import { type Conclusion, begin, conclude } from "./record/transition.ts";
import { refusal, replay, toldLost, toldOf } from "./reply.ts";
import { RunningAttempt } from "./running-attempt.ts";
import { Waiters } from "./waiters.ts";

/** How long past `origin_deadline` the watchdog looks: time for an abort to be noticed and its outcome written. */
const WATCHDOG_GRACE_MS = 15_000;

/** An origin that can't tell what became of a key within this time is taken not to know. */
const PROBE_TIMEOUT_MS = 10_000;

/** The platform drops an alarm that has failed seven times; the last try sets a new one instead of failing. */
const ALARM_RETRIES_MAX = 5;
const ALARM_AGAIN_MS = 60 * 60 * 1000;

const TIMED_OUT: Arrival = { came: "nothing", timedOut: true, why: "origin_timeout" };

/** What may be sent to the origin for a request. */
type Sendable = Pick<KeyedCall, "forward" | "probe">;

export class KeyObject extends DurableObject<Env> {
  readonly #store: RecordStore;
  /** Set for as long as an attempt's exchange with the origin goes on, whatever its record says meanwhile. */
  #attempt: RunningAttempt | null = null;
  /** Those who wait for the probe that runs, if one does. */
  #probe: Waiters<Probed> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new RecordStore(ctx.storage);
  }

  /** Answers a keyed request: executes it, or answers from the record, or refuses it. */
  submit(call: KeyedCall): Promise<LookReply> {
    return this.#answer(call, call, null);
  }

  /** Answers from what there is, and never executes: for a Worker that lost the answer to its `submit`. */
  look(call: LookCall): Promise<LookReply> {
    return this.#answer(call, null, null);
  }

  /** The watchdog of a running attempt, and the end of a record's term. */
  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    try {
      await this.#onAlarm();
    } catch (error) {
      if ((info?.retryCount ?? 0) < ALARM_RETRIES_MAX) throw error;
      log({ event: "fault", id: this.#name(), where: "alarm", why: String(error) });
      await this.ctx.storage.setAlarm(Date.now() + ALARM_AGAIN_MS);
    }
  }

  #onAlarm(): Promise<void> | void {
    const decision = decideAlarm(this.#load(), this.#running, Date.now());
    switch (decision.action) {
      case "nothing":
        return;
      case "forget":
        return this.#store.forget();
      case "mark unknown":
        this.#store.write(decision.record);
        return this.ctx.storage.setAlarm(decision.atMs);
      case "look again":
        return this.ctx.storage.setAlarm(decision.atMs);
      default:
        return unreachable(decision);
    }
  }

  get #running(): Running {
    if (this.#attempt !== null) return "attempt";
    return this.#probe === null ? null : "probe";
  }

  // Not async: a request that waits must not keep its body in memory.
  #answer(call: LookCall, sendable: Sendable | null, probed: Probed | null): Promise<LookReply> {
    const nowMs = Date.now();
    const { request, policy, waitMs } = call;
    const running = this.#running;
    const record = running === null ? this.#loadResting(nowMs) : this.#load();
    const may = { mayExecute: sendable !== null, mayProbe: sendable !== null && sendable.probe !== null };
    const decision = decide({ record, running, request, policy, ...may, probed, nowMs });
    const bodyBytes = sendable?.forward.body?.byteLength ?? 0;
    switch (decision.action) {
      case "execute":
        return this.#execute(call, assertSet(sendable).forward, decision, nowMs);
      case "join":
        return assertSet(this.#attempt).join(waitMs, bodyBytes);
      case "probe": {
        const probe = this.#startProbe(decision.record, assertSet(sendable?.probe), policy);
        // Whoever has started it waits to its end, which comes within the probe's own time.
        return this.#afterProbe(probe.wait(PROBE_TIMEOUT_MS * 2, bodyBytes), call, sendable);
      }
      case "await probe":
        return this.#afterProbe(assertSet(this.#probe).wait(waitMs, bodyBytes), call, sendable);
      case "replay":
        return Promise.resolve(this.#replay(decision.record));
      case "refuse":
        return Promise.resolve(refusal(decision.code, decision.record));
      case "nothing":
        return Promise.resolve({ kind: "nothing" });
      default:
        return unreachable(decision);
    }
  }

  #startProbe(record: UnknownRecord, probe: Forward, policy: Policy): Waiters<Probed> {
    const waiters = new Waiters<Probed>();
    this.#probe = waiters;
    this.ctx.waitUntil(this.#askOrigin(record, probe, policy, waiters));
    return waiters;
  }

  /** Asks what became of the attempt that left `record` unknown. A final answer completes it, if it still waits for one. */
  async #askOrigin(
    { attempt }: UnknownRecord,
    probe: Forward,
    policy: Policy,
    waiters: Waiters<Probed>,
  ): Promise<void> {
    const bounds = { ...policy, originDeadlineMs: PROBE_TIMEOUT_MS };
    const arrival = await exchange(probe, attempt.number, this.env, bounds, () => {});
    this.#probe = null;
    const conclusion = conclusionOfProbeAnswer(arrival);
    log({ event: "probe", record: this.#name(), outcome: conclusion.outcome });
    const isSettled = conclusion.outcome === "final" || conclusion.outcome === "not-kept";
    if (isSettled) this.#concludeProbe(attempt, conclusion, policy, arrival);
    discardBody(arrival);
    const outcome = conclusion.outcome === "not-executed" ? "not-executed" : "unknown";
    waiters.tell(() => ({ attemptId: attempt.id, outcome }));
  }

  #concludeProbe(attempt: Attempt, conclusion: Conclusion, policy: Policy, arrival: Arrival): void {
    try {
      const transition = conclude(this.#store.load(), attempt, null, conclusion, policy, Date.now());
      if (transition.action === "write") this.#write(transition.record, arrival);
    } catch (error) {
      // The record is as unknown as it was, and the next request asks again.
      log({ event: "fault", id: attempt.id, where: "conclude probe", why: String(error) });
    }
  }

  /** After the probe has ended, each who waited decides anew, by its own request and by what the probe found. */
  async #afterProbe(
    waiting: Promise<Probed | null> | null,
    call: LookCall,
    sendable: Sendable | null,
  ): Promise<LookReply> {
    if (waiting === null) return refusal("in_flight");
    const probed = await waiting;
    return probed === null ? { ...refusal("in_flight"), waited: true } : this.#answer(call, sendable, probed);
  }

  #replay(record: CompletedRecord): Reply {
    const body = this.#store.body(record);
    if (body !== null) return replay(record, body);
    this.#reportUnreadable("the body is not there as a whole");
    return refusal("outcome_unknown");
  }

  /** The record as it is now. That a process died is written down when it is first seen, so that its term counts. */
  #loadResting(nowMs: number): KeyRecord | UnreadableRecord | null {
    const loaded = this.#load();
    const record = asOf(loaded, nowMs);
    if (loaded?.state === "pending" && record?.state === "unknown") {
      this.#store.write(record);
      this.#setAlarm(record.expiresAtMs);
    }
    return record;
  }

  #load(): KeyRecord | UnreadableRecord | null {
    const record = this.#store.load();
    if (record?.state === "unreadable") this.#reportUnreadable(record.why);
    return record;
  }

  /** In one synchronous step `pending` and the watchdog are written; the output gate holds the forward until they last. */
  #execute(
    { about, request, policy }: LookCall,
    forward: Forward,
    { attemptNumber, before }: Extract<Decision, { action: "execute" }>,
    nowMs: number,
  ): Promise<Reply> {
    const attempt = { number: attemptNumber, id: crypto.randomUUID() };
    // The alarm first: one without a row does nothing, but a row without an alarm would be pending for ever.
    this.#setAlarm(nowMs + policy.originDeadlineMs + WATCHDOG_GRACE_MS);
    this.#store.write(begin({ about, request, attempt }, policy, nowMs));
    const running = new RunningAttempt(attempt, before, policy);
    this.#attempt = running;
    // Keeps the object alive for the attempt, whether or not the client stays.
    this.ctx.waitUntil(this.#run(running, forward));
    return running.firstReply;
  }

  async #run(running: RunningAttempt, forward: Forward): Promise<void> {
    const { attempt, policy } = running;
    const timer = setTimeout(() => this.#timeOut(running), policy.originTimeoutMs);
    const arrival = await exchange(forward, attempt.number, this.env, policy, () => clearTimeout(timer));
    clearTimeout(timer);
    this.#attempt = null;
    try {
      this.#conclude(running, arrival);
    } catch (error) {
      // The outcome could not be stored. `pending` or `unknown` still stands, so nothing runs again.
      log({ event: "fault", id: attempt.id, where: "conclude", why: String(error) });
      this.#tellLost(running, arrival);
    }
  }

  /** No answer within `origin_timeout`: those who wait are told so, and the attempt goes on. The watchdog stays set. */
  #timeOut(running: RunningAttempt): void {
    const { attempt, before, policy } = running;
    try {
      const transition = conclude(this.#store.load(), attempt, before, { outcome: "unknown" }, policy, Date.now());
      if (transition.action !== "write") return this.#tellStale(running, TIMED_OUT);
      this.#store.write(transition.record);
      running.tell(toldOf(transition.record, TIMED_OUT));
    } catch (error) {
      // `pending` still stands, which says no less than `unknown` would.
      log({ event: "fault", id: attempt.id, where: "time out", why: String(error) });
      this.#tellLost(running, TIMED_OUT);
    }
  }

  /** Writes down what an attempt has come to, and only then tells it to all who wait. */
  #conclude(running: RunningAttempt, arrival: Arrival): void {
    const { attempt, before, policy } = running;
    if (arrival.came === "nothing") log({ event: "no_answer", record: this.#name(), why: arrival.why });
    const conclusion = conclusionOfAnswer(arrival, policy);
    const transition = conclude(this.#store.load(), attempt, before, conclusion, policy, Date.now());
    if (transition.action === "stale") return this.#tellStale(running, arrival);
    const record = transition.action === "write" ? transition.record : null;
    if (record === null) this.ctx.waitUntil(this.#store.forget());
    else this.#write(record, arrival);
    // Nobody else will read a stream that the first client has stopped waiting for.
    if (!running.firstWaits) discardBody(arrival);
    running.tell(toldOf(record, arrival));
  }

  #write(record: RestingRecord, arrival: Arrival): void {
    if (record.state !== "completed") this.#store.write(record);
    else if (arrival.came === "answer" && arrival.body.end === "whole") {
      this.#store.writeCompleted(record, arrival.body.bytes);
    } else throw new Error("a completed record without a whole answer");
    this.#setAlarm(record.expiresAtMs);
  }

  #tellStale(running: RunningAttempt, arrival: Arrival): void {
    log({ event: "stale", record: this.#name() });
    this.#tellLost(running, arrival);
  }

  #tellLost(running: RunningAttempt, arrival: Arrival): void {
    discardBody(arrival);
    running.tell(toldLost());
  }

  /** The promise is for errors, which reset the object by themselves; the time is set in this synchronous step. */
  #setAlarm(atMs: number): void {
    this.ctx.waitUntil(this.ctx.storage.setAlarm(atMs));
  }

  #reportUnreadable(why: string): void {
    log({ event: "unreadable_record", record: this.#name(), why });
  }

  /** Enough of the record id to find it again. */
  #name(): string {
    return (this.ctx.id.name ?? this.ctx.id.toString()).slice(0, 16);
  }
}

/** What the decision has made sure of. */
function assertSet<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error("a decision that can't be was made");
  return value;
}
