/** The body of the origin's answer as it arrives, bounded by the deadline of its attempt and by how long it may be silent. */

/** What arrives next of a body. */
export type BodyPart =
  | { readonly kind: "piece"; readonly bytes: Uint8Array }
  /** All of it has arrived. */
  | { readonly kind: "end" }
  /** The end will never arrive. */
  | { readonly kind: "broken"; readonly why: string };

/** The source of a body. */
export interface BodySource {
  next(): Promise<BodyPart>;
  /** Reads and discards the rest, so that the origin does not see that a client hung up. */
  drain(): Promise<void>;
}

/**
 * A body that is neither recorded nor read is read on up to here, so that its connection can be used again. Then it is given up.
 */
const DRAIN_BYTES_MAX = 1_000_000;
const DRAIN_MS_MAX = 10_000;

const END: BodyPart = { kind: "end" };

export class AnswerBody implements BodySource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | null;
  readonly #idleTimeoutMs: number;
  readonly #abort: AbortController;
  readonly #deadline: ReturnType<typeof setTimeout>;
  /** Why it broke, or was cancelled; null where neither has happened. */
  #why: string | null = null;
  #isDrained = false;
  #reading: Promise<BodyPart> = Promise.resolve(END);

  /** `abort` ends the connection; `deadline` is the timer that will do so. */
  constructor(
    body: ReadableStream<Uint8Array> | null,
    idleTimeoutMs: number,
    abort: AbortController,
    deadline: ReturnType<typeof setTimeout>,
  ) {
    this.#reader = body?.getReader() ?? null;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#abort = abort;
    this.#deadline = deadline;
    if (this.#reader === null) clearTimeout(deadline);
    // Ends a waiting read, also where the body does not belong to the aborted connection.
    abort.signal.addEventListener("abort", () => this.#cancel(String(abort.signal.reason)));
  }

  /** Whether there is a body at all. */
  get exists(): boolean {
    return this.#reader !== null;
  }

  next(): Promise<BodyPart> {
    // One read at a time: a body may be drained while a reader that has left still waits, and the platform fails a second read.
    this.#reading = this.#reading.then(() => this.#read());
    return this.#reading;
  }

  /** Ends the exchange, so that the origin sees that no client waits for the rest. Without effect once all of it has arrived. */
  abandon(): void {
    this.#abort.abort("on_disconnect");
  }

  async #read(): Promise<BodyPart> {
    if (this.#reader === null) return END;
    const idle = setTimeout(() => this.#abort.abort("idle_timeout"), this.#idleTimeoutMs);
    try {
      const { done, value } = await this.#reader.read();
      if (!done) return { kind: "piece", bytes: value };
      clearTimeout(this.#deadline);
      // A cancelled read ends like a read at the end of the body.
      return this.#why === null ? END : { kind: "broken", why: this.#why };
    } catch (error) {
      clearTimeout(this.#deadline);
      this.#why ??= String(error);
      return { kind: "broken", why: this.#why };
    } finally {
      clearTimeout(idle);
    }
  }

  async drain(): Promise<void> {
    if (this.#isDrained) return;
    this.#isDrained = true;
    const timer = setTimeout(() => this.#abort.abort("not read"), DRAIN_MS_MAX);
    let left = DRAIN_BYTES_MAX;
    let part = await this.next();
    for (; part.kind === "piece" && left > 0; part = await this.next()) left -= part.bytes.byteLength;
    clearTimeout(timer);
    if (part.kind === "piece") this.#abort.abort("not read");
  }

  #cancel(why: string): void {
    this.#why ??= why;
    this.#reader?.cancel(why).catch(() => {
      // It broke by itself, which ends the read as well.
    });
  }
}
