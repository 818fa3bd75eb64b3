import { describe, expect, test, vi } from "vitest";
import { type Reading, discardUpTo, readUpTo } from "../../../src/http/body.ts";
import { openStream, streamOf, textOf } from "./streams.ts";

type Overflowed = Extract<Reading, { end: "overflowed" }>;

async function overflowed(stream: ReadableStream<Uint8Array>, bytesMax: number): Promise<Overflowed> {
  const reading = await readUpTo(stream, bytesMax);
  if (reading.end !== "overflowed") throw new Error(`the stream ended as ${reading.end}`);
  return reading;
}

describe("reading up to a bound", () => {
  test.each<[string, (string | Uint8Array)[], string]>([
    ["of one chunk", ["hello"], "hello"],
    ["of several chunks", ["he", "", "llo"], "hello"],
    ["of exactly the bound", ["12345", "67890"], "1234567890"],
    ["of nothing", [], ""],
  ])("hands back a whole body %s", async (_, chunks, text) => {
    const reading = await readUpTo(streamOf(chunks), 10);
    expect(reading.end === "whole" && textOf(reading.bytes)).toBe(text);
  });

  test("takes no stream for an empty body", async () => {
    expect(await readUpTo(null, 0)).toEqual({ end: "whole", bytes: new Uint8Array() });
  });

  test("holds many small chunks as one buffer of their size", async () => {
    const reading = await readUpTo(streamOf(Array.from({ length: 10_000 }, (_, index) => String(index % 10))), 10_000);
    if (reading.end !== "whole") throw new Error(reading.end);
    expect(reading.bytes.buffer.byteLength).toBe(10_000);
    expect(textOf(reading.bytes.subarray(-12))).toBe("890123456789");
  });

  test("copies a chunk out of a larger buffer, which would travel with it", async () => {
    const window = new TextEncoder().encode("[hello]").slice().subarray(1, 6);
    const reading = await readUpTo(streamOf([window]), 10);
    if (reading.end !== "whole") throw new Error(reading.end);
    expect(textOf(reading.bytes)).toBe("hello");
    expect(reading.bytes.buffer.byteLength).toBe(5);
  });

  test.each<[string, string[], number]>([
    ["one byte", ["12345", "678901"], 10],
    ["much", ["1".repeat(100)], 10],
    ["anything, where nothing is allowed", ["1"], 0],
  ])("stops where the body is over the bound by %s", async (_, chunks, bytesMax) => {
    const reading = await overflowed(streamOf([...chunks, "never read"]), bytesMax);
    expect(textOf((await reading.rest.read()).value ?? new Uint8Array())).toBe("never read");
  });

  test.each<[string, string[]]>([
    ["at once", []],
    ["after some of it", ["he", "llo"]],
    ["after all that is allowed", ["1234567890"]],
  ])("distinguishes a body that breaks off %s from a whole one", async (_, chunks) => {
    expect(await readUpTo(streamOf(chunks, new Error("reset")), 10)).toEqual({ end: "broken" });
  });
});

describe("discarding", () => {
  const TIMEOUTS = { wholeMs: 60_000, idleMs: 15_000 };

  test("ends with the stream, also where that fails or can't be cancelled", async () => {
    await discardUpTo(streamOf(["he", "llo"]), 5, TIMEOUTS);
    await discardUpTo(streamOf(["he"], new Error("reset")), 5, TIMEOUTS);
    const stubborn = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(6)),
      cancel: () => Promise.reject(new Error("reset")),
    });
    await discardUpTo(stubborn, 5, TIMEOUTS);
  });

  test("ends beyond the bound", async () => {
    const { stream, cancelled, controller } = openStream();
    (await controller).enqueue(new Uint8Array(6));
    await discardUpTo(stream, 5, TIMEOUTS);
    expect(cancelled).toHaveLength(1);
  });

  test.each([
    ["nothing comes", 300, { wholeMs: 60_000, idleMs: 500 }],
    ["it takes too long", 300, { wholeMs: 900, idleMs: 500 }],
  ])("ends where %s", async (_, everyMs, timeouts) => {
    vi.useFakeTimers();
    const { stream, cancelled, controller } = openStream();
    const discarded = discardUpTo(stream, 100, timeouts);
    for (let nth = 0; nth < 2; nth++) {
      await vi.advanceTimersByTimeAsync(everyMs);
      expect(cancelled).toEqual([]);
      (await controller).enqueue(new Uint8Array(1));
    }
    await vi.advanceTimersByTimeAsync(510);
    vi.useRealTimers();
    await discarded;
    expect(cancelled).toHaveLength(1);
  });
});
