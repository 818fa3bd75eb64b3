/**
 * The Durable Object that owns one record. Its single thread is the mutex of the key: load, decide, commit, and only
 * then the effect, with no `await` in between. What is decided stands in record/, what is stored in record-store.ts.
 */

import { DurableObject } from "cloudflare:workers";
import { type Forward, type KeyedCall, type LookCall, type LookReply, type Reply } from "./call.ts";
import { log } from "./log.ts";
import { type Arrival, exchange } from "./origin.ts";
import { RecordStore } from "./record-store.ts";
import { classify } from "./record/classify.ts";
import { type Decision, decide, decideAlarm, settle } from "./record/decide.ts";
import {
  type CompletedRecord,
  type KeyRecord,
  type RecordPolicy,
  type SettledRecord,
  type UnreadableRecord,
  unreachable,
} from "./record/record.ts";
import { type Conclusion, begin, conclude, conclusionOf } from "./record/transition.ts";
import { refusal, replay, toldOf } from "./reply.ts";
import { RunningAttempt } from "./running-attempt.ts";

/** How long past `origin_deadline` the watchdog looks: time for an abort to be noticed and its outcome written. */
const WATCHDOG_GRACE_MS = 15_000;

export class KeyObject extends DurableObject<Env> {
  readonly #store: RecordStore;
  #running: RunningAttempt | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new RecordStore(ctx.storage);
  }

  /** Answers a keyed request: executes it, or answers from the record, or refuses it. */
  async submit(call: KeyedCall): Promise<LookReply> {
    return this.#answer(call, call.forward);
  }

  /** Answers from what there is, and never executes: for a Worker that lost the answer to its `submit`. */
  async look(call: LookCall): Promise<LookReply> {
    return this.#answer(call, null);
  }

  /** The watchdog of a running attempt, and the end of a record's term. */
  override async alarm(): Promise<void> {
    const decision = decideAlarm(this.#load(), this.#running !== null, Date.now());
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

  async #answer(call: LookCall, forward: Forward | null): Promise<LookReply> {
    const nowMs = Date.now();
    const running = this.#running;
    const record = running === null ? this.#settle(nowMs) : this.#load();
    const { request, policy, waitMs } = call;
    const decision = decide({
      record,
      running: running !== null,
      request,
      policy,
      mayExecute: forward !== null,
      nowMs,
    });
    switch (decision.action) {
      case "execute":
        return forward === null ? { kind: "nothing" } : this.#execute(call, forward, decision, nowMs);
      case "join":
        return (await running?.join(waitMs)) ?? refusal("in_flight");
      case "replay":
        return replay(decision.record, this.#store.body(decision.record), "replayed");
      case "refuse":
        return refusal(decision.code, decision.record);
      case "nothing":
        return { kind: "nothing" };
      default:
        return unreachable(decision);
    }
  }

  /** The record as it is now. That a process died is written down when it is first seen, so that its term counts. */
  #settle(nowMs: number): KeyRecord | UnreadableRecord | null {
    const record = this.#load();
    const settled = settle(record, nowMs);
    if (record?.state === "pending" && settled?.state === "unknown") {
      this.#write(settled, null);
    }
    return settled;
  }

  #load(): KeyRecord | UnreadableRecord | null {
    const record = this.#store.load();
    if (record?.state === "unreadable") log({ event: "unreadable_record", record: this.#name(), why: record.why });
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
    this.#store.write(begin({ about, request, attempt }, policy, nowMs));
    this.#setAlarm(nowMs + policy.originDeadlineMs + WATCHDOG_GRACE_MS);
    const running = new RunningAttempt(attempt, before, policy);
    this.#running = running;
    // Keeps the object alive for the attempt, whether or not the client stays.
    this.ctx.waitUntil(this.#run(running, forward));
    return running.firstReply;
  }

  async #run(running: RunningAttempt, forward: Forward): Promise<void> {
    const { attempt, policy } = running;
    const timer = setTimeout(() => this.#timeOut(running), policy.originTimeoutMs);
    try {
      const arrival = await exchange(forward, attempt.number, this.env, policy, () => clearTimeout(timer));
      this.#conclude(running, arrival);
    } catch (error) {
      // Only storing the outcome can have failed. `pending` or `unknown` still stands, so nothing runs again.
      log({ event: "fault", id: attempt.id, where: "conclude", why: String(error) });
      this.#tellLost(running);
    } finally {
      clearTimeout(timer);
    }
  }

  /** No answer within `origin_timeout`: those who wait are told so, and the attempt goes on. The watchdog stays set. */
  #timeOut(running: RunningAttempt): void {
    const { attempt, before, policy } = running;
    const transition = conclude(this.#store.load(), attempt, before, { outcome: "unknown" }, policy, Date.now());
    if (transition.action !== "write") return this.#tellLost(running);
    this.#store.write(transition.record);
    running.tell(toldOf(transition.record, TIMED_OUT, this.#keptBody));
  }

  /** Writes down what an attempt has come to, and only then tells it to all who wait. */
  #conclude(running: RunningAttempt, arrival: Arrival): void {
    const { attempt, before, policy } = running;
    if (arrival.came === "nothing") log({ event: "no_answer", record: this.#name(), why: arrival.why });
    const conclusion = conclusionFrom(arrival, policy);
    const transition = conclude(this.#store.load(), attempt, before, conclusion, policy, Date.now());
    this.#running = null;
    switch (transition.action) {
      case "stale":
        log({ event: "stale", record: this.#name() });
        return this.#tellLost(running);
      case "forget":
        this.ctx.waitUntil(this.#store.forget());
        return running.tell(toldOf(null, arrival, this.#keptBody));
      case "write":
        this.#write(transition.record, arrival);
        return running.tell(toldOf(transition.record, arrival, this.#keptBody));
      default:
        return unreachable(transition);
    }
  }

  #write(record: SettledRecord, arrival: Arrival | null): void {
    if (record.state !== "completed") this.#store.write(record);
    else if (arrival?.came === "answer" && arrival.body.end === "whole") {
      this.#store.writeCompleted(record, arrival.body.bytes);
    }
    this.#setAlarm(record.expiresAtMs);
  }

  /** For an attempt whose outcome could not be written: what stands in storage is all that can be said. */
  #tellLost(running: RunningAttempt): void {
    if (this.#running === running) this.#running = null;
    const lost = refusal("outcome_unknown");
    running.tell({ first: lost, joiner: () => lost });
  }

  readonly #keptBody = (record: CompletedRecord): Uint8Array | ReadableStream<Uint8Array> => this.#store.body(record);

  /** The promise is for errors, which reset the object by themselves; the time is set in this synchronous step. */
  #setAlarm(atMs: number): void {
    this.ctx.waitUntil(this.ctx.storage.setAlarm(atMs));
  }

  /** Enough of the record id to find it again. */
  #name(): string {
    return (this.ctx.id.name ?? this.ctx.id.toString()).slice(0, 16);
  }
}

const TIMED_OUT: Arrival = { came: "nothing", timedOut: true, why: "origin_timeout" };

function conclusionFrom(arrival: Arrival, policy: RecordPolicy): Conclusion {
  if (arrival.came === "nothing") return { outcome: "unknown" };
  const { head, signs, body } = arrival;
  const bodyBytes = body.end === "whole" ? body.bytes.byteLength : 0;
  return conclusionOf(classify(signs, policy), body.end, { ...head, bodyBytes });
}
