/**
 * The body of an answer on its way from the origin into storage, and its readers. It arrives at the origin's speed. Each reader
 * takes from storage what is durable, at its own speed, so a slow reader delays no other and takes no memory.
 */

import { Gathered } from "../http/gathered.ts";
import { type BodySource } from "../origin/answer-body.ts";
import { type BodyEnd } from "../record/transition.ts";
import { type RecordedChunks, CHUNK_BYTES, inFullChunks } from "./chunk-store.ts";
import { type Readers } from "./readers.ts";
import { type StoredBody, INLINE_BYTES_MAX } from "./stored-body.ts";

/** `hold`: a body is passed on from memory alone. `keep`: it is stored, and read from its end on. `stream`: and read as it arrives. */
export type RecordingMode = "hold" | "keep" | "stream";

const CUT = "the answer broke off";

interface RecordingParts {
  readonly attemptId: string;
  readonly store: RecordedChunks;
  readonly source: BodySource;
  /** All that read from the object. */
  readonly audience: Readers;
  /** How long a reader may take nothing. */
  readonly idleTimeoutMs: number;
}

export class Recording {
  readonly attemptId: string;
  readonly firstRead = Promise.withResolvers<void>();
  readonly #store: RecordedChunks;
  readonly #source: BodySource;
  readonly #audience: Readers;
  readonly #idleTimeoutMs: number;
  /** Not stored yet. What is left here at the end, the recording never stores. */
  readonly #gathered = new Gathered();
  #held: Uint8Array | null = null;
  #chunks = 0;
  #durableChunks = 0;
  #bytes = 0;
  #end: BodyEnd | null = null;
  #why: string | null = null;
  /** What readers may learn about the end. `cut`: they will not get it. */
  #published: "nothing" | "end" | "cut" = "nothing";
  /** The piece by which the body overflowed. */
  #overflow: Uint8Array | null = null;
  /** Whether the first client has read what follows that piece. */
  #isAllRead = false;
  /** Whether the first client reads: no other client gets what follows an overflow. */
  #firstReads = false;
  #committing: Promise<void> | null = null;
  /** What a storage that fails has thrown. */
  readonly #faults: unknown[] = [];
  #readers = 0;
  #change = Promise.withResolvers<void>();

  constructor({ attemptId, store, source, audience, idleTimeoutMs }: RecordingParts) {
    this.attemptId = attemptId;
    this.#store = store;
    this.#source = source;
    this.#audience = audience;
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  /** How the body ended. Known when `receive` has returned. */
  get end(): BodyEnd {
    if (this.#end === null) throw new Error("the body has not ended");
    return this.#end;
  }

  /** Why it broke; null where it did not. */
  get why(): string | null {
    return this.#why;
  }

  /** The bytes that have arrived, without those that overflowed. */
  get byteLength(): number {
    return this.#bytes;
  }

  get readers(): number {
    return this.#readers;
  }

  /** Whether it has written chunks. If the body ended whole, they are all of it. */
  get hasChunks(): boolean {
    return this.#chunks > 0;
  }

  /** The body, as the record of a whole one refers to it. */
  get stored(): StoredBody {
    return { inline: this.hasChunks ? null : this.#held, chunks: this.#chunks };
  }

  /** Receives the body, up to `bytesMax`. Calls `onFirstBytes` once, when some of it can be read. Rejects if storage fails. */
  async receive(mode: RecordingMode, bytesMax: number, onFirstBytes: () => void = () => {}): Promise<void> {
    const enough = { hold: Infinity, keep: CHUNK_BYTES, stream: 1 }[mode];
    const limit = mode === "hold" ? Math.min(bytesMax, INLINE_BYTES_MAX) : bytesMax;
    for (;;) {
      const part = await this.#source.next();
      if (this.#faults.length > 0) throw this.#faults[0];
      if (part.kind !== "piece") {
        this.#end = part.kind === "end" ? "whole" : "broken";
        this.#why = part.kind === "end" ? null : part.why;
        break;
      }
      if (this.#bytes + part.bytes.byteLength > limit) {
        this.#overflow = part.bytes;
        this.#end = "overflowed";
        break;
      }
      this.#bytes += part.bytes.byteLength;
      this.#gathered.append(part.bytes);
      if (this.#gathered.byteLength >= enough) this.#committing ??= this.#commit(enough, onFirstBytes);
      // What arrives faster than it becomes durable waits at the origin.
      while (this.#gathered.byteLength >= CHUNK_BYTES && this.#faults.length === 0) await this.#change.promise;
    }
    await this.#committing;
    if (this.#mustWriteRest) await this.#commit(1, onFirstBytes);
    if (this.#faults.length > 0) throw this.#faults[0];
    this.#held = this.#gathered.take();
  }

  /** The last bytes are written where the body is stored in chunks. One that streams has none left: all commits are over. */
  get #mustWriteRest(): boolean {
    return this.#end === "whole" && (this.hasChunks || this.#gathered.byteLength > INLINE_BYTES_MAX);
  }

  /** Readers learn how the body ended, unless they were cut. Before this, storage could still roll the end back. */
  publishEnd(): void {
    if (this.#isCut) return;
    this.#published = "end";
    this.#changed();
    if (!this.#firstReads) this.#drain();
  }

  /** Readers will not get the end, because the record does not hold this body. */
  cut(): void {
    this.#published = "cut";
    this.#changed();
    this.#drain();
  }

  /** The body for the first client, who alone gets what follows an overflow. */
  readAsFirst(): Uint8Array | ReadableStream<Uint8Array> {
    return this.#inline ?? this.#open("first");
  }

  /** The body for a client that has joined. Null where too many read already. */
  readAsJoiner(): Uint8Array | ReadableStream<Uint8Array> | null {
    return this.#inline ?? (this.#audience.areTooMany ? null : this.#open("joiner"));
  }

  get #inline(): Uint8Array | null {
    return this.#end === "whole" && !this.hasChunks ? this.#held : null;
  }

  #open(by: "first" | "joiner"): ReadableStream<Uint8Array> {
    const pieces = this.#pieces(by);
    this.#readers++;
    if (by === "first") this.#firstReads = true;
    const next = async (): Promise<Uint8Array | null> => (await pieces.next()).value ?? null;
    const onLeave = (): void => {
      this.#readers--;
      this.#changed();
      if (by === "joiner") return;
      this.#firstReads = false;
      this.#drain();
    };
    return this.#audience.open({ next, onLeave }, this.#idleTimeoutMs);
  }

  /** Resolves when no reader is left, or after `withinMs`. */
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
    return this.#published === "cut";
  }

  async *#pieces(by: "first" | "joiner"): AsyncGenerator<Uint8Array> {
    for (let seq = 0; ;) {
      if (this.#isCut) throw new Error(CUT);
      if (seq < this.#durableChunks) {
        const bytes = this.#store.chunk(this.attemptId, seq++);
        if (bytes === null) throw new Error("the recorded answer is gone");
        this.firstRead.resolve();
        yield bytes;
      } else if (this.#published === "end") break;
      else await this.#change.promise;
    }
    if (this.#end === "whole") return;
    if (this.#end === "broken" || by === "joiner") throw new Error(CUT);
    if (this.#held !== null && this.#held.byteLength > 0) yield this.#held;
    for (let piece = this.#overflow; piece !== null;) {
      yield piece;
      const next = await this.#source.next();
      // After a cut the source is drained as well, so this reader may have missed pieces.
      if (next.kind === "broken" || this.#isCut) throw new Error(CUT);
      if (next.kind === "end") {
        this.#isAllRead = true;
        return;
      }
      piece = next.bytes;
    }
  }

  /** One commit at a time. What arrives during a commit goes into the next one, and so does what does not fill a chunk. */
  async #commit(enough: number, onFirstBytes: () => void): Promise<void> {
    try {
      while (this.#gathered.byteLength >= enough) {
        const ready = inFullChunks(this.#gathered.bytes);
        this.#chunks += this.#store.appendChunks(this.attemptId, this.#chunks, ready);
        this.#gathered.removeFirst(ready.byteLength);
        await this.#store.durable();
        const isFirst = this.#durableChunks === 0;
        this.#durableChunks = this.#chunks;
        this.#changed();
        if (isFirst) onFirstBytes();
      }
    } catch (error) {
      // `receive` checks for this after each piece.
      this.#faults.push(error);
      this.#changed();
    } finally {
      this.#committing = null;
    }
  }

  /** What is neither recorded nor read must not hold its connection until the deadline. `receive` reads while it runs. */
  #drain(): void {
    if (this.#isAllRead || (this.#end !== "overflowed" && this.#faults.length === 0)) return;
    // Where it breaks by itself, that ends the connection as well.
    this.#source.drain().catch(() => undefined);
  }

  #changed(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}
