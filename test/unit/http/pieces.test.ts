import { describe, expect, test } from "vitest";
import { inPieces } from "../../../src/http/pieces.ts";

describe("a body in pieces", () => {
  const numbered = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index % 251);

  test.each([
    [0, []],
    [1, [1]],
    [65_536, [65_536]],
    [65_537, [65_536, 1]],
    [131_072, [65_536, 65_536]],
    [200_000, [65_536, 65_536, 65_536, 3392]],
  ])("streams %i bytes in pieces of %j, which share them", async (length, pieces) => {
    const bytes = numbered(length);
    const stream = inPieces(bytes);
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
    const streams = [inPieces(bytes), inPieces(bytes)];
    for (const stream of streams) expect(new Uint8Array(await new Response(stream).arrayBuffer())).toEqual(bytes);
  });

  test("reports when its last piece was taken, and no sooner", async () => {
    let isOver = false;
    const reader = inPieces(new Uint8Array(70_000), { onEnd: () => (isOver = true) }).getReader();
    await reader.read();
    await reader.read();
    expect(isOver).toBe(false);
    expect((await reader.read()).done).toBe(true);
    expect(isOver).toBe(true);
  });

  test.each([0, 1, 2])("reports how many pieces a reader has asked for that cancels after %i", async (pieces) => {
    const cancels: number[] = [];
    const reader = inPieces(new Uint8Array(200_000), { onCancel: (pulls) => cancels.push(pulls) }).getReader();
    for (let nth = 0; nth < pieces; nth++) await reader.read();
    await reader.cancel();
    expect(cancels).toEqual([pieces]);
  });
});
