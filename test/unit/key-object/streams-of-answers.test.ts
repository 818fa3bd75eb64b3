/** Answers that stream, that are too large to store, or that have no whole body, and their readers. */

import { describe, expect, test, vi } from "vitest";
import { type AnswerReply, type LookReply } from "../../../src/call/call.ts";
import { type TombstoneRecord } from "../../../src/record/record.ts";
import { decodeRecord } from "../../../src/record/stored-record.ts";
import { openStream } from "../http/streams.ts";
import { rule } from "../record/answers.ts";
import { type PieceReader, pieceReader } from "./piece-reader.ts";
import { type MemoryStorage, JOURNAL, NOW_MS, call, look, pass, rig, silent, textOf } from "./rig.ts";

const stored = ({ values }: MemoryStorage) => decodeRecord(Object(values.get("record")));
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function answered(reply: LookReply): AnswerReply {
  if (reply.kind !== "answer") throw new Error(`it is not answered: ${JSON.stringify(reply)}`);
  return reply;
}

function readerOf(reply: LookReply): PieceReader {
  return pieceReader(answered(reply).body);
}

/** An answer whose body comes as the test sends it. */
function slow(fields: Record<string, string> = {}, status = 200) {
  const { stream, cancelled, controller } = openStream();
  const control = async (act: (controller: ReadableStreamDefaultController<Uint8Array>) => void): Promise<void> => {
    act(await controller);
    await pass();
  };
  return {
    origin: (): Response => new Response(stream, { status, headers: fields }),
    cancelled,
    send: (text: string | Uint8Array) => control((to) => to.enqueue(typeof text === "string" ? bytesOf(text) : text)),
    end: () => control((to) => to.close()),
    breakOff: () => control((to) => to.error(new Error("reset"))),
  };
}

const EVENTS = { "content-type": "text/event-stream" };
const OPERATOR = { tenant: "api.test", journal: JOURNAL, role: "operator" } as const;

describe("an answer that streams", () => {
  test("is passed on as it arrives, and replayed as a whole when it has", async () => {
    const { origin, send, end } = slow({ ...EVENTS, "content-length": "6", "set-cookie": "id=1" });
    const { start, storage } = rig(origin);
    const object = start();
    const early = object.submit(call());
    const waiting = object.submit(call());
    const reply = answered(await early);
    const mark = { recordedAtMs: null, expiresAtMs: null };
    expect(reply).toMatchObject({
      mark: { status: "executed", ...mark },
      speaker: "origin",
      headers: [
        ["content-type", "text/event-stream"],
        ["set-cookie", "id=1"],
      ],
      bodyBytes: 6,
      attempt: { number: 1, originStatus: 200 },
    });
    const first = readerOf(reply);
    await send("one");
    expect(await first.next()).toBe("one");
    // Those who waited read from its beginning, and so do those who come now.
    const joined = [await waiting, await object.look(look())];
    for (const one of joined) {
      expect(answered(one)).toMatchObject({ mark: { status: "joined", ...mark }, speaker: "gateway", bodyBytes: 6 });
      expect(answered(one).headers).toEqual([["content-type", "text/event-stream"]]);
    }
    expect(joined.map((one) => answered(one).waited)).toEqual([true, false]);
    const readers = joined.map(readerOf);
    for (const reader of readers) expect(await reader.next()).toBe("one");
    await send("two");
    for (const reader of [first, ...readers]) expect(await reader.next()).toBe("two");
    expect(stored(storage)).toMatchObject({ state: "pending" });
    await end();
    for (const reader of [first, ...readers]) expect(await reader.next()).toBeNull();
    expect(stored(storage)).toMatchObject({ state: "completed", answer: { bodyBytes: 6 } });
    const again = answered(await object.submit(call()));
    expect(again.mark.status).toBe("replayed");
    expect(await textOf(again.body)).toBe("onetwo");
  });

  test.each([
    ["by the policy", {}, true, true],
    ["by its type", EVENTS, false, true],
    ["not without either", {}, false, false],
  ])("is passed on before its end %s", async (_, fields, stream, isEarly) => {
    const { origin, send, end } = slow(fields);
    const { start } = rig(origin);
    const object = start();
    const replying = [object.submit(call({ policy: { stream } })), object.submit(call({ policy: { stream } }))];
    let there = 0;
    for (const reply of replying) void reply.then(() => there++);
    await pass();
    // More than a chunk, which is stored before the end.
    await send(new Uint8Array(300_000));
    expect(there).toBe(isEarly ? 2 : 0);
    await end();
    for (const reply of replying) {
      const { mark, body } = answered(await reply);
      expect([mark.recordedAtMs, (await textOf(body)).length]).toEqual([isEarly ? null : NOW_MS, 300_000]);
    }
  });

  test("without a body is answered as a whole", async () => {
    const { start } = rig(() => new Response(null, { status: 204, headers: EVENTS }));
    const reply = answered(await start().submit(call({ policy: { stream: true } })));
    expect([reply.mark.recordedAtMs, reply.body]).toEqual([NOW_MS, new Uint8Array()]);
  });

  test("ends for its readers when its end is durable, and not before", async () => {
    const { origin, send, end } = slow(EVENTS);
    const { start, storage } = rig(origin);
    const object = start();
    const reader = readerOf(await object.submit(call()));
    await send("one");
    expect(await reader.next()).toBe("one");
    const durable = Promise.withResolvers<void>();
    storage.onSync = () => durable.promise;
    await end();
    let isOver = false;
    const last = reader.next().finally(() => (isOver = true));
    await pass();
    expect([isOver, stored(storage).state]).toEqual([false, "completed"]);
    durable.resolve();
    expect(await last).toBeNull();
  });

  test("breaks for its readers where it breaks, and is unknown", async () => {
    const { origin, send, breakOff } = slow(EVENTS);
    const { start, storage, lines, reported } = rig(origin);
    const object = start();
    const reader = readerOf(await object.submit(call()));
    await send("one");
    expect(await reader.next()).toBe("one");
    await breakOff();
    expect(await reader.next()).toBe("cut");
    expect(stored(storage)).toMatchObject({ state: "unknown" });
    // The record names its chunks by its attempt.
    expect(storage.values.get("record")).not.toHaveProperty("abandoned");
    expect(lines()).toMatchObject([{ event: "no_answer", why: "Error: reset" }]);
    expect(reported).toMatchObject([{ state: "unknown", status: 200 }]);
    // Its chunks are no part of what follows.
    await pass();
    expect(storage.chunks).toEqual([]);
  });

  test("is cut where its chunks can't be written", async () => {
    const { origin, send } = slow(EVENTS);
    const { start, storage, lines } = rig(origin);
    const object = start();
    const reader = readerOf(await object.submit(call()));
    storage.onWrite = () => {
      throw new Error("the disk is full");
    };
    await send("one");
    await send("two");
    expect(await reader.next()).toBe("cut");
    expect(stored(storage).state).toBe("pending");
    expect(lines()).toMatchObject([{ event: "fault", where: "conclude", why: "Error: the disk is full" }]);
    storage.onWrite = () => {};
    expect(await object.submit(call())).toMatchObject({ code: "outcome_unknown" });
  });

  test.each([
    ["cancel", true],
    ["finish", false],
  ] as const)(
    "whose last reader has left is given up where the policy says so: %s",
    async (onDisconnect, isGivenUp) => {
      const { origin, send, cancelled } = slow(EVENTS);
      const { start, storage } = rig(origin);
      const object = start();
      const policy = { onDisconnect, originDeadlineMs: 600_000 };
      const reader = readerOf(await object.submit(call({ policy })));
      const joining = object.submit(call({ policy }));
      await send("one");
      const other = readerOf(await joining);
      expect([await reader.next(), await other.next()]).toEqual(["one", "one"]);
      await reader.leave();
      await pass(1000);
      expect(cancelled).toEqual([]);
      await other.leave();
      await pass();
      expect([cancelled.length, stored(storage).state]).toEqual(isGivenUp ? [1, "unknown"] : [0, "pending"]);
    },
  );

  test("that ends while its readers are slow gives them its chunks, and deletes those of no record then", async () => {
    const { origin, send, breakOff } = slow(EVENTS);
    const { start, storage, waits } = rig(origin);
    const object = start();
    const reader = readerOf(
      await object.submit(call({ policy: { originDeadlineMs: 600_000, idleTimeoutMs: 60_000 } })),
    );
    await send("one");
    await send("two");
    await breakOff();
    expect(storage.chunks).toHaveLength(2);
    expect([await reader.next(), await reader.next(), await reader.next()]).toEqual(["one", "two", "cut"]);
    await Promise.all(waits);
    expect([storage.chunks, vi.getTimerCount()]).toEqual([[], 0]);
  });

  test("is cut where its record was replaced meanwhile", async () => {
    const { origin, send, end } = slow(EVENTS);
    const { start, storage } = rig(origin);
    const reader = readerOf(await start().submit(call()));
    await send("one");
    expect(await reader.next()).toBe("one");
    storage.values.set("record", { ...Object(storage.values.get("record")), attempt_id: "another" } as object);
    const last = reader.next();
    await end();
    expect([await last, storage.chunks]).toEqual(["cut", []]);
  });

  test("and is undone stays for those who read it, and is deleted then", async () => {
    const { origin, send, end } = slow(EVENTS);
    const { start, storage } = rig(origin);
    const object = start();
    const outcomes = [rule({ event: "failed" }, "not-executed")];
    const reader = readerOf(await object.submit(call({ policy: { outcomes } })));
    await send("event: failed\ndata: 1\n\n");
    await end();
    expect([storage.chunks.length, await object.look(look())]).toEqual([1, { kind: "nothing" }]);
    expect([await reader.next(), await reader.next()]).toEqual(["event: failed\ndata: 1\n\n", null]);
    await pass();
    expect(storage.chunks).toEqual([]);
  });

  test("whose end can't be made durable does not end the attempt that has followed it", async () => {
    const { origin, send, end } = slow(EVENTS);
    const { start, storage, sent } = rig((request, nth) => (nth === 1 ? origin() : silent(request)));
    const object = start();
    const outcomes = [rule({ event: "failed" }, "not-executed")];
    const reader = readerOf(await object.submit(call({ policy: { outcomes } })));
    await send("event: failed\ndata: 1\n\n");
    await reader.next();
    const durable = Promise.withResolvers<void>();
    storage.onSync = () => durable.promise;
    await end();
    void object.submit(call());
    await pass();
    expect(sent).toHaveLength(2);
    durable.reject(new Error("disk I/O error"));
    await pass();
    let isOver = false;
    void object.submit(call()).then(() => (isOver = true));
    await pass();
    // It has joined.
    expect([isOver, stored(storage).state]).toEqual([false, "pending"]);
  });
});

describe("a reader", () => {
  test("of a stored answer is no work that the platform keeps the object for", async () => {
    const { origin, send, end } = slow(EVENTS);
    const { start, waits } = rig(origin);
    const reader = readerOf(await start().submit(call()));
    await send("one");
    await end();
    await pass();
    let isOver = false;
    void Promise.all(waits).then(() => (isOver = true));
    await pass();
    expect([isOver, await reader.next(), await reader.next()]).toEqual([true, "one", null]);
  });

  test("of an answer that is too large is cut where an operator frees its key", async () => {
    const { origin, send } = slow();
    const { start, storage } = rig(origin);
    const object = start();
    const replying = object.submit(call({ policy: { responseBytesMax: 300_000 } }));
    await send(new Uint8Array(300_000));
    await send("more");
    const reader = readerOf(await replying);
    for (let read = 0; read < 300_000;) read += (await reader.next())?.length ?? 300_000;
    expect([await reader.next(), stored(storage).state]).toEqual(["more", "tombstone"]);
    const waiting = reader.next();
    expect(object.operate(OPERATOR, { action: "release", attemptId: null }, null)).toMatchObject({ done: true });
    await send("and more");
    expect(await waiting).toBe("cut");
  });

  test("that leaves by its seat gives its place back, and is asked for nothing more", async () => {
    const { origin, send, end } = slow(EVENTS);
    const { start } = rig(origin);
    const object = start();
    const reply = answered(await object.submit(call()));
    const { body, seat } = reply;
    const reading = body instanceof ReadableStream ? body.getReader().read() : null;
    seat?.[Symbol.dispose]();
    await expect(reading).rejects.toThrow("the reader has left");
    await send("one");
    await end();
    expect(answered(await object.look(look())).mark.status).toBe("replayed");
  });

  test("that takes nothing for the idle time of the policy is cut", async () => {
    const { origin, send } = slow(EVENTS);
    const { start } = rig(origin);
    const object = start();
    const reader = readerOf(await object.submit(call({ policy: { idleTimeoutMs: 5000 } })));
    await send("one");
    await pass(5000);
    expect(await reader.next()).toBe("cut");
  });

  test("is one too many from the 1001st on, for those who join and for replays", async () => {
    const { origin, send, end } = slow(EVENTS);
    const { start } = rig(origin);
    const object = start();
    const first = answered(await object.submit(call()));
    await send(new Uint8Array(70_000));
    for (let nth = 1; nth < 1000; nth++) answered(await object.look(look()));
    expect(await object.look(look())).toMatchObject({ code: "in_flight" });
    await end();
    expect(await object.look(look())).toMatchObject({ code: "unavailable", mark: { status: "refused" } });
    first.seat?.[Symbol.dispose]();
    const replayed = answered(await object.look(look()));
    expect(replayed.mark.status).toBe("replayed");
    expect(await object.look(look())).toMatchObject({ code: "unavailable" });
    replayed.seat?.[Symbol.dispose]();
    expect(answered(await object.look(look())).mark.status).toBe("replayed");
  });

  test("of a small stored answer is none", async () => {
    const { start } = rig();
    const object = start();
    await object.submit(call());
    for (let nth = 0; nth < 1001; nth++) answered(await object.look(look()));
  });
});

describe("an answer that is too large to store", () => {
  test("goes to the first client alone, and none of it stays", async () => {
    const body = "x".repeat(300_001);
    const { start, storage, reported } = rig(() => new Response(body, { status: 201 }));
    const object = start();
    const policy = { responseBytesMax: 300_000, ttlMs: 3_600_000 };
    const first = object.submit(call({ policy }));
    const joiner = object.submit(call({ policy }));
    const mark = { recordedAtMs: NOW_MS, expiresAtMs: NOW_MS + 3_600_000 };
    const reply = answered(await first);
    expect(reply).toMatchObject({ mark: { status: "executed", ...mark }, status: 201, bodyBytes: null });
    expect(await textOf(reply.body)).toBe(body);
    const cause = { kind: "too large" };
    expect(await joiner).toMatchObject({ code: "replay_unavailable", cause, mark });
    expect((stored(storage) as TombstoneRecord).cause).toEqual(cause);
    await pass();
    expect(storage.chunks).toEqual([]);
    expect(reported).toMatchObject([{ state: "tombstone", cause: "attempt", status: 201 }]);
    expect(await object.submit(call())).toMatchObject({ code: "replay_unavailable", waited: false });
  });

  test("announces its length where the origin does", async () => {
    const { origin, send } = slow({ "content-length": "200000" });
    const { start } = rig(origin);
    const replying = start().submit(call({ policy: { responseBytesMax: 10 } }));
    await pass();
    await send(new Uint8Array(11));
    expect(answered(await replying).bodyBytes).toBe(200_000);
  });

  test("of exactly the bound is stored", async () => {
    const { start } = rig(() => new Response("x".repeat(300_000)));
    const object = start();
    await object.submit(call({ policy: { responseBytesMax: 300_000 } }));
    expect(await textOf(answered(await object.submit(call())).body)).toHaveLength(300_000);
  });

  test("with a coding that can't be decoded is passed on once", async () => {
    const { start, storage } = rig(() => new Response("coded", { headers: { "content-encoding": "dcb" } }));
    const object = start();
    const reply = answered(await object.submit(call()));
    expect(await textOf(reply.body)).toBe("coded");
    expect((stored(storage) as TombstoneRecord).cause).toEqual({ kind: "coded", coding: "dcb" });
    expect(await object.submit(call())).toMatchObject({ cause: { kind: "coded", coding: "dcb" } });
  });
});

describe("an answer that is not final", () => {
  test.each([
    [65_536, 1],
    [65_537, 0],
  ])("of %i bytes is passed on, to %i of those who joined, and not stored", async (bytes, joined) => {
    const { start, storage } = rig(() => new Response("x".repeat(bytes), { status: 429 }));
    const object = start();
    const [first, joiner] = [object.submit(call()), object.submit(call())];
    const reply = answered(await first);
    expect([reply.status, reply.mark.status, (await textOf(reply.body)).length]).toEqual([429, "released", bytes]);
    const other = await joiner;
    if (joined === 1) {
      expect(answered(other).mark.status).toBe("released");
      expect(await textOf(answered(other).body)).toHaveLength(bytes);
    } else expect(other).toMatchObject({ code: "unavailable", mark: { status: "released" } });
    expect([storage.values.size, storage.alarmMs]).toEqual([0, null]);
  });

  test("and that may have run is passed on, and leaves an unknown record", async () => {
    const { start, storage, reported } = rig(() => new Response("bad gateway", { status: 502 }));
    const object = start();
    const [first, joiner] = [object.submit(call()), object.submit(call())];
    for (const replying of [first, joiner]) {
      const reply = answered(await replying);
      expect([reply.status, reply.mark.status, await textOf(reply.body)]).toEqual([502, "unknown", "bad gateway"]);
    }
    expect(stored(storage)).toMatchObject({ state: "unknown" });
    expect(reported).toMatchObject([{ state: "unknown", status: 502, error: null }]);
  });

  test("and is too large for those who joined leaves them the refusal of its record", async () => {
    const { start } = rig(() => new Response("x".repeat(65_537), { status: 502 }));
    const object = start();
    void object.submit(call());
    expect(await object.submit(call())).toMatchObject({ code: "outcome_unknown", mark: { recordedAtMs: NOW_MS } });
  });
});

describe("an answer whose body decides", () => {
  const outcomes = [rule({ event: "failed" }, "not-executed")];

  test.each([
    ["event: failed\ndata: 1\n\n", "nothing"],
    ["event: done\ndata: 1\n\n", "completed"],
  ])("is read, and stored where it is final: %j", async (body, state) => {
    const { start, storage } = rig(() => new Response(body, { headers: EVENTS }));
    const object = start();
    const reply = answered(await object.submit(call({ policy: { outcomes } })));
    expect(await textOf(reply.body)).toBe(body);
    const next = await object.look(look());
    expect(next.kind === "answer" ? stored(storage).state : next.kind).toBe(state);
  });

  test("is unknown where only a part of it came", async () => {
    const { start, storage } = rig(() => new Response(`${"x".repeat(200)}\n\n`, { status: 429, headers: EVENTS }));
    const policy = { outcomes: [rule({ event: "done" }, "final")], responseBytesMax: 100 };
    expect(await textOf(answered(await start().submit(call({ policy }))).body)).toHaveLength(202);
    expect(stored(storage)).toMatchObject({ state: "unknown" });
  });
});

test("an object in which nothing runs any more holds no timer", async () => {
  const { start } = rig(silent);
  const object = start();
  void object.submit(call({ policy: { originTimeoutMs: 1000, originDeadlineMs: 2000 } }));
  await pass(2000);
  expect(vi.getTimerCount()).toBe(0);
});
