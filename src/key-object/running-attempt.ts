/**
 * The attempt that runs in this object: it sends the request, receives the answer, writes the outcome, and replies to those who
 * wait. It lives in memory only: a crash ends it, and its record stays pending.
 */

import { type Reply } from "../call/call.ts";
import { type AttemptPolicy } from "../config/policy.ts";
import { type HeldBody } from "../http/held-body.ts";
import { type Where, log } from "../log.ts";
import { searched } from "../origin/body-search.ts";
import { type NoAnswer, type OriginAnswer, type PreparedAttemptRequest, exchange } from "../origin/exchange.ts";
import { type RequestIdentity } from "../record/record.ts";
import { type Conclusion, type EndedAttempt, type Transition } from "../record/transition.ts";
import {
  type Arrival,
  type Reception,
  arrived,
  recordingOf,
  conclusionOfAnswer,
  outcomeOf,
  receptionOf,
  seenOf,
} from "./conclusion-of-answer.ts";
import { type KeptRecord } from "./kept-record.ts";
import { type Recording } from "./recording.ts";
import { type AttemptReplies, refusal, repliesFor, repliesForStream, repliesWithoutOutcome } from "./reply.ts";
import { Waiters } from "./waiters.ts";

const TIMED_OUT: NoAnswer = { came: "nothing", cause: "origin_timeout", why: "origin_timeout" };

/** An attempt whose record is pending. */
interface BegunAttempt extends EndedAttempt {
  /** For the log. */
  readonly where: Where;
  /** Whether an earlier attempt of the record may have run. */
  readonly mayHaveRun: boolean;
  readonly policy: AttemptPolicy;
  /** The request that is sent. */
  readonly request: RequestIdentity;
}

export class RunningAttempt {
  readonly #begun: BegunAttempt;
  readonly #kept: KeptRecord;
  /** Called when the exchange with the origin is over. From then on another attempt may run. */
  readonly #onEnd: () => void;
  /** The reply to the request that started the attempt. */
  readonly firstReply: Promise<Reply>;
  #resolveFirst: ((reply: Reply) => void) | null;
  readonly #joiners = new Waiters<Reply>();
  readonly #startedAtMs = Date.now();
  /** How long the origin took, as far as it was measured last. */
  #originMs: number | null = null;
  #originStatus: number | null = null;
  /** The answer that streams, once there is something of it to read. */
  #stream: { readonly joiner: () => Reply; readonly body: Recording } | null = null;

  constructor(begun: BegunAttempt, kept: KeptRecord, onEnd: () => void) {
    this.#begun = begun;
    this.#kept = kept;
    this.#onEnd = onEnd;
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.firstReply = promise;
    this.#resolveFirst = resolve;
  }

  /** Waits for the next reply, at most `waitMs`. `bodyBytes` is the size of the waiting request's body. */
  async join(waitMs: number, bodyBytes: number): Promise<Reply> {
    const stream = this.#stream;
    if (stream !== null) return this.#withFacts(stream.joiner());
    const waiting = this.#joiners.wait(waitMs, bodyBytes);
    if (waiting === null) return refusal("in_flight");
    return { ...((await waiting) ?? refusal("in_flight")), waited: true };
  }

  /** Sends the request, and goes on to the outcome. Never throws. `body` is that of the request, and is released. */
  async run(prepared: PreparedAttemptRequest, body: HeldBody | null): Promise<void> {
    const { attempt, policy } = this.#begun;
    const timer = setTimeout(() => this.#timeOut(), policy.originTimeoutMs);
    const answer = await exchange(prepared, attempt.number, policy);
    body?.releaseUnlessSending();
    clearTimeout(timer);
    let recording: Recording | null = null;
    try {
      if (answer.came === "nothing") return void this.#finish(answer, { outcome: "unknown" });
      this.#originStatus = answer.head.status;
      const reception = receptionOf(answer, policy);
      recording = this.#kept.startRecording(attempt, searched(answer.body, reception.search), "attempt", policy);
      await this.#receive(answer, recording, reception);
    } catch (error) {
      this.#onEnd();
      // The outcome could not be stored. The record is still `pending` or `unknown`, so nothing runs again.
      this.#logFault("conclude", error);
      recording?.cut();
      this.#reply(repliesWithoutOutcome());
    } finally {
      body?.release();
    }
  }

  /** Receives the answer. One that streams is passed on from its head, and read as it becomes durable. */
  async #receive(answer: OriginAnswer, recording: Recording, reception: Reception): Promise<void> {
    const { policy } = this.#begun;
    const { mode, bytesMax } = reception;
    const replies = repliesForStream(answer, recording);
    if (mode === "stream") this.#replyToFirst(replies.first);
    const onFirstBytes = (): void => {
      if (mode !== "stream") return;
      this.#openStream(replies.joiner, recording);
      if (policy.onDisconnect === "cancel") void this.#abandonWhenLeft(answer, recording);
    };
    await recording.receive(mode, bytesMax, onFirstBytes);
    const arrival = arrived(answer, recording);
    const transition = this.#finish(arrival, conclusionOfAnswer(arrival, outcomeOf(arrival, reception, policy)));
    if (transition.action === "stale") return;
    // A clean end promises a replay, and an overflow that there will be none: both must be durable first. The output gate
    // holds back every reply that is not sent yet.
    if (recording.readers > 0) await this.#kept.durable();
    recording.publishEnd();
    this.#kept.dropWhenRead(recording, policy.originDeadlineMs);
  }

  async #abandonWhenLeft({ body }: OriginAnswer, recording: Recording): Promise<void> {
    // Before that, no reader can have left.
    await recording.firstRead.promise;
    await recording.readersGone(this.#begun.policy.originDeadlineMs);
    body.abandon();
  }

  /** No answer within `origin_timeout`: those who wait get a reply, and the attempt goes on. */
  #timeOut(): void {
    try {
      const transition = this.#kept.timeOut(this.#begun, Date.now());
      this.#reply(transition.action === "write" ? repliesFor(transition.record, TIMED_OUT) : repliesWithoutOutcome());
    } catch (error) {
      // The record is still `pending`, which claims no more than `unknown` would.
      this.#logFault("time out", error);
      this.#reply(repliesWithoutOutcome());
    }
  }

  /** Writes the outcome, and only then replies to those who wait. */
  #finish(arrival: Arrival, conclusion: Conclusion): Transition {
    this.#onEnd();
    const seen = seenOf(arrival);
    if (seen.error !== null) log({ event: "no_answer", ...this.#begun.where, why: seen.error });
    const outcome = { conclusion, body: recordingOf(arrival), from: "attempt", seen } as const;
    const transition = this.#kept.conclude(this.#begun, outcome, Date.now());
    // Where nothing has run, the clients learn that, also if the record is kept for its number.
    const hasNotRun = conclusion.outcome === "not-executed" && !this.#begun.mayHaveRun;
    if (transition.action === "stale") this.#reply(repliesWithoutOutcome());
    else this.#reply(repliesFor(transition.action === "write" && !hasNotRun ? transition.record : null, arrival));
    return transition;
  }

  /** Replies to the request that started the attempt, if it still waits. */
  #replyToFirst(first: AttemptReplies["first"]): void {
    this.#originMs = Date.now() - this.#startedAtMs;
    this.#resolveFirst?.(this.#withFacts(first()));
    this.#resolveFirst = null;
  }

  /** Lets all who wait, and all who join from now on, read an answer that streams. */
  #openStream(joiner: AttemptReplies["joiner"], body: Recording): void {
    this.#stream = { joiner, body };
    this.#joiners.wake(() => this.#withFacts(joiner()));
  }

  /** Replies to all who wait now. A request that joins later waits for the next reply: a late answer may follow a time-out. */
  #reply({ first, joiner }: AttemptReplies): void {
    this.#replyToFirst(first);
    this.#joiners.wake(() => this.#withFacts(joiner()));
  }

  #withFacts(reply: Reply): Reply {
    const { attempt, request } = this.#begun;
    const facts = { number: attempt.number, originMs: this.#originMs, originStatus: this.#originStatus };
    const known = { ...reply, attempt: facts };
    return known.kind === "answer" && request.calls !== undefined ? { ...known, calls: request.calls } : known;
  }

  #logFault(where: string, error: unknown): void {
    log({ event: "fault", id: this.#begun.attempt.id, where, why: String(error), ...this.#begun.where });
  }
}
