/** One exchange with the origin, as the object's process sees it: a fetch that may fail, and a body that may break off. */

import { type Entry } from "../crash/history.ts";
import { type SentRequest } from "./globals.ts";
import { type Process } from "./process.ts";
import { type Sim } from "./sim.ts";

export interface PlannedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

const HEAD_DECIDES: ReadonlySet<string> = new Set(["rejects", "answers unknown"]);

export class Exchange {
  readonly process: Process;
  readonly request: SentRequest;
  /** The epoch in which it was sent. */
  readonly epoch: number;
  /** When the output gate let it pass. */
  sentAt = 0;
  entry: Entry | null = null;
  /** A write of its process has failed while it ran: what it has learned may not be recorded. */
  #isDoomed = false;
  #isRecorded = false;
  /** Whether its process has written anything since all of it arrived. */
  #isSettled = false;
  #hasAllArrived = false;
  /** Its record has an outcome that stays. What still comes is neither recorded nor read (docs/protocol.md 5.6.4). */
  isConcluded = false;
  isOver = false;
  endedAt = 0;
  readonly response = Promise.withResolvers<Response>();
  readonly #sim: Sim;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;

  constructor(sim: Sim, process: Process, request: SentRequest) {
    this.#sim = sim;
    this.process = process;
    this.request = request;
    this.epoch = sim.epochs.now;
    const { signal } = request;
    signal?.addEventListener("abort", () => this.#aborted(String(signal.reason)));
  }

  /** Nothing more comes of it. */
  fail(why: string): void {
    this.#later(`the origin: ${why}`, () => this.#end(new Error(why)));
  }

  /** Hands the head over, then the body in pieces, and its end. `upTo` is where it breaks off; null: it does not. */
  answer({ status, headers, body }: PlannedAnswer, upTo: number | null): void {
    this.#later(`head ${status}`, () => {
      const isEmpty = body.byteLength === 0;
      this.#headArrived();
      this.response.resolve(new Response(isEmpty ? null : this.#body(), { status, headers }));
      if (isEmpty) this.#end(null);
      else this.#pieces(body, 0, upTo);
    });
  }

  /** Some heads decide alone: what is missing of their bodies changes nothing. */
  #headArrived(): void {
    if (this.entry === null || !HEAD_DECIDES.has(this.entry.plan)) return;
    this.#hasAllArrived = true;
    this.entry.ended ??= { at: this.#sim.scheduler.stamp(), how: this.#isDoomed ? "dropped" : "answered" };
  }

  #body(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => this.#drop(),
    });
  }

  #pieces(body: Uint8Array, from: number, upTo: number | null): void {
    if (upTo !== null && from >= upTo) return this.fail("the connection is reset");
    if (from === body.byteLength) return this.#later("the end of the answer", () => this.#end(null));
    const to = Math.min(upTo ?? body.byteLength, from + this.#sim.choices.pick([200, 40, 7, 64]));
    this.#later(`piece up to ${to}`, () => {
      this.#controller?.enqueue(body.slice(from, to));
      this.#pieces(body, to, upTo);
    });
  }

  #later(what: string, run: () => void): void {
    if (this.isOver) return;
    this.#sim.scheduler.send(this.process, what, () => {
      if (!this.isOver) run();
    });
  }

  /**
   * The object has given it up, be it that all of it lies unread in a buffer. It learns of that from its own signal first, and then
   * from the connection.
   */
  #aborted(reason: string): void {
    if (this.isOver) {
      if (!this.#isSettled) this.#drop();
      return;
    }
    this.#over(false);
    this.response.reject(new Error(reason));
    // A body breaks off in a later step, and no time passes before it.
    this.#sim.scheduler.timer(this.process, 0, () => this.#controller?.error(new Error(reason)));
  }

  /** A probe whose answer can't be stored is over before its connection. */
  isProbing(process: Process): boolean {
    return this.request.method === "GET" && this.process === process && !this.isOver && !this.#isDoomed;
  }

  /** `error` is null where all of it has arrived. */
  #end(error: Error | null): void {
    if (this.isOver) return;
    this.#over(error === null);
    if (error === null) this.#controller?.close();
    else {
      this.response.reject(error);
      this.#controller?.error(error);
    }
  }

  #over(isWhole: boolean): void {
    this.isOver = true;
    this.endedAt = this.#sim.scheduler.stamp();
    this.#hasAllArrived ||= isWhole;
    const how = isWhole && !this.#isDoomed ? "answered" : "dropped";
    if (this.entry !== null) this.entry.ended ??= { at: this.endedAt, how };
  }

  /** The object wants no more of it, or its process has died. What lies unread in a buffer has not arrived. */
  #drop(): void {
    this.isOver = true;
    this.endedAt = this.#sim.scheduler.stamp();
    if (this.entry === null || HEAD_DECIDES.has(this.entry.plan)) return;
    this.#hasAllArrived = false;
    this.entry.ended = { at: this.entry.ended?.at ?? this.endedAt, how: "dropped" };
  }

  processEnded(): void {
    if (!this.isOver) this.#drop();
  }

  /** A write has failed. What has arrived, or arrives later, counts as lost unless it is written all the same. */
  doom(): void {
    this.#isDoomed = true;
    if (this.entry?.ended?.how === "answered" && !this.#isRecorded) {
      this.entry.ended = { at: this.entry.ended.at, how: "dropped" };
    }
  }

  /**
   * Its process has reported that the outcome can't be stored. The attempt is over then, though its connection may be open: what is
   * neither recorded nor read is read on for up to 10 s (docs/protocol.md 5.6.4), and the record is free for the next attempt or probe.
   */
  givenUp(): void {
    if (!this.#isDoomed || this.entry === null) return;
    this.entry.ended ??= { at: this.#sim.scheduler.stamp(), how: "dropped" };
    this.#isSettled = true;
  }

  /** Its process has written the record. An unknown outcome of this attempt is none, and what follows has none of it. */
  recorded(after: unknown): void {
    const { state, attempt } = Object(after) as Readonly<Record<string, unknown>>;
    if (state === "tombstone" && attempt === this.entry?.attempt) this.isConcluded = true;
    if (!this.#hasAllArrived || this.#isSettled) return;
    this.#isSettled = true;
    if (state === "pending" || (state === "unknown" && Number(attempt) >= (this.entry?.attempt ?? 0))) return;
    this.#isRecorded = true;
    const ended = this.entry?.ended;
    if (this.entry !== null && ended?.how === "dropped") this.entry.ended = { at: ended.at, how: "answered" };
  }
}
