import { beforeEach, describe, expect, test, vi } from "vitest";
import { BodyBudget } from "../../../src/http/body-budget.ts";
import { isRefusal } from "../../../src/http/problem.ts";
import { sha256 } from "../../../src/identity/digest.ts";
import { readRequestBody } from "../../../src/worker/request-body.ts";
import { openStream, streamOf, textOf } from "../http/streams.ts";

const { signal } = new AbortController();
const BOUNDS = { requestBytesMax: 10, uploadTimeoutMs: 60_000, uploadIdleTimeoutMs: 15_000 };

describe("3.6 body", () => {
  const TOO_LARGE = {
    kind: "problem",
    code: "body_too_large",
    detail:
      "This operation accepts bodies of at most 10 bytes where a key covers them or may be in them. Nothing was sent to the origin.",
  };
  const read = (
    body: ReadableStream<Uint8Array> | null,
    fields: Record<string, string> = {},
    budget = new BodyBudget(),
  ) => readRequestBody({ headers: new Headers(fields), request: { body, signal } }, BOUNDS, budget);

  test("is read whole up to the bound", async () => {
    const bytes = new TextEncoder().encode("1234567890");
    expect(await read(streamOf(["12345", "67890"]))).toMatchObject({ bytes, sha256: await sha256(bytes) });
    const empty = new Uint8Array();
    expect(await read(null)).toMatchObject({ bytes: empty, sha256: await sha256(empty) });
  });

  test("is refused beyond the bound, and the rest is left to be discarded", async () => {
    const { stream, cancelled, controller } = openStream();
    (await controller).enqueue(new Uint8Array(11));
    expect(await read(stream)).toEqual(TOO_LARGE);
    expect([stream.locked, cancelled]).toEqual([false, []]);
  });

  test("is counted as it arrives, whatever Content-Length says", async () => {
    expect(await read(streamOf(["12345678901"]), { "content-length": "5" })).toEqual(TOO_LARGE);
    for (const said of ["garbage", "-1", "2", "9"]) {
      const body = await read(streamOf(["hel", "lo"]), { "content-length": said });
      expect("bytes" in body && textOf(body.bytes)).toBe("hello");
    }
  });

  test("is refused unread where Content-Length is beyond the bound", async () => {
    const { stream } = openStream();
    expect(await read(stream, { "content-length": "11" })).toEqual(TOO_LARGE);
    expect(stream.locked).toBe(false);
  });

  test("is refused where the upload breaks off", async () => {
    expect(await read(streamOf(["12345"], new Error("reset")))).toEqual({ kind: "problem", code: "body_incomplete" });
  });

  describe("that takes too long", () => {
    beforeEach(() => {
      vi.useFakeTimers();
      return () => vi.useRealTimers();
    });

    test.each<[string, number, number]>([
      ["of which nothing arrives", Infinity, 15_000],
      ["that stops", 20_000, 15_000],
      ["that goes on slowly", 14_000, 60_000],
    ])("is refused, and the rest is not wanted: one %s", async (_, everyMs, refusedAfterMs) => {
      const { stream, cancelled, controller } = openStream();
      const budget = new BodyBudget();
      let body: unknown = null;
      void read(stream, { "content-length": "10" }, budget).then((read) => (body = read));
      const source = await controller;
      if (everyMs < Infinity) setInterval(() => source.enqueue(new Uint8Array(1)), everyMs);
      await vi.advanceTimersByTimeAsync(refusedAfterMs - 1);
      expect([body, cancelled]).toEqual([null, []]);
      await vi.advanceTimersByTimeAsync(1);
      expect([body, cancelled]).toEqual([{ kind: "problem", code: "body_timeout" }, [undefined]]);
      expect(budget.heldBytes).toBe(0);
    });

    test("leaves no timer behind where it arrives in time", async () => {
      await read(streamOf(["12345"]));
      expect(vi.getTimerCount()).toBe(0);
    });
  });
});

describe("the budget of held bodies", () => {
  const bounds = { ...BOUNDS, requestBytesMax: 1000 };
  const budgetOf = (bytesMax: number) => new BodyBudget(bytesMax);
  const read = async (body: ReadableStream<Uint8Array>, budget: BodyBudget, length?: number) => {
    const headers = new Headers(length === undefined ? {} : { "content-length": String(length) });
    const result = await readRequestBody({ headers, request: { body, signal } }, bounds, budget);
    return { result };
  };

  test("holds a body until it is released", async () => {
    const budget = budgetOf(100);
    const { result } = await read(streamOf(["12345"]), budget);
    expect(budget.heldBytes).toBe(5);
    if (isRefusal(result)) throw new Error(result.code);
    result.held.release();
    expect(budget.heldBytes).toBe(0);
  });

  test.each(["during its upload", "after its upload"])("gets a body back whose client leaves %s", async (when) => {
    const budget = budgetOf(100);
    const client = new AbortController();
    const { stream, controller } = openStream();
    const request = { headers: new Headers(), request: { body: stream, signal: client.signal } };
    const reading = readRequestBody(request, bounds, budget);
    const source = await controller;
    source.enqueue(new Uint8Array(10));
    if (when === "after its upload") {
      source.close();
      await reading;
    } else await new Promise((resolve) => setImmediate(resolve));
    expect(budget.heldBytes).toBe(10);
    client.abort();
    expect(budget.heldBytes).toBe(0);
  });

  test.each<[string, ReadableStream<Uint8Array>]>([
    ["that breaks off", streamOf([new Uint8Array(60)], new Error("reset"))],
    ["that is too large", streamOf([new Uint8Array(60), new Uint8Array(1000)])],
    ["beyond the budget", streamOf([new Uint8Array(60), new Uint8Array(60)])],
  ])("has nothing of a body %s", async (_, stream) => {
    const budget = budgetOf(100);
    const { result } = await read(stream, budget);
    expect(isRefusal(result)).toBe(true);
    expect(budget.heldBytes).toBe(0);
  });

  test("refuses a body that does not fit in as overloaded, and wants no more of it", async () => {
    const budget = budgetOf(100);
    const { stream, cancelled, controller } = openStream();
    const reading = read(stream, budget);
    (await controller).enqueue(new Uint8Array(60));
    (await controller).enqueue(new Uint8Array(60));
    expect((await reading).result).toEqual({ kind: "problem", code: "overloaded" });
    expect(cancelled).toHaveLength(1);
  });

  test("refuses a body that is declared larger than what is free, unread", async () => {
    const { stream } = openStream();
    expect((await read(stream, budgetOf(100), 101)).result).toEqual({ kind: "problem", code: "overloaded" });
    expect(stream.locked).toBe(false);
  });

  test("counts what has arrived, not what is declared", async () => {
    const budget = budgetOf(1000);
    const { stream, controller } = openStream();
    void read(stream, budget, 1000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(budget.heldBytes).toBe(0);
    (await controller).enqueue(new Uint8Array(10));
    await new Promise((resolve) => setImmediate(resolve));
    expect(budget.heldBytes).toBe(10);
  });
});
