import { beforeEach, describe, expect, test, vi } from "vitest";
import { Readers } from "../../../src/key-object/readers.ts";
import { openStream, streamOf } from "../http/streams.ts";

const IDLE_MS = 1000;
const PIECE = new Uint8Array([1]);

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

/** A reader of a body whose pieces the test sends. */
function open(readers: Readers) {
  const left: number[] = [];
  let arrive = Promise.withResolvers<Uint8Array | null>();
  const stream = readers.open({ next: () => arrive.promise, onLeave: () => left.push(Date.now()) }, IDLE_MS);
  const reader = stream.getReader();
  return {
    left,
    reader,
    send: async (piece: Uint8Array | null) => {
      // The stream asks for a piece a moment after its reader.
      await vi.advanceTimersByTimeAsync(0);
      const { resolve } = arrive;
      arrive = Promise.withResolvers();
      resolve(piece);
      await vi.advanceTimersByTimeAsync(0);
    },
  };
}

async function outcomeOf(reading: Promise<unknown>): Promise<string> {
  return reading.then(
    () => "piece",
    (error: unknown) => String(error),
  );
}

describe("a reader", () => {
  test("is one until the end of the body", async () => {
    const readers = new Readers(1);
    const { reader, send, left } = open(readers);
    expect(readers.areTooMany).toBe(true);
    const first = reader.read();
    await send(PIECE);
    expect((await first).value).toBe(PIECE);
    const last = reader.read();
    await send(null);
    expect((await last).done).toBe(true);
    expect([readers.areTooMany, left.length, vi.getTimerCount()]).toEqual([false, 1, 0]);
  });

  test.each(["before it has asked for a piece", "while it waits for a piece", "with a piece"])(
    "gives its place back once where it leaves %s",
    async (when) => {
      const readers = new Readers(1);
      const { reader, send, left } = open(readers);
      if (when !== "before it has asked for a piece") void reader.read().catch(() => undefined);
      await vi.advanceTimersByTimeAsync(0);
      if (when === "with a piece") await send(PIECE);
      await reader.cancel();
      expect([readers.areTooMany, left.length, vi.getTimerCount()]).toEqual([false, 1, 0]);
      await send(PIECE);
      expect(left).toHaveLength(1);
    },
  );

  test("that takes nothing for the idle time is cut", async () => {
    const readers = new Readers(1);
    const { reader, send, left } = open(readers);
    const first = reader.read();
    await send(PIECE);
    await first;
    await vi.advanceTimersByTimeAsync(IDLE_MS - 1);
    expect(left).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect([readers.areTooMany, left.length]).toEqual([false, 1]);
    expect(await outcomeOf(reader.read())).toContain("takes nothing");
  });

  test("that never asks for a piece is cut as well", async () => {
    const { reader, left } = open(new Readers());
    await vi.advanceTimersByTimeAsync(IDLE_MS);
    expect(left).toHaveLength(1);
    expect(await outcomeOf(reader.read())).toContain("takes nothing");
  });

  test("that waits for a piece is not cut, however long", async () => {
    const { reader, send, left } = open(new Readers());
    const first = reader.read();
    await vi.advanceTimersByTimeAsync(20 * IDLE_MS);
    expect(left).toEqual([]);
    await send(PIECE);
    expect(await outcomeOf(first)).toBe("piece");
    // From then on its time counts anew.
    await vi.advanceTimersByTimeAsync(IDLE_MS - 1);
    expect(left).toEqual([]);
  });

  test("of a stored body leaves it where it stops", async () => {
    const readers = new Readers(1);
    const { stream: stored, cancelled, controller } = openStream();
    (await controller).enqueue(PIECE);
    const reader = readers.openStream(stored, IDLE_MS).getReader();
    await reader.read();
    await vi.advanceTimersByTimeAsync(IDLE_MS);
    expect([readers.areTooMany, cancelled.length]).toEqual([false, 1]);
    expect(await outcomeOf(reader.read())).toContain("takes nothing");
  });

  test("of a stored body that breaks by itself is cut", async () => {
    const readers = new Readers(1);
    const reader = readers.openStream(streamOf(["one"], new Error("gone")), IDLE_MS).getReader();
    await reader.read();
    expect(await outcomeOf(reader.read())).toContain("the answer broke off");
    expect(readers.areTooMany).toBe(false);
    // Of a stream that it never opened it knows none.
    readers.leave(streamOf([]));
  });

  test("leaves where another way than its stream shows that", async () => {
    const readers = new Readers(1);
    const left: string[] = [];
    const stream = readers.open({ next: () => new Promise(() => {}), onLeave: () => left.push("left") }, IDLE_MS);
    const reading = outcomeOf(stream.getReader().read());
    readers.leave(stream);
    readers.leave(stream);
    expect(await reading).toContain("has left");
    expect([readers.areTooMany, left, vi.getTimerCount()]).toEqual([false, ["left"], 0]);
  });
});
