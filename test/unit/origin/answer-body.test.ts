import { beforeEach, describe, expect, test, vi } from "vitest";
import { AnswerBody } from "../../../src/origin/answer-body.ts";
import { openStream } from "../http/streams.ts";

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

async function openBody() {
  const { stream, cancelled, controller } = openStream();
  const abort = new AbortController();
  const deadline = setTimeout(() => abort.abort("origin_deadline"), 600_000);
  const body = new AnswerBody(stream, 100_000, abort, deadline);
  return { body, cancelled, abort, source: await controller };
}

describe("a body that is neither recorded nor read", () => {
  test("is read to its end where that comes soon, and its connection goes on", async () => {
    const { body, cancelled, abort, source } = await openBody();
    const drained = body.drain();
    source.enqueue(new Uint8Array(1_000_000));
    source.close();
    await drained;
    expect([abort.signal.aborted, cancelled]).toEqual([false, []]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is given up after 1 MB", async () => {
    const { body, cancelled, abort, source } = await openBody();
    const drained = body.drain();
    for (let bytes = 0; bytes < 1_200_000; bytes += 100_000) source.enqueue(new Uint8Array(100_000));
    await drained;
    expect([abort.signal.reason, cancelled]).toEqual(["not read", ["not read"]]);
  });

  test.each(["is silent", "goes on slowly"])("is given up after 10 s where it %s", async (how) => {
    const { body, cancelled, abort, source } = await openBody();
    let isOver = false;
    void body.drain().then(() => (isOver = true));
    if (how === "goes on slowly") setInterval(() => source.enqueue(new Uint8Array(1)), 1001);
    await vi.advanceTimersByTimeAsync(9999);
    expect([abort.signal.aborted, isOver]).toEqual([false, false]);
    await vi.advanceTimersByTimeAsync(1);
    expect([abort.signal.reason, isOver, cancelled]).toEqual(["not read", true, ["not read"]]);
  });

  test("is drained once, whichever reader leaves", async () => {
    const { body, abort, source } = await openBody();
    const drained = [body.drain(), body.drain()];
    await drained[1];
    source.close();
    await drained[0];
    expect(abort.signal.aborted).toBe(false);
  });

  test("is drained behind a read that still waits, because a second one would fail", async () => {
    const { body, abort, source } = await openBody();
    const waiting = body.next();
    const drained = body.drain();
    await vi.advanceTimersByTimeAsync(10_000);
    await drained;
    expect([await waiting, abort.signal.reason]).toEqual([{ kind: "broken", why: "not read" }, "not read"]);
    expect(() => source.enqueue(new Uint8Array(1))).toThrow("closed");
  });
});
