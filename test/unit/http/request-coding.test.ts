import { randomBytes } from "node:crypto";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { BodyBudget } from "../../../src/http/body-budget.ts";
import { decode, freeBytes, requestCodingOf } from "../../../src/http/request-coding.ts";

const MEGABYTE = 1_000_000;
const TEXT = '{"amount":100}';
const ENCODERS = { gzip: gzipSync, "x-gzip": gzipSync, deflate: deflateSync, br: brotliCompressSync } as const;
const CODINGS = Object.keys(ENCODERS) as (keyof typeof ENCODERS)[];

function within(budget = new BodyBudget(64 * MEGABYTE)) {
  return { budget, lifeMs: 60_000 };
}

function decodedText(bytes: Uint8Array, coding: keyof typeof ENCODERS, bytesMax = MEGABYTE): string {
  const decoded = decode(bytes, coding, bytesMax, within());
  return decoded.kind === "decoded" ? new TextDecoder().decode(decoded.bytes) : decoded.kind;
}

describe("3.6.5 the coding of a body", () => {
  test.each<[string | null, object]>([
    [null, { kind: "none" }],
    ["", { kind: "none" }],
    ["identity", { kind: "none" }],
    ["gzip", { kind: "known", coding: "gzip" }],
    [" GZip ", { kind: "known", coding: "gzip" }],
    ["x-gzip", { kind: "known", coding: "x-gzip" }],
    ["deflate", { kind: "known", coding: "deflate" }],
    ["br", { kind: "known", coding: "br" }],
    ["zstd", { kind: "unknown", written: "zstd" }],
    ["gzip, br", { kind: "unknown", written: "gzip, br" }],
    ["toString", { kind: "unknown", written: "toString" }],
    ["gzip\u00A0", { kind: "unknown", written: "gzip\u00A0" }],
    ["gzip;q=1", { kind: "unknown", written: "gzip;q=1" }],
  ])("%j is %j", (written, coding) => {
    expect(requestCodingOf(new Headers(written === null ? {} : { "content-encoding": written }))).toEqual(coding);
  });
});

describe("3.6.5 a coded body", () => {
  test.each(CODINGS)("is decoded: %s", (coding) => {
    expect(decodedText(ENCODERS[coding](TEXT), coding)).toBe(TEXT);
    expect(decodedText(ENCODERS[coding](""), coding)).toBe("");
  });

  test.each(CODINGS)("of exactly the bound is decoded, and of a byte more is not: %s", (coding) => {
    const bytes = ENCODERS[coding](new Uint8Array(5000));
    expect(decodedText(bytes, coding, 5000)).toHaveLength(5000);
    expect(decodedText(bytes, coding, 4999)).toBe("undecodable");
  });

  test.each(CODINGS)("that is cut short, or is not coded at all, is not decoded: %s", (coding) => {
    const bytes = ENCODERS[coding](TEXT);
    expect(decodedText(bytes.subarray(0, bytes.byteLength - 2), coding)).toBe("undecodable");
    expect(decodedText(new TextEncoder().encode(TEXT), coding)).toBe("undecodable");
  });

  test("is not decoded as deflate without its zlib header, which RFC 9110 requires", () => {
    expect(decodedText(deflateRawSync(TEXT), "deflate")).toBe("undecodable");
  });

  test.each(CODINGS)("of more than 1 MB and more than 25 times its length is not decoded: %s", (coding) => {
    const zeros = ENCODERS[coding](new Uint8Array(25 * MEGABYTE));
    const isDense = 25 * MEGABYTE <= 25 * zeros.byteLength;
    expect([coding, isDense]).toEqual([coding, false]);
    expect(decode(zeros, coding, 25 * MEGABYTE, within())).toEqual({ kind: "undecodable" });
    expect(decode(ENCODERS[coding](new Uint8Array(MEGABYTE)), coding, 25 * MEGABYTE, within()).kind).toBe("decoded");
    const noise = randomBytes(200_000);
    const repeated = new Uint8Array(3 * MEGABYTE).map((_, index) => noise[index % 200_000] ?? 0);
    expect(decode(ENCODERS[coding](repeated), coding, 25 * MEGABYTE, within()).kind).toBe("decoded");
  });

  test("is not decoded where no byte is allowed", () => {
    expect(decodedText(gzipSync(TEXT), "gzip", 0)).toBe("undecodable");
  });
});

describe("the memory of a decoded body", () => {
  test.each(CODINGS)("counts as long as it is held: %s", (coding) => {
    const budget = new BodyBudget(64 * MEGABYTE);
    const decoded = decode(ENCODERS[coding](new Uint8Array(300_000)), coding, MEGABYTE, within(budget));
    expect(budget.heldBytes).toBe(300_000);
    if (decoded.kind !== "decoded") throw new Error(decoded.kind);
    // Not a view of a larger buffer.
    expect(decoded.bytes.buffer.byteLength).toBe(300_000);
    decoded.lease.release();
    expect(budget.heldBytes).toBe(0);
    freeBytes(decoded.bytes);
    expect(decoded.bytes.byteLength).toBe(0);
  });

  test.each(CODINGS)("is refused where it does not fit in, while it grows and afterwards: %s", (coding) => {
    const budget = new BodyBudget(MEGABYTE);
    const other = budget.lease(60_000);
    const bytes = ENCODERS[coding](new Uint8Array(300_000));
    expect(other.resize(400_000)).toBe(true);
    expect(decode(bytes, coding, MEGABYTE, within(budget)).kind).toBe("decoded");
    other.resize(400_001);
    expect(decode(bytes, coding, MEGABYTE, within(budget))).toEqual({ kind: "no room" });
    expect(decode(bytes, coding, 299_999, within(budget))).toEqual({ kind: "no room" });
    other.resize(0);
  });

  test("is no more for a bomb than for a body of the bound", () => {
    const bomb = gzipSync(new Uint8Array(100 * MEGABYTE));
    const budget = new BodyBudget(64 * MEGABYTE);
    const before = process.memoryUsage().arrayBuffers;
    expect(decode(bomb, "gzip", MEGABYTE, within(budget))).toEqual({ kind: "undecodable" });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * MEGABYTE);
    expect(budget.heldBytes).toBe(0);
  });
});
