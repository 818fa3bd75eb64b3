import { beforeEach, describe, expect, test, vi } from "vitest";
import { BodyBudget } from "../../../src/http/body-budget.ts";
import { HeldBody } from "../../../src/http/held-body.ts";

function hold(byteLength: number, budget = new BodyBudget()): { body: HeldBody; budget: BodyBudget } {
  const body = HeldBody.hold(new Uint8Array(byteLength).fill(7), budget, 1000);
  if (body === null) throw new Error("no room");
  return { body, budget };
}

function streamOf(body: Uint8Array | ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  if (body instanceof Uint8Array) throw new Error("it is no stream");
  return body;
}

async function bytesOf(body: Uint8Array | ReadableStream<Uint8Array>): Promise<number> {
  return (await new Response(body as BodyInit).arrayBuffer()).byteLength;
}

// The platform's, which Node doesn't have.
beforeEach(() => {
  function FixedLengthStream(): TransformStream {
    return new TransformStream();
  }
  vi.stubGlobal("FixedLengthStream", FixedLengthStream);
  return () => vi.unstubAllGlobals();
});

describe("a held body", () => {
  test("counts until it is released, once", () => {
    const { body, budget } = hold(100);
    expect([budget.heldBytes, body.isReleased]).toEqual([100, false]);
    body.release();
    body.release();
    expect([budget.heldBytes, body.isReleased]).toEqual([0, true]);
    expect(() => body.bytes).toThrow("released");
  });

  test("is none where the budget has no room", () => {
    const budget = new BodyBudget(99);
    expect(HeldBody.hold(new Uint8Array(100), budget, 1000)).toBeNull();
    expect(budget.heldBytes).toBe(0);
  });
});

describe("a held body that goes to an object", () => {
  test("stays where it is small, for another call", async () => {
    const { body } = hold(65_536);
    expect(await bytesOf(body.forCall())).toBe(65_536);
    expect(body.isReleased).toBe(false);
  });

  test("is released when the object has read all of it", async () => {
    const { body, budget } = hold(200_000);
    expect(await bytesOf(body.forCall())).toBe(200_000);
    expect([budget.heldBytes, body.isReleased]).toEqual([0, true]);
  });

  test("stays for another call where nothing was read but what the runtime reads ahead", async () => {
    const { body } = hold(200_000);
    const reader = streamOf(body.forCall()).getReader();
    await reader.read();
    await reader.cancel();
    expect(body.isReleased).toBe(false);
    expect(await bytesOf(body.forCall())).toBe(200_000);
  });

  test("is released where the object wants no more after it has begun to read", async () => {
    const { body, budget } = hold(200_000);
    const reader = streamOf(body.forCall()).getReader();
    await reader.read();
    await reader.read();
    await reader.cancel();
    expect(budget.heldBytes).toBe(0);
  });
});

describe("a held body that goes to an origin", () => {
  test("stays until it is released where it is small", async () => {
    const { body, budget } = hold(4096);
    expect(await bytesOf(body.forOrigin())).toBe(4096);
    expect(budget.heldBytes).toBe(4096);
    body.releaseUnlessSending();
    expect(budget.heldBytes).toBe(0);
  });

  test("is released when all of it was sent, though the origin does not answer", async () => {
    const { body, budget } = hold(200_000);
    expect(await bytesOf(body.forOrigin())).toBe(200_000);
    expect(budget.heldBytes).toBe(0);
  });

  test("is sent to its end where the origin answers before", async () => {
    const { body, budget } = hold(200_000);
    const sending = body.forOrigin();
    body.releaseUnlessSending();
    expect(budget.heldBytes).toBe(200_000);
    expect(await bytesOf(sending)).toBe(200_000);
    expect(budget.heldBytes).toBe(0);
  });

  test.each(["the connection breaks", "sending has failed"])("is released where %s", async (how) => {
    const { body, budget } = hold(200_000);
    const sending = streamOf(body.forOrigin());
    if (how === "the connection breaks") await sending.cancel();
    else body.release();
    await vi.waitFor(() => expect(budget.heldBytes).toBe(0));
  });
});
