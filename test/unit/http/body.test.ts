import { describe, expect, test } from "vitest";

import { handOut, type Reading, readUpTo } from "../../../src/http/body.ts";
import { readRequestBody } from "../../../src/worker/incoming.ts";
import { sha256 } from "../../../src/identity/digest.ts";
import { openStream, streamOf, textOf } from "./streams.ts";

type Overflowed = Extract<Reading, { end: "overflowed" }>;

async function overflowed(stream: ReadableStream<Uint8Array>, bytesMax: number): Promise<Overflowed> {
  const reading = await readUpTo(stream, bytesMax);
  if (reading.end !== "overflowed") throw new Error(`the stream ended as ${reading.end}`);
  return reading;
}

describe("readUpTo", () => {
  test.each<[string, (string | Uint8Array)[], string]>([
    ["of one chunk", ["hello"], "hello"],
    ["of several chunks", ["he", "", "llo"], "hello"],
    ["of exactly the bound", ["12345", "67890"], "1234567890"],
    ["of nothing", [], ""],
  ])("returns a whole body %s", async (_, chunks, text) => {
    const reading = await readUpTo(streamOf(chunks), 10);
    expect(reading.end === "whole" && textOf(reading.bytes)).toBe(text);
  });

  test("treats no stream as an empty body", async () => {
    expect(await readUpTo(null, 0)).toEqual({ end: "whole", bytes: new Uint8Array() });
  });

  test("collects many small chunks in one buffer of their size", async () => {
    const reading = await readUpTo(streamOf(Array.from({ length: 10_000 }, (_, index) => String(index % 10))), 10_000);
    if (reading.end !== "whole") throw new Error(reading.end);
    expect(reading.bytes.buffer.byteLength).toBe(10_000);
    expect(textOf(reading.bytes.subarray(-12))).toBe("890123456789");
  });

  test("copies a chunk out of a larger buffer, so that the buffer can be freed", async () => {
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
  ])("stops if the body exceeds the bound by %s", async (_, chunks, bytesMax) => {
    const reading = await overflowed(streamOf([...chunks, "never read"]), bytesMax);
    expect(textOf((await reading.rest.read()).value ?? new Uint8Array())).toBe("never read");
  });

  test.each<[string, string[]]>([
    ["at once", []],
    ["after some of it", ["he", "llo"]],
    ["after all that is allowed", ["1234567890"]],
  ])("reports a body that breaks off %s", async (_, chunks) => {
    expect(await readUpTo(streamOf(chunks, new Error("reset")), 10)).toEqual({ end: "broken" });
  });
});

describe("3.6 body", () => {
  const TOO_LARGE = {
    kind: "problem",
    code: "body_too_large",
    detail:
      "This operation accepts bodies of at most 10 bytes where a key covers them or may be in them. Nothing was sent to the origin.",
  };
  const read = (stream: ReadableStream<Uint8Array> | null, fields: Record<string, string> = {}) =>
    readRequestBody(new Headers(fields), stream, 10);

  test("is read whole up to the bound", async () => {
    const bytes = new TextEncoder().encode("1234567890");
    expect(await read(streamOf(["12345", "67890"]))).toEqual({ bytes, sha256: await sha256(bytes) });
    const empty = new Uint8Array();
    expect(await read(null)).toEqual({ bytes: empty, sha256: await sha256(empty) });
  });

  test("is refused beyond the bound, and the rest of the upload is cancelled", async () => {
    const { stream, cancelled, controller } = openStream();
    (await controller).enqueue(new Uint8Array(11));
    expect(await read(stream)).toEqual(TOO_LARGE);
    expect(cancelled).toHaveLength(1);
  });

  test("is refused beyond the bound even if the upload breaks while it is cancelled", async () => {
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(11)),
      cancel: () => Promise.reject(new Error("reset")),
    });
    expect(await read(stream)).toEqual(TOO_LARGE);
  });

  test("is counted as it arrives, regardless of Content-Length", async () => {
    expect(await read(streamOf(["12345678901"]), { "content-length": "5" })).toEqual(TOO_LARGE);
    for (const length of ["garbage", "-1", "2", "9"]) {
      const body = await read(streamOf(["hel", "lo"]), { "content-length": length });
      expect("bytes" in body && textOf(body.bytes)).toBe("hello");
    }
  });

  test("is refused unread if Content-Length exceeds the bound", async () => {
    const { stream } = openStream();
    expect(await read(stream, { "content-length": "11" })).toEqual(TOO_LARGE);
    expect(stream.locked).toBe(false);
  });

  test("is refused if the upload breaks off", async () => {
    expect(await read(streamOf(["12345"], new Error("reset")))).toEqual({ kind: "problem", code: "body_incomplete" });
  });
});

describe("handOut", () => {
  const numbered = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index % 251);

  test.each([0, 1, 65_536])("returns %i bytes as they are", (length) => {
    const bytes = numbered(length);
    expect(handOut(bytes)).toBe(bytes);
  });

  test.each([
    [65_537, [65_536, 1]],
    [131_072, [65_536, 65_536]],
    [200_000, [65_536, 65_536, 65_536, 3392]],
  ])("streams %i bytes in pieces of %j, which share them", async (length, pieces) => {
    const bytes = numbered(length);
    const stream = handOut(bytes);
    if (stream instanceof Uint8Array) throw new Error("it was not divided");
    const lengths: number[] = [];
    let at = 0;
    for await (const piece of stream) {
      expect(Buffer.compare(piece, bytes.subarray(at, at + piece.byteLength))).toBe(0);
      expect(piece.buffer).toBe(bytes.buffer);
      lengths.push(piece.byteLength);
      at += piece.byteLength;
    }
    expect(lengths).toEqual(pieces);
  });

  test("gives each reader the whole", async () => {
    const bytes = numbered(100_000);
    const streams = [handOut(bytes), handOut(bytes)];
    for (const stream of streams) expect(new Uint8Array(await new Response(stream).arrayBuffer())).toEqual(bytes);
  });
});
