/** Streams that cross between the Worker and the object, with what the checks know of them. */

import { type AnswerReply } from "../../src/call/call.ts";
import { answerIdIn, isPrefix, joined } from "./bodies.ts";
import { BOUNDS } from "./bounds.ts";
import { type Process } from "./process.ts";
import { follow } from "./scheduler.ts";
import { CLIENTS, type Sim, count, mishap, noteBreak, objectNowMs, violate } from "./sim.ts";

interface Part {
  readonly done: boolean;
  readonly value?: Uint8Array | undefined;
}

/** The body of a reply, in the Worker's hands. */
export class RemoteBody {
  readonly #sim: Sim;
  readonly #process: Process;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #reply: AnswerReply;
  readonly #open: { readonly close: () => void };
  readonly #pieces: Uint8Array[] = [];
  readonly #epoch: number;
  #breakRead: ((error: Error) => void) | null = null;
  #isBroken = false;
  /** Since when it could have been read, by the object's clock: where that jumps ahead, the object cuts a reader early. */
  #idleSinceMs: number;
  #isOver = false;

  constructor(sim: Sim, process: Process, reply: AnswerReply, stream: ReadableStream<Uint8Array>) {
    this.#sim = sim;
    this.#process = process;
    this.#reply = reply;
    this.#reader = stream.getReader();
    this.#epoch = sim.epochs.now;
    this.#idleSinceMs = objectNowMs(sim);
    this.#open = process.open(() => this.breakOff());
    process.bodies.add(this);
    if (process.bodies.size >= BOUNDS.readers) process.crowdedAtStep = sim.scheduler.steps;
    // The object may cut it before it is read on.
    const closed = (): void => void process.bodies.delete(this);
    const cut = (): void => {
      const idleMs = objectNowMs(sim) - this.#idleSinceMs;
      if (idleMs >= sim.world.policy.idleTimeoutMs) noteBreak(sim, "a reader took nothing");
      closed();
    };
    void follow(this.#reader.closed, closed, cut);
    // The first client of an answer is bound by nothing.
    const others = [...process.bodies].filter((body) => body.#reply.speaker === "gateway").length;
    if (others > BOUNDS.readers) violate(sim, "P7", `${others} readers of one object`);
  }

  read(): Promise<Part> {
    const { promise, resolve, reject } = Promise.withResolvers<Part>();
    if (this.#isBroken) return Promise.reject(new Error("Network connection lost."));
    this.#breakRead = reject;
    this.#sim.scheduler.send(this.#process, "a read", () => {
      const got = ({ done, value }: Part): void => {
        this.#idleSinceMs = objectNowMs(this.#sim);
        this.#check(done, value);
        if (done) this.#end();
        const what = done ? "the end of a body" : "a piece of a body";
        this.#sim.scheduler.send(CLIENTS, what, () => resolve({ done, value }));
      };
      const broke = (error: Error): void => {
        this.#end();
        this.#sim.scheduler.send(CLIENTS, "a body breaks off", () => reject(error));
      };
      void follow(this.#reader.read(), got, broke);
    });
    return promise;
  }

  /** The Worker passes it on no more. */
  leave(): void {
    this.#sim.scheduler.send(this.#process, "a reader leaves", () => {
      this.#reply.seat?.[Symbol.dispose]();
      this.#end();
    });
  }

  /** The connection is lost, which the object learns a little later. */
  breakOff(): void {
    this.#isBroken = true;
    this.leave();
    this.#sim.scheduler.send(CLIENTS, "a body is lost", () => this.#breakRead?.(new Error("Network connection lost.")));
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#process.bodies.delete(this);
    this.#open.close();
  }

  /** What a reader gets is durable, and so is the record before it gets the end. */
  #check(isEnd: boolean, piece: Uint8Array | undefined): void {
    if (piece !== undefined) this.#pieces.push(piece);
    const { disk } = this.#sim.host;
    const got = joined(this.#pieces);
    const id = answerIdIn(got);
    const whole = id === null ? undefined : this.#sim.origin.bodies.get(id);
    if (id !== null && (whole === undefined || !isPrefix(got, whole))) {
      violate(this.#sim, "P2", "a reader gets what is no part of any answer");
    }
    const entry = id === null ? undefined : this.#sim.origin.answers.get(id);
    const isKept =
      entry !== undefined && whole !== undefined && whole.byteLength <= this.#sim.world.policy.responseBytesMax;
    if (!isKept || this.#process.storage.brokenBy !== null || this.#sim.epochs.now !== this.#epoch) return;
    if (
      this.#reply.mark.status !== "executed" &&
      this.#reply.mark.status !== "joined" &&
      this.#reply.mark.status !== "replayed"
    )
      return;
    if (!isDurable(got, disk.values)) violate(this.#sim, "P3", "a reader gets what is not durable");
    const record: unknown = disk.values.get("record");
    if (isEnd && Reflect.get(Object(record), "state") !== "completed") {
      violate(this.#sim, "P3", "a reader gets the end before the record is durable");
    }
  }
}

/** Whether some attempt's chunks begin with `got`. */
function isDurable(got: Uint8Array, values: ReadonlyMap<string, unknown>): boolean {
  const attempts = new Set([...values.keys()].flatMap((key) => /^chunk:(.*):\d+$/.exec(key)?.[1] ?? []));
  for (const attempt of attempts) {
    const chunks: Uint8Array[] = [];
    for (let seq = 0; ; seq++) {
      const chunk = values.get(`chunk:${attempt}:${seq}`);
      if (!(chunk instanceof Uint8Array)) break;
      chunks.push(chunk);
    }
    if (isPrefix(got, joined(chunks))) return true;
  }
  return got.byteLength === 0;
}

/** The body of a request as the object gets it: it is read over the network, and may break off or end early. */
export function uploadTo(
  sim: Sim,
  source: ReadableStream<Uint8Array>,
  process: Process,
  { isLeft, touched }: { readonly isLeft: () => boolean; readonly touched: () => void },
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  let isWanted = true;
  process.uploads++;
  const end = (): void => {
    if (isWanted) process.uploads--;
    isWanted = false;
  };
  const back = (what: string, run: () => void, resolve: () => void): void =>
    sim.scheduler.send(process, what, () => {
      if (isWanted) run();
      resolve();
    });
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>, resolve: () => void): void => {
    const { lossiness } = sim.world;
    const close = (): void => {
      end();
      controller.close();
    };
    const breakOff = (): void => {
      end();
      touched();
      controller.error(new Error("Network connection lost."));
    };
    if (isLeft() || mishap(sim, "upload breaks", lossiness * 2)) return back("an upload breaks", breakOff, resolve);
    if (mishap(sim, "upload ends early", lossiness * 3)) {
      touched();
      return back("an upload ends early", close, resolve);
    }
    void follow(reader.read(), ({ done, value }) => {
      if (done) back("the end of an upload", close, resolve);
      else back("a piece of an upload", () => controller.enqueue(value), resolve);
    });
  };
  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) =>
        new Promise<void>((resolve) => {
          sim.scheduler.send(CLIENTS, "a piece of an upload is asked for", () => pull(controller, resolve));
        }),
      cancel: () => {
        end();
        sim.scheduler.send(CLIENTS, "an upload is not wanted", () => {
          reader.cancel().catch(() => count(sim, "upload cancelled late"));
        });
      },
    },
    { highWaterMark: 0 },
  );
}
