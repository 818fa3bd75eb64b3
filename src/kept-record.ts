/**
 * The record of one key as it stands in storage, with its one alarm and with what answers leave behind. Each change is
 * written in one synchronous step with the alarm that will end it.
 */

import { type AttemptPolicy } from "./config/policy.ts";
import { log } from "./log.ts";
import { RecordStore } from "./record-store.ts";
import { type Running, asOf, decideAlarm } from "./record/decide.ts";
import {
  type Attempt,
  type CompletedRecord,
  type KeyRecord,
  type PendingRecord,
  type RestingRecord,
  type UnknownRecord,
  type UnreadableRecord,
  unreachable,
} from "./record/record.ts";
import { type Conclusion, type Transition, begin, conclude } from "./record/transition.ts";
import { type BodySource, Recording } from "./recording.ts";

/** How long past `origin_deadline` the watchdog looks: time for an abort to be noticed and its outcome written. */
const WATCHDOG_GRACE_MS = 15_000;

export class KeptRecord {
  readonly #ctx: DurableObjectState;
  readonly #store: RecordStore;
  /** A recording that is no kept answer, and is dropped when those who read it have read it. */
  #leftover: Recording | null = null;

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
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
    if (loaded?.state === "pending" && record?.state === "unknown") this.#ctx.waitUntil(this.#writeOrphan(record));
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
    const transition = conclude(this.#store.load(), attempt, before, { outcome: "unknown" }, policy, nowMs);
    if (transition.action === "write") this.#store.write(transition.record);
    return transition;
  }

  /** Writes down what `attempt` has come to. `body` is that of its answer, if one has come. */
  conclude(
    { attempt, before, policy }: { attempt: Attempt; before: UnknownRecord | null; policy: AttemptPolicy },
    conclusion: Conclusion,
    body: Recording | null,
    nowMs: number,
  ): Transition {
    const transition = conclude(this.#store.load(), attempt, before, conclusion, policy, nowMs);
    switch (transition.action) {
      case "write":
        this.#writeOutcome(transition.record, body);
        break;
      case "forget":
        this.#ctx.waitUntil(this.#store.forget());
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

  /** The watchdog of a running attempt, and the end of a term. */
  alarm(running: Running, nowMs: number): Promise<void> | void {
    const decision = decideAlarm(this.load(), running, nowMs);
    switch (decision.action) {
      case "nothing":
        return;
      case "forget":
        return this.#store.forget();
      case "mark unknown":
        return this.#writeOrphan(decision.record);
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
  #writeOrphan(record: UnknownRecord): Promise<void> {
    this.#store.write(record);
    this.#dropLeftover();
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
