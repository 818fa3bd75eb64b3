/** Those who read a body from this object, piece by piece: one that streams, or one that is stored. */

/** For one record, of all its bodies. Each reader holds an open call and a piece. */
const READERS_MAX = 1000;

/** Where one reader's pieces come from. */
export interface Pieces {
  /** Null at the end. Rejects where the body breaks off. */
  readonly next: () => Promise<Uint8Array | null>;
  /** Is called once, when the reader has all of it, has left, or was cut. */
  readonly onLeave?: () => void;
}

export class Readers {
  readonly #max: number;
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
      pieces.onLeave?.();
    };
    const reader = new Reader({ next: pieces.next, onLeave: leave }, idleTimeoutMs);
    return new ReadableStream(reader, { highWaterMark: 0 });
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
  readonly #pieces: Required<Pieces>;
  readonly #idleTimeoutMs: number;
  /** Since when the reader could take a piece, or ask for one. Null while it waits for one. */
  #idleSinceMs: number | null = Date.now();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isOver = false;

  constructor(pieces: Required<Pieces>, idleTimeoutMs: number) {
    this.#pieces = pieces;
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  start(controller: Controller): void {
    this.#look(controller);
  }

  async pull(controller: Controller): Promise<void> {
    this.#idleSinceMs = null;
    const piece = await this.#pieces.next().catch(() => "cut" as const);
    this.#idleSinceMs = Date.now();
    // It may have left meanwhile.
    if (this.#isOver) return;
    if (piece === "cut") this.#cut(controller, "the answer broke off");
    else if (piece === null) {
      this.#leave();
      controller.close();
    } else controller.enqueue(piece);
  }

  cancel(): void {
    this.#leave();
  }

  /** One timer for all pieces, because there may be many. */
  #look(controller: Controller): void {
    const nowMs = Date.now();
    const leftMs = (this.#idleSinceMs ?? nowMs) + this.#idleTimeoutMs - nowMs;
    if (leftMs <= 0) this.#cut(controller, "the reader takes nothing");
    else this.#timer = setTimeout(() => this.#look(controller), leftMs);
  }

  #cut(controller: Controller, why: string): void {
    this.#leave();
    controller.error(new Error(why));
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#pieces.onLeave();
  }
}
