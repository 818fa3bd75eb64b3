/**
 * The Durable Object that owns one record. Its single thread is the mutex of the key: load, decide, commit, and only then the
 * effect, with no `await` in between. record/ decides, kept-record.ts stores.
 */

import { type KeyedCall, type LookCall, type LookReply, type Reply } from "../call/call.ts";
import { type StreamedForward, discardBody, isStreamed, uncountedBytes } from "../call/upload.ts";
import { type JournalPlace } from "../config/policy.ts";
import { isMismatch } from "../journal/journal-event.ts";
import { JournalReporter } from "../journal/reporter.ts";
import { log } from "../log.ts";
import { type Sender } from "../origin/app.ts";
import { type Decision, decide } from "../record/decide.ts";
import { type Command } from "../record/operate.ts";
import { type UnknownRecord, unreachable } from "../record/record.ts";
import { CheckedObject } from "./checked-object.ts";
import { type Inspection, inspect } from "./inspection.ts";
import { KeptRecord } from "./kept-record.ts";
import { type ObjectState, IDLE, attemptIn, preparationIn, probeIn, runningIn } from "./object-state.ts";
import { type OperatedBy, type Operation, refusalByScope } from "./operated-by.ts";
import { Preparation } from "./preparation.ts";
import { prepareAttempt } from "./prepared-attempt.ts";
import { Probe, ProbePace } from "./probing.ts";
import { type ReceivedCall, type WaitResult, assertReply, assertSet } from "./received-call.ts";
import { runAlarm } from "./record-alarm.ts";
import { type Found } from "./record-store.ts";
import { replayKept } from "./replay-kept.ts";
import { refusal, refusalBy } from "./reply.ts";
import { RunningAttempt } from "./running-attempt.ts";
import { withSeat } from "./seat.ts";
import { StayAwake } from "./stay-awake.ts";

export class KeyObject extends CheckedObject {
  readonly #kept: KeptRecord;
  readonly #reporter: JournalReporter;
  readonly #awake: StayAwake;
  readonly #sender: Sender;
  readonly #pace = new ProbePace();
  #state: ObjectState = IDLE;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#reporter = new JournalReporter(ctx, this.env);
    this.#sender = { env: this.env, ctx, isInWorker: false };
    this.#kept = new KeptRecord(ctx, this.#reporter);
    this.#awake = new StayAwake(ctx, () => env.KEYS.get(ctx.id).untilIdle());
  }

  /** Replies to a keyed request: executes it, or replies from the record, or refuses it. */
  submit(call: KeyedCall): Promise<Reply> {
    return this.#answer({ call, sendable: call, probed: null }).then((reply) =>
      withSeat(assertReply(reply), this.#kept.readers),
    );
  }

  /** Replies from the record or from what runs. Never executes, never probes. */
  look(call: LookCall): Promise<LookReply> {
    return this.#answer({ call, sendable: null, probed: null }).then((reply) => withSeat(reply, this.#kept.readers));
  }

  /** The hostname of the record; null where there is none, or where it can't be read. */
  hostname(): string | null {
    return this.#kept.load()?.tenant ?? null;
  }

  /** What operators of `tenant` see of the record: with its body up to `bodyBytesMax`. */
  inspect(tenant: string, journal: JournalPlace, bodyBytesMax: number | null): Promise<Inspection> {
    const found = this.#kept.load();
    if (found?.tenant === tenant) this.#reporter.journal = journal;
    return inspect({ kept: this.#kept, found, running: runningIn(this.#state), tenant, bodyBytesMax });
  }

  /** Carries out a command of an operator. `body` is that of an answer which the command gives. */
  operate({ tenant, journal, role }: OperatedBy, command: Command, body: Uint8Array | null): Operation {
    const found = this.#kept.load();
    const refused = refusalByScope(found, tenant, role);
    if (refused !== null) return { done: false, before: "none", refusal: refused };
    this.#reporter.journal = journal;
    return this.#kept.operate(found, command, body, runningIn(this.#state));
  }

  /** The call of the object to itself, which is pending for as long as something runs in it. */
  untilIdle(): Promise<void> {
    return this.#awake.untilIdle();
  }

  /** The watchdog of a running attempt, and the end of a record's term. */
  override alarm(info?: AlarmInvocationInfo): Promise<void> {
    const record = this.#kept.name;
    const report = (why: string): void =>
      log({ event: "fault", id: record, where: "alarm", why, tenant: null, record });
    return runAlarm(this.ctx.storage, info, (times) => this.#kept.alarm(runningIn(this.#state), times), report);
  }

  // Not async: a request that waits must not keep its body in memory.
  #answer(received: ReceivedCall): Promise<LookReply> {
    const nowMs = Date.now();
    const { call, sendable, probed } = received;
    const { request, policy, waitMs } = call;
    this.#reporter.journal = call.journal;
    const running = runningIn(this.#state);
    const found = this.#kept.load();
    const record = this.#kept.current(found, running, nowMs);
    const mayProbeFromMs = sendable?.probe ? this.#pace.mayProbeFromMs(record, nowMs) : null;
    const may = { mayExecute: sendable !== null, isOnHold: call.isOnHold === true, mayProbeFromMs };
    const decision = decide({ record, running, request, policy, ...may, probed, nowMs });
    switch (decision.action) {
      case "execute":
        return this.#execute(received, decision, found, nowMs);
      case "probe":
        return this.#startProbe(received, decision.record);
      case "join":
        return attemptIn(this.#state).join(waitMs, discardBody(sendable?.forward));
      case "await probe":
        return this.#answerAfter(probeIn(this.#state).wait(waitMs, uncountedBytes(sendable?.forward)), received);
      case "await preparation":
        return this.#answerAfter(preparationIn(this.#state).wait(waitMs, uncountedBytes(sendable?.forward)), received);
      case "replay":
        return Promise.resolve(replayKept(this.#kept, decision.record, assertSet(found), policy.idleTimeoutMs));
      case "refuse":
        if (isMismatch(decision.code)) this.#reporter.mismatched(record, decision.code, nowMs);
        return Promise.resolve(refusalBy(decision, nowMs));
      case "nothing":
        return Promise.resolve({ kind: "nothing" });
      default:
        return unreachable(decision);
    }
  }

  #execute(
    received: ReceivedCall,
    { attemptNumber, before, mayHaveRun }: Extract<Decision, { action: "execute" }>,
    found: Found | null,
    nowMs: number,
  ): Promise<LookReply> {
    const { about, request, policy } = received.call;
    const sendable = assertSet(received.sendable);
    if (isStreamed(sendable.forward)) return this.#prepare(received, sendable.forward);
    const where = { tenant: about.tenant, record: this.#kept.name };
    const prepared = prepareAttempt(sendable.forward, { attemptNumber, before }, where, this.#sender);
    if (prepared.kind === "refusal") return Promise.resolve(prepared);
    const attempt = { number: attemptNumber, id: crypto.randomUUID() };
    const begun = { attempt, before, mayHaveRun, policy, request, where };
    try {
      this.#kept.writePending({ about, request, attempt }, policy, found, nowMs);
    } catch (error) {
      prepared.body?.release();
      throw error;
    }
    const running = new RunningAttempt(begun, this.#kept, () => this.#idleAfter(state));
    const state: ObjectState = { kind: "attempt", attempt: running };
    this.#state = state;
    this.#awake.during(running.run(prepared.request, prepared.body));
    return running.firstReply;
  }

  #startProbe(received: ReceivedCall, record: UnknownRecord): Promise<LookReply> {
    const probe = new Probe(record, received.call.policy, this.#kept, this.#pace);
    const state: ObjectState = { kind: "probe", probe };
    this.#state = state;
    this.#awake.during(probe.run(assertSet(received.sendable?.probe), this.#sender, () => this.#idleAfter(state)));
    return this.#answerAfter(probe.result, received);
  }

  /** Its body arrives first. Others that could execute or probe wait meanwhile, and meet what it has begun. */
  #prepare(received: ReceivedCall, streamed: StreamedForward): Promise<LookReply> {
    const sendable = assertSet(received.sendable);
    const preparation = new Preparation();
    const state: ObjectState = { kind: "preparation", preparation };
    this.#state = state;
    const reply = preparation.run(streamed, async (upload) => {
      this.#idleAfter(state);
      if (upload.kind === "not received") return refusal(upload.code);
      try {
        return await this.#answer({ ...received, sendable: { ...sendable, forward: upload.forward } });
      } finally {
        // An attempt is sending it by now. Whatever else the request has become, it needs no body any more.
        upload.forward.body?.releaseUnlessSending();
      }
    });
    // The caller gets the error of a failed call. Here it only keeps the object for as long as others wait.
    this.ctx.waitUntil(Promise.allSettled([reply]));
    return reply;
  }

  /** Decides again when `waiting` is over, with its result. What is left of the request's wait counts for the next one. */
  async #answerAfter(waiting: Promise<WaitResult | null> | null, received: ReceivedCall): Promise<LookReply> {
    if (waiting === null) return refusal("in_flight");
    const sinceMs = Date.now();
    const result = await waiting;
    if (result === null) return { ...refusal("in_flight"), waited: true };
    const waitMs = Math.max(0, received.call.waitMs - (Date.now() - sinceMs));
    return this.#answer({ ...received, ...result, call: { ...received.call, waitMs } });
  }

  /** Something else may have followed `ended` already, and goes on. */
  #idleAfter(ended: ObjectState): void {
    if (this.#state === ended) this.#state = IDLE;
  }
}
