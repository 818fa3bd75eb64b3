/**
 * The body of an answer on its way from the origin into storage, and its readers. It comes at the origin's speed; each
 * reader takes from storage what is durable, at its own: a slow one costs nobody else time, and nobody memory.
 */

import { type BodySource } from "../origin/answer-body.ts";
import { Gathered, handOut } from "../http/body.ts";

/** Where the chunks of a body stand. Each belongs to an attempt, so that no body continues with another's. */
export interface ChunkStore {
  /** Writes `bytes` behind `seq` chunks, and says how many they made. */
  appendChunks(attemptId: string, seq: number, bytes: Uint8Array): number;
  chunk(attemptId: string, seq: number): Uint8Array | null;
  /** Resolves when all that was written is durable. */
  durable(): Promise<void>;
}

/**
 * What becomes of a body. `hold`: it is not kept, and goes on from memory. `keep`: it is kept, and nobody reads before its
 * end. `stream`: it is kept, and is read as it comes.
 */
export type RecordingMode = "hold" | "keep" | "stream";

/** Bodies up to this size stand in the record's own value, and in memory, so that most answers are one row. */
export const INLINE_BYTES_MAX = 65_536;

/** How much of a larger body is in memory at a time; what comes faster than it becomes durable waits at the origin. */
const COMMIT_BYTES = 262_144;

/** Each reader holds an open call. */
export const READERS_MAX = 1000;

const CUT = "the answer broke off";

export class Recording {
  readonly attemptId: string;
  readonly #store: ChunkStore;
  readonly #source: BodySource;
  /** Not in storage yet; what stays here in the end is never stored by the recording. */
  readonly #gathered = new Gathered();
  #held: Uint8Array | null = null;
  #chunks = 0;
  #durableChunks = 0;
  #bytes = 0;
  #end: "whole" | "broken" | "overflowed" | null = null;
  /** What readers may know of the end. `cut`: that they will not have it. */
  #told: "nothing" | "end" | "cut" = "nothing";
  /** The piece by which the body overflowed. */
  #overflow: Uint8Array | null = null;
  /** Whether there is anybody for what follows an overflow. */
  #firstReads = false;
  #committing: Promise<void> | null = null;
  #fault: unknown = null;
  #readers = 0;
  #change = Promise.withResolvers<void>();

  constructor(attemptId: string, store: ChunkStore, source: BodySource) {
    this.attemptId = attemptId;
    this.#store = store;
    this.#source = source;
  }

  /** How the body ended: known when `receive` is through. */
  get end(): "whole" | "broken" | "overflowed" {
    if (this.#end === null) throw new Error("the body has not ended");
    return this.#end;
  }

  /** Why it broke; null where it did not. */
  get why(): string | null {
    return this.#end === "broken" ? this.#source.why : null;
  }

  /** All that has come, but for what overflowed. */
  get byteLength(): number {
    return this.#bytes;
  }

  get readers(): number {
    return this.#readers;
  }

  /** Whether it has written chunks; if it ended as a whole, they are all of it. */
  get hasChunks(): boolean {
    return this.#chunks > 0;
  }

  /** The body for the record's own value; null where it stands in chunks. */
  get inline(): Uint8Array | null {
    return this.hasChunks ? null : this.#held;
  }

  /**
   * Takes the body in, up to `bytesMax`. `onFirstBytes` is called once, when some of it can be read. Rejects if the storage
   * fails.
   */
  async receive(mode: RecordingMode, bytesMax: number, onFirstBytes: () => void = () => {}): Promise<void> {
    const enough = { hold: Infinity, keep: COMMIT_BYTES, stream: 1 }[mode];
    const limit = mode === "hold" ? Math.min(bytesMax, INLINE_BYTES_MAX) : bytesMax;
    for (;;) {
      const piece = await this.#source.next();
      if (this.#fault !== null) throw this.#fault;
      if (piece === null || piece === "broken") {
        this.#end = piece === null ? "whole" : "broken";
        break;
      }
      if (this.#bytes + piece.byteLength > limit) {
        this.#overflow = piece;
        this.#end = "overflowed";
        break;
      }
      this.#bytes += piece.byteLength;
      this.#gathered.append(piece);
      if (this.#gathered.byteLength >= enough) this.#committing ??= this.#commit(enough, onFirstBytes);
      if (this.#gathered.byteLength >= COMMIT_BYTES) await this.#committing;
    }
    await this.#committing;
    if (this.#mustWriteRest(mode)) await this.#commit(1, onFirstBytes);
    if (this.#fault !== null) throw this.#fault;
    this.#held = this.#gathered.take();
  }

  /** What came last is written where it is kept in chunks, or where readers wait for it. */
  #mustWriteRest(mode: RecordingMode): boolean {
    if (mode === "hold" || this.#end === "overflowed") return false;
    const isKept = this.#end === "whole" && (this.hasChunks || this.#gathered.byteLength > INLINE_BYTES_MAX);
    return mode === "stream" || isKept;
  }

  /** Readers learn how the body ended. Until then the last of it could still be taken back. */
  tellEnd(): void {
    this.#told = "end";
    this.#changed();
    if (!this.#firstReads) this.#drain();
  }

  /** Readers will not get the end: there is nothing that they could rely on. */
  cut(): void {
    this.#told = "cut";
    this.#changed();
    this.#drain();
  }

  /** The body from its first byte. What follows an overflow goes to the first client alone. */
  read(by: "first" | "joiner"): Uint8Array | ReadableStream<Uint8Array> {
    if (this.#end === "whole" && !this.hasChunks && this.#held !== null) return handOut(this.#held);
    const pieces = this.#pieces(by);
    let reads = true;
    this.#readers++;
    if (by === "first") this.#firstReads = true;
    const leave = (): void => {
      if (reads) this.#readers--;
      reads = false;
      if (by === "first") this.#firstReads = false;
      this.#changed();
    };
    return new ReadableStream(
      {
        async pull(controller) {
          const next = await pieces.next().catch(() => null);
          if (next === null) {
            leave();
            controller.error(new Error(CUT));
          } else if (next.done) {
            leave();
            controller.close();
          } else controller.enqueue(next.value);
        },
        cancel: () => {
          leave();
          if (by === "first") this.#drain();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Resolves when nobody reads any more, or `withinMs` are over. */
  async readersGone(withinMs: number): Promise<void> {
    const { promise: timeIsUp, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, withinMs);
    await Promise.race([this.#lastReader(), timeIsUp]);
    clearTimeout(timer);
  }

  async #lastReader(): Promise<void> {
    while (this.#readers > 0) await this.#change.promise;
  }

  get #isCut(): boolean {
    return this.#told === "cut";
  }

  async *#pieces(by: "first" | "joiner"): AsyncGenerator<Uint8Array> {
    for (let seq = 0; ;) {
      if (this.#isCut) throw new Error(CUT);
      if (seq < this.#durableChunks) {
        const bytes = this.#store.chunk(this.attemptId, seq++);
        if (bytes === null) throw new Error("the recorded answer is gone");
        yield bytes;
      } else if (this.#told === "end") break;
      else await this.#change.promise;
    }
    if (this.#end === "whole") return;
    if (this.#end === "broken" || by === "joiner") throw new Error(CUT);
    if (this.#held !== null && this.#held.byteLength > 0) yield this.#held;
    for (let piece = this.#overflow; piece !== null;) {
      yield piece;
      const next = await this.#source.next();
      // Once it is cut, pieces are drained besides, so this reader may have missed some.
      if (next === "broken" || this.#isCut) throw new Error(CUT);
      piece = next;
    }
  }

  /** One commit at a time; what comes meanwhile goes into the next. */
  async #commit(enough: number, onFirstBytes: () => void): Promise<void> {
    try {
      while (this.#gathered.byteLength >= enough) {
        this.#chunks += this.#store.appendChunks(this.attemptId, this.#chunks, this.#gathered.bytes);
        this.#gathered.clear();
        const written = this.#chunks;
        await this.#store.durable();
        const isFirst = this.#durableChunks === 0;
        this.#durableChunks = written;
        this.#changed();
        if (isFirst) onFirstBytes();
      }
    } catch (error) {
      // Whoever receives the body looks for this after each piece.
      this.#fault = error ?? new Error("the storage failed");
    } finally {
      this.#committing = null;
    }
  }

  /** What nobody will read must not hold its connection until the deadline. While it is received, it is read. */
  #drain(): void {
    if (this.#end !== "overflowed" && this.#fault === null) return;
    this.#source.drain().catch(() => {
      // It broke by itself, which is as good.
    });
  }

  #changed(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
