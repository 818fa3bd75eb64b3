/** Those who read a body from this object, piece by piece: one that streams, or one that is stored. */

/** For one record, of all its bodies. Each reader holds an open call and a piece. */
const READERS_MAX = 1000;

/** Where one reader's pieces come from. */
export interface Pieces {
  /** Null at the end. Rejects where the body breaks off. */
  readonly next: () => Promise<Uint8Array | null>;
  /** Is called once, when the reader has all of it, has left, or was cut. */
  readonly onLeave: () => void;
}

export class Readers {
  readonly #max: number;
  readonly #readers = new WeakMap<ReadableStream, Reader>();
  #count = 0;

  constructor(max = READERS_MAX) {
    this.#max = max;
  }

  get areTooMany(): boolean {
    return this.#count >= this.#max;
  }

  /** The body for one reader, at its speed. A reader that takes nothing for `idleTimeoutMs` is cut. */
  open(pieces: Pieces, idleTimeoutMs: number): ReadableStream<Uint8Array> {
    this.#count++;
    const leave = (): void => {
      this.#count--;
      pieces.onLeave();
    };
    const reader = new Reader({ next: pieces.next, onLeave: leave }, idleTimeoutMs);
    const stream = new ReadableStream(reader, { highWaterMark: 0 });
    this.#readers.set(stream, reader);
    return stream;
  }

  /** The reader of `stream` has left, as far as another way than the stream shows. */
  leave(stream: ReadableStream): void {
    this.#readers.get(stream)?.cut("the reader has left");
  }

  /** The same for a body that is a stream already. */
  openStream(stream: ReadableStream<Uint8Array>, idleTimeoutMs: number): ReadableStream<Uint8Array> {
    const reader = stream.getReader();
    const next = async (): Promise<Uint8Array | null> => (await reader.read()).value ?? null;
    const cancel = (): void => {
      reader.cancel().catch(() => {
        // It broke by itself, which ends it as well.
      });
    };
    return this.open({ next, onLeave: cancel }, idleTimeoutMs);
  }
}

type Controller = ReadableStreamDefaultController<Uint8Array>;

class Reader implements UnderlyingSource<Uint8Array> {
  readonly #pieces: Pieces;
  readonly #idleTimeoutMs: number;
  /** Since when the reader could take a piece, or ask for one. Null while it waits for one. */
  #idleSinceMs: number | null = Date.now();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isOver = false;
  #controller: Controller | null = null;

  constructor(pieces: Pieces, idleTimeoutMs: number) {
    this.#pieces = pieces;
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  start(controller: Controller): void {
    this.#controller = controller;
    this.#look();
  }

  async pull(controller: Controller): Promise<void> {
    this.#idleSinceMs = null;
    const next = await this.#pieces.next().then(
      (piece) => ({ piece }),
      () => null,
    );
    this.#idleSinceMs = Date.now();
    // It may have left meanwhile.
    if (this.#isOver) return;
    if (next === null) return this.cut("the answer broke off");
    const { piece } = next;
    if (piece === null) {
      this.#leave();
      controller.close();
    } else controller.enqueue(piece);
  }

  cancel(): void {
    this.#leave();
  }

  cut(why: string): void {
    if (this.#isOver) return;
    this.#leave();
    this.#controller?.error(new Error(why));
  }

  /** One timer for all pieces, because there may be many. */
  #look(): void {
    const nowMs = Date.now();
    const leftMs = (this.#idleSinceMs ?? nowMs) + this.#idleTimeoutMs - nowMs;
    if (leftMs <= 0) this.cut("the reader takes nothing");
    else this.#timer = setTimeout(() => this.#look(), leftMs);
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#pieces.onLeave();
  }
}
