import { describe, expect, test } from "vitest";
import { type RecordedChunks } from "../../../src/key-object/chunk-store.ts";
import { Readers } from "../../../src/key-object/readers.ts";
import { Recording } from "../../../src/key-object/recording.ts";
import { type BodyPart, type BodySource } from "../../../src/origin/answer-body.ts";
import { textOf } from "../http/streams.ts";
import { type PieceReader, pieceReader } from "./piece-reader.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Storage whose commits the test makes durable, one by one. */
class Storage implements RecordedChunks {
  readonly chunks: Uint8Array[] = [];
  readonly #commits: PromiseWithResolvers<void>[] = [];
  /** Whether commits are durable at once. */
  instant = true;

  appendChunks(_: string, seq: number, bytes: Uint8Array): number {
    expect(seq).toBe(this.chunks.length);
    let count = 0;
    for (let at = 0; at < bytes.byteLength; at += 262_144, count++) this.chunks.push(bytes.slice(at, at + 262_144));
    return count;
  }

  chunk(_: string, seq: number): Uint8Array | null {
    return this.chunks[seq] ?? null;
  }

  durable(): Promise<void> {
    if (this.instant) return Promise.resolve();
    const commit = Promise.withResolvers<void>();
    this.#commits.push(commit);
    return commit.promise;
  }

  get commits(): number {
    return this.#commits.length;
  }

  async finish(nth: number, error?: Error): Promise<void> {
    if (error === undefined) this.#commits[nth]?.resolve();
    else this.#commits[nth]?.reject(error);
    await tick();
  }
}

/** A body that comes as the test sends it. */
class Source implements BodySource {
  drained = false;
  readonly #pieces: (Uint8Array | null | string)[] = [];
  #wake = Promise.withResolvers<void>();

  send(...pieces: (string | Uint8Array | null)[]): Promise<void> {
    for (const piece of pieces) {
      const isText = typeof piece === "string" && piece !== "broken";
      this.#pieces.push(isText ? bytesOf(piece) : piece);
    }
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
    return tick();
  }

  async next(): Promise<BodyPart> {
    while (this.#pieces.length === 0) await this.#wake.promise;
    const piece = this.#pieces.shift() ?? null;
    if (typeof piece === "string") return { kind: "broken", why: "reset" };
    return piece === null ? { kind: "end" } : { kind: "piece", bytes: piece };
  }

  async drain(): Promise<void> {
    this.drained = true;
    for (let part = await this.next(); part.kind === "piece";) part = await this.next();
  }
}

function setUp(mode: "hold" | "keep" | "stream", bytesMax = 1_000_000, audience = new Readers()) {
  const storage = new Storage();
  const source = new Source();
  const recording = new Recording({ attemptId: "attempt", store: storage, source, audience, idleTimeoutMs: 60_000 });
  let firstBytes = 0;
  const received = recording.receive(mode, bytesMax, () => firstBytes++);
  return { storage, source, recording, received, firstBytes: () => firstBytes };
}

function readerOf(recording: Recording, by: "first" | "joiner" = "joiner"): PieceReader {
  return pieceReader(by === "first" ? recording.readAsFirst() : recording.readAsJoiner());
}

describe("a body that streams", () => {
  test("is read no sooner than it is durable", async () => {
    const { storage, source, recording, received, firstBytes } = setUp("stream");
    storage.instant = false;
    const reader = readerOf(recording, "first");
    let seen: string | null = "nothing";
    const reading = reader.next().then((piece) => (seen = piece));
    await source.send("one");
    expect([storage.chunks.map(textOf), seen, firstBytes()]).toEqual([["one"], "nothing", 0]);
    await storage.finish(0);
    await reading;
    expect([seen, firstBytes()]).toEqual(["one", 1]);
    await source.send(null);
    await received;
    recording.publishEnd();
    expect(await reader.next()).toBeNull();
  });

  test("gives none of what is written and not durable yet to a reader that comes meanwhile", async () => {
    const { storage, source, recording, received } = setUp("stream");
    storage.instant = false;
    await source.send("one");
    const readers = [readerOf(recording, "first"), readerOf(recording)];
    const seen: (string | null)[] = [];
    const reading = readers.map((reader) => reader.next().then((piece) => seen.push(piece)));
    await tick();
    expect([storage.chunks.map(textOf), seen]).toEqual([["one"], []]);
    await storage.finish(0);
    await Promise.all(reading);
    expect(seen).toEqual(["one", "one"]);
    await source.send(null);
    await received;
  });

  test("is refused to those who join where too many read already, and not to the first client", async () => {
    const { source, recording, received } = setUp("stream", 1_000_000, new Readers(1));
    const joined = readerOf(recording);
    expect(recording.readAsJoiner()).toBeNull();
    const first = readerOf(recording, "first");
    await source.send("whole", null);
    await received;
    recording.publishEnd();
    for (const reader of [joined, first]) expect([await reader.next(), await reader.next()]).toEqual(["whole", null]);
    expect(recording.readAsJoiner()).not.toBeNull();
  });

  test("makes one commit at a time, and what comes meanwhile goes into the next", async () => {
    const { storage, source, received } = setUp("stream");
    storage.instant = false;
    await source.send("one", "two", "three", "four");
    expect([storage.commits, storage.chunks.map(textOf)]).toEqual([1, ["one"]]);
    await source.send(null);
    await storage.finish(0);
    expect([storage.commits, storage.chunks.map(textOf)]).toEqual([2, ["one", "twothreefour"]]);
    await storage.finish(1);
    await received;
  });

  test("fills its chunks where it arrives faster than it becomes durable", async () => {
    const { storage, source, received } = setUp("stream");
    storage.instant = false;
    const piece = new Uint8Array(100_000);
    await source.send("first", piece, piece, piece, piece, null);
    await storage.finish(0);
    await storage.finish(1);
    await storage.finish(2);
    await received;
    expect(storage.chunks.map((chunk) => chunk.byteLength)).toEqual([5, 262_144, 137_856]);
  });

  test("does not end for its readers before its end is published", async () => {
    const { source, recording, received } = setUp("stream");
    const reader = readerOf(recording);
    await source.send("whole", null);
    await received;
    expect(await reader.next()).toBe("whole");
    let ended = false;
    const end = reader.next().then((piece) => (ended = piece === null));
    await tick();
    expect(ended).toBe(false);
    recording.publishEnd();
    expect(await end).toBe(true);
  });

  test.each(["published as broken", "cut"])("is cut for all of its readers: %s", async (how) => {
    const { source, recording, received } = setUp("stream");
    const readers = [readerOf(recording, "first"), readerOf(recording)];
    await source.send("part", "broken");
    await received;
    expect([recording.end, recording.why]).toEqual(["broken", "reset"]);
    for (const reader of readers) expect(await reader.next()).toBe("part");
    if (how === "cut") {
      recording.cut();
      // What comes later does not make it whole.
      recording.publishEnd();
    } else recording.publishEnd();
    for (const reader of readers) expect(await reader.next()).toBe("cut");
    expect(recording.readers).toBe(0);
  });

  test("is cut at once where that happens before its end, also for a reader that waits", async () => {
    const { source, recording } = setUp("stream");
    const reader = readerOf(recording);
    await source.send("one");
    expect(await reader.next()).toBe("one");
    expect(() => recording.end).toThrow("the body has not ended");
    const waiting = reader.next();
    recording.cut();
    recording.publishEnd();
    expect(await waiting).toBe("cut");
  });

  test("that was cut stays cut, whatever its record says afterwards", async () => {
    const { source, recording, received } = setUp("stream");
    const reader = readerOf(recording);
    await source.send("one", null);
    await received;
    recording.cut();
    recording.publishEnd();
    expect(await reader.next()).toBe("cut");
  });

  test("is cut where one of its chunks is lost, and does not end as if it were whole", async () => {
    const { storage, source, recording, received } = setUp("stream");
    const reader = readerOf(recording);
    await source.send("one", "two", null);
    await received;
    recording.publishEnd();
    storage.chunks.pop();
    expect(await reader.next()).toBe("one");
    expect(await reader.next()).toBe("cut");
  });

  test("shows once that there is something to read", async () => {
    const { source, received, firstBytes } = setUp("stream");
    await source.send("one");
    await source.send("two", null);
    await received;
    expect(firstBytes()).toBe(1);
  });

  test("is read by each at its own speed, from its beginning", async () => {
    const { source, recording, received } = setUp("stream");
    const quick = readerOf(recording);
    await source.send("one");
    expect(await quick.next()).toBe("one");
    await source.send("two");
    expect(await quick.next()).toBe("two");
    const late = readerOf(recording);
    await source.send(null);
    await received;
    recording.publishEnd();
    expect([await late.next(), await late.next(), await late.next()]).toEqual(["one", "two", null]);
    expect(await quick.next()).toBeNull();
  });

  test("fails where the storage fails, and cuts its readers", async () => {
    const { storage, source, recording, received } = setUp("stream");
    storage.instant = false;
    const reader = readerOf(recording, "first");
    const failed = received.then(
      () => "nothing",
      (error: unknown) => String(error),
    );
    await source.send("one");
    await storage.finish(0, new Error("disk I/O error"));
    await source.send("two");
    expect(await failed).toBe("Error: disk I/O error");
    recording.cut();
    expect(await reader.next()).toBe("cut");
    expect(source.drained).toBe(true);
  });
});

describe("storage that fails", () => {
  const failure = new Error("disk I/O error");

  test("at once ends the recording of a body that has filled a chunk", async () => {
    const { storage, source, received } = setUp("keep");
    const outcome = received.then(() => "received", String);
    storage.appendChunks = () => {
      throw failure;
    };
    await source.send(new Uint8Array(262_144), new Uint8Array(1));
    expect(await outcome).toBe(String(failure));
  });

  test("while more waits for it ends the recording", async () => {
    const { storage, source, received } = setUp("keep");
    const outcome = received.then(() => "received", String);
    storage.instant = false;
    await source.send(new Uint8Array(262_144), new Uint8Array(262_144), new Uint8Array(1));
    await storage.finish(0, failure);
    expect(await outcome).toBe(String(failure));
  });

  test("at the last bytes ends the recording, which is not whole then", async () => {
    const { storage, source, received } = setUp("keep");
    const outcome = received.then(() => "received", String);
    storage.instant = false;
    await source.send(new Uint8Array(100_000), null);
    await storage.finish(0, failure);
    expect(await outcome).toBe(String(failure));
  });
});

describe("a body beyond the bound", () => {
  test("goes on to the first client alone, from storage, from memory, and from the origin", async () => {
    const { source, recording, received } = setUp("stream", 6);
    const [first, joined] = [readerOf(recording, "first"), readerOf(recording)];
    await source.send("123456", "7");
    await received;
    expect([recording.end, recording.byteLength]).toEqual(["overflowed", 6]);
    expect([await first.next(), await joined.next()]).toEqual(["123456", "123456"]);
    recording.publishEnd();
    expect([await first.next(), await joined.next()]).toEqual(["7", "cut"]);
    await source.send("89", null);
    expect([await first.next(), await first.next()]).toEqual(["89", null]);
    expect(source.drained).toBe(false);
  });

  test("that is cut in the middle of what follows never ends as if it were whole", async () => {
    const { source, recording, received } = setUp("stream", 2);
    const first = readerOf(recording, "first");
    await source.send("12", "3");
    await received;
    recording.publishEnd();
    expect([await first.next(), await first.next()]).toEqual(["12", "3"]);
    const waiting = first.next();
    recording.cut();
    await source.send("4", "5", "6", null);
    expect(await waiting).toBe("cut");
  });

  test("that breaks in what follows never ends as if it were whole", async () => {
    const { source, recording, received } = setUp("stream", 2);
    const first = readerOf(recording, "first");
    await source.send("12", "3");
    await received;
    recording.publishEnd();
    await source.send("broken");
    expect([await first.next(), await first.next(), await first.next()]).toEqual(["12", "3", "cut"]);
  });

  test("is read to its end where the first client leaves in the middle of what follows", async () => {
    const { source, recording, received } = setUp("stream", 2);
    const first = readerOf(recording, "first");
    await source.send("12", "3", "4");
    await received;
    recording.publishEnd();
    expect([await first.next(), await first.next(), await first.next()]).toEqual(["12", "3", "4"]);
    expect(source.drained).toBe(false);
    await first.leave();
    expect(source.drained).toBe(true);
  });

  test("is read to its end where only those read who have joined, and where it is cut", async () => {
    for (const isCut of [true, false]) {
      const { source, recording, received } = setUp("stream", 2);
      const joined = readerOf(recording);
      await source.send("12", "3");
      await received;
      if (isCut) recording.cut();
      else recording.publishEnd();
      expect(source.drained).toBe(true);
      if (!isCut) expect(await joined.next()).toBe("12");
      expect(await joined.next()).toBe("cut");
    }
  });

  test("is read to its end for nobody, so that a hang-up does not reach the origin", async () => {
    const { source, recording, received } = setUp("stream", 2);
    const first = readerOf(recording, "first");
    await source.send("123");
    await received;
    await first.leave();
    expect(source.drained).toBe(true);
  });

  test("is read to its end where the first client left before, or never got it", async () => {
    for (const leaves of [true, false]) {
      const { source, recording, received } = setUp("stream", 2);
      if (leaves) await readerOf(recording, "first").leave();
      await source.send("123");
      await received;
      expect(source.drained).toBe(false);
      recording.publishEnd();
      expect(source.drained).toBe(true);
    }
  });

  test("is none of exactly the bound", async () => {
    const { source, recording, received } = setUp("keep", 6);
    await source.send("123", "456", null);
    await received;
    expect([recording.end, textOf(recording.stored.inline ?? new Uint8Array())]).toEqual(["whole", "123456"]);
  });
});

describe("a body that is kept", () => {
  test.each([
    [65_536, 0],
    [65_537, 1],
    [262_143, 1],
    [262_144, 1],
    [262_145, 2],
    [700_000, 3],
  ])("of %i bytes is stored in %i chunks, whatever its pieces", async (bytes, chunks) => {
    for (const pieceBytes of [65_536, 1001, 99_999, 262_145, 600_000]) {
      await expectChunks(bytes, chunks, pieceBytes);
    }
  });

  async function expectChunks(bytes: number, chunks: number, pieceBytes: number): Promise<void> {
    const { storage, source, recording, received } = setUp("keep");
    const content = Uint8Array.from({ length: bytes }, (_, at) => at % 251);
    for (let at = 0; at < bytes; at += pieceBytes) await source.send(content.slice(at, at + pieceBytes));
    await source.send(null);
    await received;
    expect([storage.chunks.length, recording.byteLength, recording.hasChunks]).toEqual([chunks, bytes, chunks > 0]);
    expect(recording.stored.inline?.byteLength ?? null).toBe(chunks === 0 ? bytes : null);
    const full = storage.chunks.slice(0, -1).map((chunk) => chunk.byteLength);
    expect(full).toEqual(full.map(() => 262_144));
    const stored = Buffer.concat(chunks === 0 ? [recording.stored.inline ?? new Uint8Array()] : storage.chunks);
    expect(stored.equals(content)).toBe(true);
  }

  test("waits at the origin for what is not durable", async () => {
    const { storage, source, recording, received } = setUp("keep");
    storage.instant = false;
    await source.send(new Uint8Array(262_144), new Uint8Array(262_144), new Uint8Array(1), null);
    expect([storage.commits, recording.byteLength]).toEqual([1, 524_288]);
    await storage.finish(0);
    await storage.finish(1);
    await storage.finish(2);
    await received;
    expect(recording.byteLength).toBe(524_289);
  });

  test("writes nothing more of what broke off", async () => {
    const { storage, source, recording, received } = setUp("keep");
    await source.send(new Uint8Array(100_000), "broken");
    await received;
    expect([recording.end, storage.chunks.length]).toEqual(["broken", 0]);
  });
});

describe("a body that is held", () => {
  test("is never written, and overflows beyond 64 KiB, whatever the bound", async () => {
    const { storage, source, recording, received } = setUp("hold");
    await source.send(new Uint8Array(65_536), new Uint8Array(1));
    await received;
    recording.publishEnd();
    expect([recording.end, storage.chunks.length]).toEqual(["overflowed", 0]);
    expect(source.drained).toBe(true);
  });
});

test("readers are waited for, but not for ever", async () => {
  const { source, recording, received } = setUp("stream");
  const reader = readerOf(recording);
  await source.send("one", "broken");
  await received;
  await recording.readersGone(1);
  expect(recording.readers).toBe(1);
  let gone = false;
  const waiting = recording.readersGone(60_000).then(() => (gone = true));
  await tick();
  expect(gone).toBe(false);
  await reader.leave();
  expect(await waiting).toBe(true);
});
