/**
 * One key object: the record's own code on the storage of a step, and the order of KeyObject, RunningAttempt and Probe around it. Each
 * method is one synchronous step of theirs, with nothing in between.
 */

import { type JournalReporter } from "../../src/journal/reporter.ts";
import { ChunkStore } from "../../src/key-object/chunk-store.ts";
import { KeptRecord } from "../../src/key-object/kept-record.ts";
import { type Recording } from "../../src/key-object/recording.ts";
import { type AlarmTimes } from "../../src/record/decide-alarm.ts";
import { type Decision, type Probed, decide } from "../../src/record/decide.ts";
import { type Command } from "../../src/record/operate.ts";
import { type Attempt, type UnknownRecord, unreachable } from "../../src/record/record.ts";
import { type BodyEnd, type Conclusion, type Transition } from "../../src/record/transition.ts";
import { PastKeeper, type Reply, Violation } from "./past.ts";
import {
  type Call,
  type Forward,
  type RequestName,
  type Running,
  type RunningAttempt,
  type State,
  type WaitingCall,
} from "./state.ts";
import { FailedWrite, StepStorage } from "./storage.ts";
import { factsOf, identityOf, type World, type WorldPolicy } from "./world.ts";

const NO_REPORTS = { changed: () => {}, mismatched: () => {}, journal: null } as unknown as JournalReporter;
const NOTHING_SEEN = { status: null, error: null };

/** The object's clock, in the step that is made. */
export const clock = { nowMs: 0 };

/** What arrives is written by the step itself. */
const NO_SOURCE = { next: () => new Promise<never>(() => {}), drain: () => Promise.resolve() };

/** A body that has ended so, with this many chunks in storage. */
function recordingOf(attemptId: string, end: BodyEnd, chunks: number): Recording {
  const stored = { inline: chunks === 0 ? new Uint8Array() : null, chunks };
  return { end, hasChunks: chunks > 0, attemptId, stored, cut: () => {} } as unknown as Recording;
}

/** What an origin's answer says, and whether its body came as a whole. */
export interface Arriving {
  readonly conclusion: Conclusion;
  /** The text of a final answer that is stored. */
  readonly answer: string | null;
  readonly body: { readonly end: BodyEnd; readonly chunks: number };
  /** Attempts that did not run and never will, whatever the gateway makes of the answer. */
  readonly disproved: readonly string[];
}

export class ObjectStep {
  readonly past: PastKeeper;
  running: Running | null;
  waiting: readonly WaitingCall[];
  awake: readonly WaitingCall[];
  late: readonly RunningAttempt[];
  forwards: readonly Forward[];
  readonly #world: World;
  readonly #state: State;
  readonly #storage: StepStorage;
  readonly #kept: KeptRecord;

  constructor(
    world: World,
    state: State,
    { firedMs = null, failing = 0 }: { firedMs?: number | null; failing?: number } = {},
  ) {
    this.#world = world;
    this.#state = state;
    clock.nowMs = state.nowMs;
    this.past = new PastKeeper(state);
    this.running = state.running;
    this.waiting = state.waiting;
    this.awake = state.awake;
    this.late = state.late;
    this.forwards = state.forwards;
    this.#storage = new StepStorage(state, firedMs, failing);
    this.#kept = new KeptRecord(this.#storage.ctx, NO_REPORTS);
  }

  get state(): State {
    const { running, waiting, awake, late, forwards } = this;
    const { value: stored, chunks, alarmMs } = this.#storage;
    return { ...this.#state, stored, chunks, alarmMs, running, waiting, awake, late, forwards, past: this.past.past };
  }

  /** Whether the write that was to fail was reached. */
  get hasFailed(): boolean {
    return this.#storage.hasFailed;
  }

  get #runs(): Running["kind"] | null {
    return this.running?.kind ?? null;
  }

  policyOf({ policy }: Call): WorldPolicy {
    const found = this.#world.policies[policy];
    if (found === undefined) throw new Error(`no policy ${policy}`);
    return found;
  }

  #reply({ request }: Call, reply: Reply): void {
    this.past.replied(request, reply);
  }

  /** KeyObject.submit and what it calls. */
  submit(call: Call, probed: Probed | null = null): void {
    try {
      this.#answer(call, probed);
    } catch (error) {
      if (!(error instanceof FailedWrite)) throw error;
      this.#reply(call, { code: "failed" });
    }
  }

  #answer(call: Call, probed: Probed | null): void {
    const { nowMs } = this.#state;
    const policy = this.policyOf(call);
    const found = this.#kept.load();
    const record = this.#kept.current(found, this.#runs, nowMs);
    const { isOnHold } = policy;
    // What is on hold arrives as a look.
    const mayProbeFromMs = policy.onUnknown === "probe" && !isOnHold ? nowMs : null;
    const request = identityOf(call.request, policy.rule);
    const may = { mayExecute: !isOnHold, isOnHold, mayProbeFromMs };
    const decision = decide({ record, running: this.#runs, request, policy, ...may, probed, nowMs });
    this.past.decided(decision, call.request, policy);
    switch (decision.action) {
      case "execute":
        return this.#execute(call, decision, found);
      case "probe":
        if (this.running !== null) throw new Violation(`P7: a probe takes the place of a running ${this.running.kind}`);
        this.running = { kind: "probe", record: decision.record, call };
        return this.#wait(call);
      case "join":
      case "await probe":
      case "await preparation":
        return this.#wait(call);
      case "replay":
        if (found === null || this.#kept.body(decision.record, found) === null) {
          throw new Violation("P3: an answer counts as stored, and its body is not");
        }
        return this.#reply(call, { answer: textOf(decision.record.answer) });
      case "refuse":
        return this.#reply(call, { code: decision.code });
      case "nothing":
        throw new Violation("a request that may execute gets nothing");
      default:
        return unreachable(decision);
    }
  }

  #wait(call: Call): void {
    this.waiting = [...this.waiting, { ...call, probed: null }];
  }

  #execute(
    call: Call,
    { attemptNumber: number, before, mayHaveRun }: Extract<Decision, { action: "execute" }>,
    found: ReturnType<KeptRecord["load"]>,
  ): void {
    if (this.running !== null) throw new Violation(`P1: it executes while there is a running ${this.running.kind}`);
    if (this.#world.streamed.includes(call.request) && !call.uploaded) {
      this.running = { kind: "preparation", call };
      return;
    }
    const policy = this.policyOf(call);
    const id = `attempt ${this.forwards.length + 1}`;
    const { about, request } = factsOf(call.request, policy.rule);
    this.#kept.writePending({ about, request, attempt: { number, id } }, policy, found, this.#state.nowMs);
    this.running = { kind: "attempt", id, number, before, mayHaveRun, timedOut: false, chunks: 0, call };
    this.forwards = [...this.forwards, { id, number, request: call.request, fate: "sent" }];
    this.past.forwarded(id, call.request);
    this.#wait(call);
  }

  /** Recording.#commit: a chunk of the answer is durable. The first one begins the recording. */
  receiveChunk(attempt: RunningAttempt): void {
    const { id, number, chunks, call } = attempt;
    if (chunks === 0) this.#kept.startRecording({ id, number }, NO_SOURCE, "attempt", this.policyOf(call));
    try {
      this.#appendChunk(id, chunks);
      this.running = { ...attempt, chunks: chunks + 1 };
    } catch (error) {
      if (!(error instanceof FailedWrite)) throw error;
      this.running = null;
      this.past.lost(this.policyOf(call));
      this.#replyToAll("failed");
    }
  }

  #appendChunk(attemptId: string, seq: number): void {
    new ChunkStore(this.#storage.ctx.storage).appendChunks(attemptId, seq, new Uint8Array(1));
  }

  /** RunningAttempt.#finish: the answer to the attempt that runs has arrived, or nothing did. */
  finish(attempt: RunningAttempt, arriving: Arriving): void {
    this.running = null;
    const reply = this.#conclude(attempt, attempt.before, attempt.call, arriving, "attempt");
    const hasNotRun = arriving.conclusion.outcome === "not-executed" && !attempt.mayHaveRun;
    this.#replyToAll(reply === "unknown" && hasNotRun ? "released" : reply);
  }

  /** The end of an attempt of a dead process. None waits for it. */
  finishLate(attempt: RunningAttempt, arriving: Arriving): void {
    this.late = this.late.filter(({ id }) => id !== attempt.id);
    this.#conclude(attempt, attempt.before, attempt.call, arriving, "attempt");
  }

  #conclude(
    { id, number }: Attempt,
    before: UnknownRecord | null,
    call: Call,
    { conclusion, answer, body: { end, chunks }, disproved }: Arriving,
    from: "attempt" | "probe",
  ): string {
    const policy = this.policyOf(call);
    const ended = { attempt: { id, number }, before, policy };
    const body = recordingOf(id, end, chunks);
    const outcome = { conclusion, body, from, seen: NOTHING_SEEN };
    this.past.disproved(disproved);
    let transition: Transition;
    try {
      transition = this.#kept.conclude(ended, outcome, this.#state.nowMs);
    } catch (error) {
      if (!(error instanceof FailedWrite)) throw error;
      this.past.lost(policy);
      return "failed";
    }
    if (transition.action === "stale") {
      if (this.#isUnconcluded(id)) throw new Violation("P3: the outcome of the record's own attempt is discarded");
      return "failed";
    }
    if (conclusion.outcome === "unknown" || conclusion.outcome === "not-executed") this.past.lost(policy);
    else this.past.concluded(answer, { id, request: this.#requestOf(id) }, policy);
    if (transition.action === "forget") return "released";
    const { record } = transition;
    return record.state === "completed" ? `answer ${textOf(record.answer)}` : record.state;
  }

  #isUnconcluded(attemptId: string): boolean {
    const { format, state, attempt_id } = Object(this.#storage.value);
    return format === 1 && attempt_id === attemptId && (state === "pending" || state === "unknown");
  }

  #replyToAll(reply: string): void {
    const all = this.waiting;
    this.waiting = [];
    const what = reply.startsWith("answer ") ? { answer: reply.slice("answer ".length) } : { code: reply };
    for (const call of all) this.#reply(call, what);
  }

  /** RunningAttempt.#timeOut. */
  timeOut(attempt: RunningAttempt): void {
    const { id, number, before, call } = attempt;
    this.running = { ...attempt, timedOut: true };
    try {
      const policy = this.policyOf(call);
      const transition = this.#kept.timeOut({ attempt: { id, number }, before, policy }, this.#state.nowMs);
      if (transition.action === "write") this.past.lost(policy);
      this.#replyToAll(transition.action === "write" ? transition.record.state : "failed");
    } catch (error) {
      if (!(error instanceof FailedWrite)) throw error;
      this.#replyToAll("failed");
    }
  }

  /** Probe.run: its answer has arrived, about attempts up to that of `record`. */
  endProbe({ record, call }: Extract<Running, { kind: "probe" }>, arriving: Arriving): void {
    this.past.disproved(arriving.disproved);
    const { outcome } = arriving.conclusion;
    if (outcome === "final" || outcome === "not-kept") {
      const { attempt } = record;
      this.#kept.startRecording(attempt, NO_SOURCE, "probe", this.policyOf(call));
      for (let seq = 0; seq < arriving.body.chunks; seq++) this.#appendChunk(attempt.id, seq);
      this.#conclude(record.attempt, null, call, arriving, "probe");
    }
    this.running = null;
    const probed = { attemptId: record.attempt.id, outcome: outcome === "not-executed" ? outcome : "unknown" } as const;
    this.#wakeAll(probed);
  }

  #wakeAll(probed: Probed | null): void {
    this.awake = [...this.awake, ...this.waiting.map((call) => ({ ...call, probed }))];
    this.waiting = [];
  }

  /** Preparation.run: the body has arrived, and then the others go on. */
  endPreparation({ call }: Extract<Running, { kind: "preparation" }>, hasArrived: boolean): void {
    this.running = null;
    if (hasArrived) {
      const others = this.waiting;
      this.waiting = [];
      this.submit({ ...call, uploaded: true });
      this.awake = [...this.awake, ...others];
    } else {
      this.#reply(call, { code: "body_timeout" });
      this.#wakeAll(null);
    }
  }

  alarm(times: AlarmTimes): void {
    try {
      // Its promise has resolved: what it waits for is synchronous here.
      void this.#kept.alarm(this.#runs, times);
    } catch (error) {
      if (!(error instanceof FailedWrite)) throw error;
      // The platform fires it again.
      this.#storage.alarmMs = times.firedMs;
    }
  }

  operate(command: Command): void {
    const seen = Object(this.#storage.value)["attempt_id"];
    try {
      const body = command.action === "settle" && command.outcome === "final" ? new Uint8Array() : null;
      const done = this.#kept.operate(this.#kept.load(), command, body, this.#runs);
      if (!done.done) return;
      if (this.running !== null)
        throw new Violation(`O3: an operator's command changes a record with a running ${this.running.kind}`);
      if (command.attemptId !== null && command.attemptId !== seen) {
        throw new Violation(
          "O3: an operator's command changes the record of another attempt than the one that was seen",
        );
      }
      if (command.action === "purge") this.past.erased();
      else if (command.action === "settle" && command.outcome === "final") {
        const id = String(Reflect.get(this.#storage.value ?? {}, "attempt_id"));
        const named = { id, request: this.#requestOf(id) };
        this.past.concluded(textOf(command.answer), named, { ...this.#anyPolicy, ttlMs: command.ttlMs });
      } else this.past.freed();
    } catch (error) {
      if (!(error instanceof FailedWrite)) throw error;
    }
  }

  #requestOf(attemptId: string): RequestName {
    const forward = this.forwards.find(({ id }) => id === attemptId);
    if (forward === undefined) throw new Violation(`the record names ${attemptId}, which was never sent`);
    return forward.request;
  }

  /** The terms are those of the record, which all policies of a world with an operator have in common. */
  get #anyPolicy(): WorldPolicy {
    const [first] = Object.values(this.#world.policies);
    if (first === undefined) throw new Error("a world without policies");
    return first;
  }
}

/** An answer that says whose it is, so that no two are equal. */
export function answerNamed(
  text: string,
  bodyBytes = 0,
): { status: number; headers: [string, string][]; bodyBytes: number } {
  return { status: 201, headers: [["answer", text]], bodyBytes };
}

function textOf({ headers }: { readonly headers: readonly (readonly [string, string])[] }): string {
  return headers[0]?.[1] ?? "no text";
}
