/**
 * The record of one key in storage, with its one alarm and with the chunks that answers leave there. Each change is written in
 * one synchronous step with the alarm that will end it.
 */

import { type AttemptPolicy } from "../config/policy.ts";
import { type JournalReporter } from "../journal/reporter.ts";
import { log } from "../log.ts";
import { type BodySource } from "../origin/answer-body.ts";
import { type AlarmTimes, decideAlarm, deletionMs } from "../record/decide-alarm.ts";
import { type Running, asOf } from "../record/decide.ts";
import { type Command, decideCommand } from "../record/operate.ts";
import {
  type Attempt,
  type CompletedRecord,
  type KeyRecord,
  type RecordFacts,
  type RestingRecord,
  type UnreadableRecord,
  unreachable,
} from "../record/record.ts";
import { type EndedAttempt, type Transition, beginAttempt, concludeAttempt } from "../record/transition.ts";
import { type ArrivedOutcome } from "./conclusion-of-answer.ts";
import { Leftover, namedBy } from "./leftover.ts";
import { type Operation } from "./operated-by.ts";
import { Readers } from "./readers.ts";
import { WATCHDOG_GRACE_MS, carryOutAlarm } from "./record-alarm.ts";
import { type Found, RecordStore } from "./record-store.ts";
import { Recording } from "./recording.ts";
import { NO_BODY } from "./stored-body.ts";

/** Longer than any body is read after its end: its readers are cut after `idle_timeout` without a piece. */
const LEFTOVER_MS_MAX = 15 * 60_000;

const CAUSES = { settle: "settled", release: "released", purge: "purged" } as const;

export class KeptRecord {
  readonly #ctx: DurableObjectState;
  readonly #store: RecordStore;
  readonly #reporter: JournalReporter;
  readonly #leftover: Leftover;
  readonly readers = new Readers();

  constructor(ctx: DurableObjectState, reporter: JournalReporter) {
    this.#ctx = ctx;
    this.#reporter = reporter;
    this.#store = new RecordStore(ctx.storage);
    this.#leftover = new Leftover(this.#store.chunks);
  }

  /** The record id, for the log. */
  get name(): string {
    return this.#ctx.id.name ?? this.#ctx.id.toString();
  }

  /** What is stored, which may be over or without its process. */
  load(): Found | null {
    const found = this.#store.load();
    if (found?.record.state === "unreadable") this.#reportUnreadable(found.record.why);
    return found;
  }

  /** The record as it is now. What time has made of it is written when it is first seen, whenever the alarm comes. */
  current(found: Found | null, running: Running, nowMs: number): KeyRecord | UnreadableRecord | null {
    const stored = found?.record ?? null;
    if (running !== null) return stored;
    const record = asOf(stored, nowMs);
    if (record !== null && record !== stored && record.state !== "unreadable") {
      this.#writeAged(found, record, nowMs);
      this.#setAlarm(deletionMs(record));
    }
    return record;
  }

  /** The body of the answer; null where it is not stored as a whole. */
  body(record: CompletedRecord, found: Found): Uint8Array | ReadableStream<Uint8Array> | null {
    const report = (): void => this.#reportUnreadable("the body is not stored as a whole");
    const body = this.#store.body(record, found.body, report);
    if (body === null) report();
    return body;
  }

  /** Writes `pending` and sets the watchdog. The output gate holds the forward until both are durable. */
  writePending(facts: RecordFacts, policy: AttemptPolicy, found: Found | null, nowMs: number): void {
    // The alarm first: without a record it deletes nothing, but a record without an alarm would be pending forever.
    this.#setAlarm(nowMs + policy.originDeadlineMs + WATCHDOG_GRACE_MS);
    // The chunks before the record: no later record names the attempt that they belong to.
    this.#leftover.drop(found);
    this.#store.write(beginAttempt(facts, policy, nowMs));
  }

  /** Records the answer that is about to arrive for `attempt`. An earlier probe of it may have left chunks. */
  startRecording(
    { id: attemptId }: Attempt,
    source: BodySource,
    from: ArrivedOutcome["from"],
    { idleTimeoutMs }: Pick<AttemptPolicy, "idleTimeoutMs">,
  ): Recording {
    this.#leftover.drop(null);
    const store = this.#store.chunks;
    if (from === "probe") store.drop(attemptId);
    return new Recording({ attemptId, store, source, audience: this.readers, idleTimeoutMs });
  }

  /** Writes that the outcome is unknown so far. The watchdog stays set, because the attempt goes on. */
  timeOut(ended: EndedAttempt, nowMs: number): Transition {
    const record = this.#store.load()?.record ?? null;
    const transition = concludeAttempt(record, ended, { outcome: "unknown" }, nowMs);
    if (transition.action !== "write") return transition;
    const { record: after } = transition;
    this.#store.write(after);
    this.#reporter.changed({ before: record, undoneTo: ended.before, after, cause: "timeout", seen: null }, nowMs);
    return transition;
  }

  /** Writes the outcome of an attempt, unless storage holds newer truth. */
  conclude(ended: EndedAttempt, { conclusion, body, from, seen }: ArrivedOutcome, nowMs: number): Transition {
    const record = this.#store.load()?.record ?? null;
    const change = { before: record, undoneTo: ended.before, cause: from, seen };
    const transition = concludeAttempt(record, ended, conclusion, nowMs);
    switch (transition.action) {
      case "write": {
        const endMs = deletionMs(transition.record);
        // A fault between the two steps leaves an alarm that is early, and looks again: the watchdog of an attempt, or the new
        // one where an unknown record has a later one.
        if (from === "probe") this.#setAlarm(endMs);
        this.#writeOutcome(transition.record, body);
        if (from === "attempt") this.#setAlarm(endMs);
        this.#reporter.changed({ ...change, after: transition.record }, nowMs);
        break;
      }
      case "forget":
        this.#forgetUndone(body, nowMs);
        this.#reporter.changed({ ...change, after: null }, nowMs);
        break;
      case "stale":
        log({ event: "stale", record: this.name });
        // The chunks of a newer attempt have other names.
        if (body !== null && namedBy(record) !== ended.attempt.id) this.discard(body);
        else body?.cut();
        break;
      default:
        return unreachable(transition);
    }
    return transition;
  }

  /** Deletes the chunks of a recording that no record refers to. */
  discard(recording: Recording): void {
    recording.cut();
    if (recording.hasChunks) this.#store.chunks.drop(recording.attemptId);
  }

  /** Does the same when its present readers have read it, if no record refers to it. */
  dropWhenRead(recording: Recording, withinMs: number): void {
    this.#ctx.waitUntil(this.#leftover.dropWhenRead(recording, withinMs));
  }

  /** Resolves when all that was written is durable. */
  durable(): Promise<void> {
    return this.#store.chunks.durable();
  }

  /** Carries out an operator's command, if the record allows it. `body` is that of an answer which the command gives. */
  operate(found: Found | null, command: Command, body: Uint8Array | null, running: Running): Operation {
    const nowMs = Date.now();
    const stored = found?.record ?? null;
    // Not `current`: a dead process is not reported where the command replaces the record at once. Two events of one moment
    // could overtake each other.
    const record = running === null ? asOf(stored, nowMs) : stored;
    const before = record?.state ?? "none";
    const decision = decideCommand(record, running, command, nowMs);
    switch (decision.action) {
      case "refuse":
        if (running === null) this.current(found, null, nowMs);
        return { done: false, before, refusal: decision.code };
      case "forget":
        this.#ctx.waitUntil(this.#forget());
        break;
      case "write":
        // An alarm without a change looks again, but a record without its alarm would stay.
        this.#setAlarm(deletionMs(decision.record));
        this.#leftover.drop(null);
        this.#store.replace(decision.record, body, found?.body.chunks ?? 0);
        break;
      default:
        return unreachable(decision);
    }
    const after = decision.action === "write" ? decision.record : null;
    const cause = CAUSES[command.action];
    this.#reporter.changed({ before: record, undoneTo: null, after, cause, seen: null }, nowMs);
    return { done: true, before, after: after?.state ?? "none" };
  }

  /** The watchdog of a running attempt, and the end of a term. */
  alarm(running: Running, times: AlarmTimes): Promise<void> | void {
    const found = this.load();
    return carryOutAlarm(decideAlarm(found?.record ?? null, running, times), this.#ctx.storage, {
      forget: () => this.#forget(),
      write: (record) => this.#writeAged(found, record, times.nowMs),
    });
  }

  /**
   * The chunks of an undone attempt stay for those who read them. If this process dies meanwhile, the next one deletes them when it
   * loads the record, at the latest for the alarm. A fault before that is set leaves the one of the attempt, which is earlier.
   */
  #forgetUndone(body: Recording | null, nowMs: number): void {
    if (body?.hasChunks !== true) return this.#ctx.waitUntil(this.#store.forget());
    this.#store.remove(body.attemptId);
    this.#setAlarm(nowMs + LEFTOVER_MS_MAX);
    this.#leftover.keep(body);
  }

  #writeOutcome(record: RestingRecord, body: Recording | null): void {
    if (record.state === "completed") {
      if (body?.end !== "whole") throw new Error("a completed record without its answer");
      this.#store.write(record, body.stored);
    } else {
      const left = body?.hasChunks === true ? body : null;
      const isNamed = left === null || record.attempt.id === left.attemptId;
      this.#store.write(record, NO_BODY, isNamed ? null : left.attemptId);
      // In this step, so that a retry or a probe that follows finds the chunks and deletes them.
      if (left !== null) this.#leftover.keep(left);
    }
  }

  /** Time has made `record` of `found`. The caller sets the alarm, in the same synchronous step. */
  #writeAged(found: Found | null, record: RestingRecord, nowMs: number): void {
    this.#leftover.drop(null);
    this.#store.replace(record, null, found?.body.chunks ?? 0);
    if (record.state !== "unknown") return;
    const before = found?.record ?? null;
    this.#reporter.changed({ before, undoneTo: null, after: record, cause: "process_died", seen: null }, nowMs);
  }

  /** The promise is for errors, which reset the object by themselves. The time is set in this synchronous step. */
  #setAlarm(atMs: number): void {
    this.#ctx.waitUntil(this.#ctx.storage.setAlarm(atMs));
  }

  #forget(): Promise<void> {
    this.#leftover.cut();
    return this.#store.forget();
  }

  #reportUnreadable(why: string): void {
    log({ event: "unreadable_record", record: this.name, why });
  }
}
