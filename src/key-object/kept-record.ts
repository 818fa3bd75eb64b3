/**
 * The record of one key as it stands in storage, with its one alarm and with what answers leave behind. Each change is
 * written in one synchronous step with the alarm that will end it.
 */

import { type AttemptPolicy } from "../config/policy.ts";
import { log } from "../log.ts";
import { type JournalReporter } from "../journal/reporter.ts";
import { RecordStore } from "./record-store.ts";
import { type Running, asOf, decideAlarm } from "../record/decide.ts";
import {
  type Attempt,
  type CompletedRecord,
  type KeyRecord,
  type PendingRecord,
  type RestingRecord,
  type UnknownRecord,
  type UnreadableRecord,
  unreachable,
} from "../record/record.ts";
import { type Busy, type Command, type OperateRefusal, operate } from "../record/operate.ts";
import { type Conclusion, type Transition, begin, conclude } from "../record/transition.ts";
import { type BodySource } from "../origin/answer-body.ts";
import { Recording } from "./recording.ts";

/** How long past `origin_deadline` the watchdog looks: time for an abort to be noticed and its outcome written. */
const WATCHDOG_GRACE_MS = 15_000;

/** What an operator's command came to, by the states of the record before and after. */
export type Operation =
  | { readonly done: true; readonly before: string; readonly after: string }
  | { readonly done: false; readonly before: string; readonly refusal: OperateRefusal };

const CAUSES = { settle: "settled", release: "released", purge: "purged" } as const;

export class KeptRecord {
  readonly #ctx: DurableObjectState;
  readonly #store: RecordStore;
  readonly #reporter: JournalReporter;
  /** A recording that is no kept answer, and is dropped when those who read it have read it. */
  #leftover: Recording | null = null;

  constructor(ctx: DurableObjectState, reporter: JournalReporter) {
    this.#ctx = ctx;
    this.#reporter = reporter;
    this.#store = new RecordStore(ctx.storage);
  }

  /** Enough of the record id to find it again. */
  get name(): string {
    return (this.#ctx.id.name ?? this.#ctx.id.toString()).slice(0, 16);
  }

  load(): KeyRecord | UnreadableRecord | null {
    const record = this.#store.load();
    if (record?.state === "unreadable") this.#reportUnreadable(record.why);
    return record;
  }

  /** The record where nothing runs. That a process died is written down when it is first seen, so that its term counts. */
  loadResting(nowMs: number): KeyRecord | UnreadableRecord | null {
    const loaded = this.load();
    const record = asOf(loaded, nowMs);
    if (loaded?.state === "pending" && record?.state === "unknown") {
      this.#ctx.waitUntil(this.#writeOrphan(loaded, record, nowMs));
    }
    return record;
  }

  /** The kept answer's body; null where it is not there as a whole. */
  body(record: CompletedRecord): Uint8Array | ReadableStream<Uint8Array> | null {
    const body = this.#store.body(record);
    if (body === null) this.#reportUnreadable("the body is not there as a whole");
    return body;
  }

  /** Writes `pending` and sets the watchdog. The output gate holds the forward until both are durable. */
  begin(facts: Pick<PendingRecord, "about" | "request" | "attempt">, policy: AttemptPolicy, nowMs: number): void {
    // The alarm first: one without a row does nothing, but a row without an alarm would be pending for ever.
    this.#setAlarm(nowMs + policy.originDeadlineMs + WATCHDOG_GRACE_MS);
    this.#dropLeftover();
    this.#store.write(begin(facts, policy, nowMs));
  }

  /** An answer that is about to come to `attempt`. Only one is recorded at a time. */
  record(attempt: Attempt, source: BodySource): Recording {
    this.#dropLeftover();
    return new Recording(attempt.id, this.#store, source);
  }

  /** Says that nothing is known of `attempt` so far. The watchdog stays set, for it goes on. */
  timeOut(attempt: Attempt, before: UnknownRecord | null, policy: AttemptPolicy, nowMs: number): Transition {
    const record = this.#store.load();
    const transition = conclude(record, attempt, before, { outcome: "unknown" }, policy, nowMs);
    if (transition.action !== "write") return transition;
    this.#store.write(transition.record);
    this.#reporter.changed({ before: record, undoneTo: before, after: transition.record, cause: "timeout" }, nowMs);
    return transition;
  }

  /** Writes down what `attempt` has come to. `body` is that of its answer, if one has come. */
  conclude(
    { attempt, before, policy }: { attempt: Attempt; before: UnknownRecord | null; policy: AttemptPolicy },
    conclusion: Conclusion,
    body: Recording | null,
    nowMs: number,
    cause: "attempt" | "probe" = "attempt",
  ): Transition {
    const record = this.#store.load();
    const transition = conclude(record, attempt, before, conclusion, policy, nowMs);
    switch (transition.action) {
      case "write":
        this.#writeOutcome(transition.record, body);
        this.#reporter.changed({ before: record, undoneTo: before, after: transition.record, cause }, nowMs);
        break;
      case "forget":
        this.#ctx.waitUntil(this.#store.forget());
        this.#reporter.changed({ before: record, undoneTo: before, after: null, cause }, nowMs);
        break;
      case "stale":
        log({ event: "stale", record: this.name });
        break;
      default:
        return unreachable(transition);
    }
    return transition;
  }

  /**
   * What was recorded of an answer that `transition` did not keep is dropped when those who read it have read it. They must
   * have begun by now.
   */
  leave(recording: Recording, transition: Transition | null, { originDeadlineMs }: AttemptPolicy): void {
    const isKept = transition?.action === "write" && transition.record.state === "completed";
    if (isKept || !recording.hasChunks) return;
    this.#leftover = recording;
    const drop = (): void => {
      if (this.#leftover === recording) this.#dropLeftover();
    };
    this.#ctx.waitUntil(recording.readersGone(originDeadlineMs).then(drop));
  }

  /** Resolves when all that was written is durable. */
  durable(): Promise<void> {
    return this.#store.durable();
  }

  /** Whose record it is, as far as that can be read; null without one. */
  get tenant(): string | null {
    return this.#store.tenant();
  }

  /** Carries out what an operator says, if it may be. `body` is that of an answer which is given. */
  operate(command: Command, body: Uint8Array | null, busy: Busy, nowMs: number): Operation {
    const loaded = this.load();
    // That a process died is neither written nor told where something else replaces it at once: two news of one moment could
    // overtake each other.
    const record = busy === null ? asOf(loaded, nowMs) : loaded;
    const operated = operate(record, busy, command, nowMs);
    const before = record?.state ?? "none";
    switch (operated.action) {
      case "refuse":
        if (busy === null) this.loadResting(nowMs);
        return { done: false, before, refusal: operated.code };
      case "forget":
        this.#leftover?.cut();
        this.#leftover = null;
        this.#ctx.waitUntil(this.#store.forget());
        break;
      case "write":
        // An alarm that is set for nothing looks again; a record without its alarm would stay.
        this.#setAlarm(operated.record.expiresAtMs);
        // A record must not lose its body before it is another one.
        this.#store.atomically(() => {
          this.#dropLeftover();
          this.#store.writeWhole(operated.record, body);
        });
        break;
      default:
        return unreachable(operated);
    }
    const after = operated.action === "write" ? operated.record : null;
    this.#reporter.changed({ before: record, undoneTo: null, after, cause: CAUSES[command.action] }, nowMs);
    return { done: true, before, after: after?.state ?? "none" };
  }

  /** The watchdog of a running attempt, and the end of a term. */
  alarm(running: Running, nowMs: number): Promise<void> | void {
    const record = this.load();
    const decision = decideAlarm(record, running, nowMs);
    switch (decision.action) {
      case "nothing":
        return;
      case "forget":
        return this.#store.forget();
      case "mark unknown":
        return this.#writeOrphan(record, decision.record, nowMs);
      case "look again":
        return this.#ctx.storage.setAlarm(decision.atMs);
      default:
        return unreachable(decision);
    }
  }

  #writeOutcome(record: RestingRecord, body: Recording | null): void {
    if (record.state === "completed" && body?.end !== "whole") throw new Error("a completed record without its answer");
    this.#store.write(record, record.state === "completed" && body !== null ? body.inline : null);
    this.#setAlarm(record.expiresAtMs);
  }

  /** All but the alarm is written in this synchronous step, and its time is set in it too. */
  #writeOrphan(before: KeyRecord | UnreadableRecord | null, record: UnknownRecord, nowMs: number): Promise<void> {
    this.#store.write(record);
    this.#dropLeftover();
    this.#reporter.changed({ before, undoneTo: null, after: record, cause: "process_died" }, nowMs);
    return this.#ctx.storage.setAlarm(record.expiresAtMs);
  }

  /** The promise is for errors, which reset the object by themselves; the time is set in this synchronous step. */
  #setAlarm(atMs: number): void {
    this.#ctx.waitUntil(this.#ctx.storage.setAlarm(atMs));
  }

  /** Also frees what a process left that died in the middle of an answer. */
  #dropLeftover(): void {
    this.#leftover?.cut();
    this.#leftover = null;
    this.#store.dropChunks();
  }

  #reportUnreadable(why: string): void {
    log({ event: "unreadable_record", record: this.name, why });
  }
}
