/** A key object from a request to its reply: what is sent, what is stored, and what those who wait get. */

import { describe, expect, test, vi } from "vitest";
import { type AnswerReply, type Reply } from "../../../src/call/call.ts";
import { bodyBudget } from "../../../src/http/body-budget.ts";
import { deletionMs } from "../../../src/record/decide-alarm.ts";
import { type RestingRecord } from "../../../src/record/record.ts";
import { decodeRecord } from "../../../src/record/stored-record.ts";
import { OTHER, SAME, pending } from "../record/examples.ts";
import { type MemoryStorage, NOW_MS, call, look, pass, rig, silent, textOf } from "./rig.ts";

const stored = ({ values }: MemoryStorage) => decodeRecord(Object(values.get("record")));

const CREATED = { status: 201, headers: { "content-type": "text/plain", "set-cookie": "id=1" } };
const NEVER = (): Promise<Response> => new Promise(() => {});
const REFUSED = (): Promise<Response> => Promise.reject(new Error("connection refused"));
const HERE = { tenant: pending.about.tenant, record: "5eed" };

/** What the caller of a call has of it so far. */
function outcome<T>(promise: Promise<T>): { value: T | null; error: string | null } {
  const seen: { value: T | null; error: string | null } = { value: null, error: null };
  promise.then(
    (value) => (seen.value = value),
    (error: unknown) => (seen.error = String(error)),
  );
  return seen;
}

function answered(reply: Reply | { kind: "nothing" } | null): AnswerReply {
  if (reply?.kind !== "answer") throw new Error(`it is not answered: ${JSON.stringify(reply)}`);
  return reply;
}

describe("a first request", () => {
  test("is sent once its record and its watchdog are written, and its answer is stored", async () => {
    const { storage, sent, start, lines, reported } = rig(async () => {
      expect(stored(storage)).toMatchObject({ state: "pending", attempt: { number: 1 }, startedAtMs: NOW_MS });
      expect(storage.alarmMs).toBe(NOW_MS + 600_000 + 15_000);
      vi.setSystemTime(NOW_MS + 700);
      return new Response("done", CREATED);
    });
    const held = bodyBudget.heldBytes;
    const reply = answered(await start().submit(call({ policy: { originDeadlineMs: 600_000, ttlMs: 3_600_000 } })));
    const [request] = sent;
    expect([request?.method, request?.url]).toEqual(["POST", "https://api.test/v1/charges"]);
    expect(Object.fromEntries(request?.headers ?? [])).toEqual({
      "content-type": "text/plain",
      "oncegate-attempt": "1",
    });
    expect(await request?.text()).toBe("a charge");
    expect(await textOf(reply.body)).toBe("done");
    expect(reply).toMatchObject({
      mark: { status: "executed", recordedAtMs: NOW_MS + 700, expiresAtMs: NOW_MS + 700 + 3_600_000 },
      speaker: "origin",
      waited: false,
      status: 201,
      headers: [
        ["content-type", "text/plain"],
        ["set-cookie", "id=1"],
      ],
      bodyBytes: 4,
      attempt: { number: 1, originMs: 700, originStatus: 201 },
    });
    expect(reply).not.toHaveProperty("calls");
    const record = stored(storage);
    expect(record).toMatchObject({
      state: "completed",
      about: pending.about,
      request: SAME,
      answer: { status: 201, headers: [["content-type", "text/plain"]], bodyBytes: 4 },
    });
    expect(storage.alarmMs).toBe(deletionMs(record as RestingRecord));
    // The journal is about what went wrong.
    expect([sent.length, lines(), reported, bodyBudget.heldBytes]).toEqual([1, [], [], held]);
  });

  test("is replayed to the next, by another process too", async () => {
    const { sent, start } = rig(() => new Response("done", CREATED));
    const object = start();
    await object.submit(call());
    for (const process of [object, start()]) {
      const reply = answered(await process.submit(call()));
      expect([reply.mark.status, reply.speaker, reply.status]).toEqual(["replayed", "gateway", 201]);
      expect(reply.headers).toEqual([["content-type", "text/plain"]]);
      expect(reply).not.toHaveProperty("seat");
      expect(await textOf(reply.body)).toBe("done");
    }
    expect(sent).toHaveLength(1);
  });

  test("has its JSON-RPC calls with its answer", async () => {
    const calls = [{ id: "7", token: null }];
    const { start } = rig();
    const reply = await start().submit(call({ request: { ...SAME, calls } }));
    expect(reply).toMatchObject({ kind: "answer", calls });
  });

  test("is not sent where its record can't be written, and gives its memory back", async () => {
    const { storage, sent, start } = rig();
    const held = bodyBudget.heldBytes;
    storage.onWrite = (write) => {
      if (write === "put") throw new Error("the disk is full");
    };
    const object = start();
    await expect(async () => object.submit(call())).rejects.toThrow("the disk is full");
    expect([sent, bodyBudget.heldBytes, storage.values.size]).toEqual([[], held, 0]);
    storage.onWrite = () => {};
    expect(answered(await object.submit(call())).mark.status).toBe("executed");
  });

  test("is not sent where the deployment lacks something, and nothing is written", async () => {
    const { storage, sent, start, lines } = rig();
    const { forward } = call();
    const origin = { kind: "service", binding: "ABSENT", auth: null } as const;
    const reply = await start().submit(call({ forward: { ...forward, origin } }));
    if (reply.kind !== "refusal") throw new Error("it is not refused");
    expect([reply.code, reply.mark.status, storage.values.size, sent]).toEqual(["misconfigured", "refused", 0, []]);
    expect(lines()).toEqual([
      {
        event: "fault",
        id: reply.faultId,
        where: "misconfigured",
        why: "Error: there is no service binding ABSENT",
        ...HERE,
      },
    ]);
  });

  test("goes to the entrypoint of an app, which runs in another invocation", async () => {
    const { start, lines } = rig();
    const origin = { kind: "app", number: 1, auth: null } as const;
    const reply = await start().submit(call({ forward: { ...call().forward, origin } }));
    expect(reply).toMatchObject({ kind: "refusal", code: "misconfigured" });
    expect(lines()).toMatchObject([{ event: "fault", why: expect.stringContaining("exports no") as unknown }]);
  });

  test("leaves nothing where it did not run, and the next one is the first again", async () => {
    const { storage, start, sent, reported } = rig((_, nth) => new Response("no", { status: nth === 1 ? 429 : 201 }));
    const object = start();
    const reply = answered(await object.submit(call()));
    expect([reply.status, reply.mark]).toEqual([429, { status: "released", recordedAtMs: null, expiresAtMs: null }]);
    expect([storage.values.size, storage.alarmMs]).toEqual([0, null]);
    expect(answered(await object.submit(call())).status).toBe(201);
    expect(sent.map(({ headers }) => headers.get("oncegate-attempt"))).toEqual(["1", "1"]);
    expect(reported).toEqual([]);
  });
});

describe("a request without a body", () => {
  const { forward } = call();
  const EMPTY = { ...forward, body: null, bodyBytes: 0 };

  test("is sent without one", async () => {
    const { sent, start, lines } = rig();
    expect(await start().submit(call({ forward: EMPTY }))).toMatchObject({ mark: { status: "executed" } });
    expect([sent[0]?.body, lines()]).toEqual([null, []]);
  });

  test("is not sent where its record can't be written, or the deployment lacks something", async () => {
    const { storage, start, sent } = rig();
    const origin = { kind: "service", binding: "ABSENT", auth: null } as const;
    expect(await start().submit(call({ forward: { ...EMPTY, origin } }))).toMatchObject({ code: "misconfigured" });
    storage.onWrite = () => {
      throw new Error("the disk is full");
    };
    await expect(async () => start().submit(call({ forward: EMPTY }))).rejects.toThrow("the disk is full");
    expect(sent).toEqual([]);
  });
});

test("a request for whose body there is no memory is refused, and nothing is written", async () => {
  const { storage, start, sent } = rig();
  const lease = bodyBudget.lease(1000);
  lease.resize(bodyBudget.roomBytes);
  expect(await start().submit(call())).toMatchObject({ code: "overloaded", mark: { status: "refused" } });
  lease.release();
  expect([sent, storage.values.size]).toEqual([[], 0]);
});

test("a refusal has no JSON-RPC calls", async () => {
  const { start } = rig(REFUSED);
  const request = { ...SAME, calls: [{ id: "7", token: null }] };
  expect(await start().submit(call({ request }))).not.toHaveProperty("calls");
});

describe("requests that meet a running attempt", () => {
  test("get its answer, and are not sent", async () => {
    const origin = Promise.withResolvers<Response>();
    const { start, sent } = rig(() => origin.promise);
    const object = start();
    const first = object.submit(call());
    const joined = [object.submit(call()), object.look(look())];
    vi.setSystemTime(NOW_MS + 250);
    origin.resolve(new Response("done", CREATED));
    expect(answered(await first).waited).toBe(false);
    for (const joining of joined) {
      const reply = answered(await joining);
      expect(reply).toMatchObject({
        mark: { status: "joined", recordedAtMs: NOW_MS + 250 },
        speaker: "gateway",
        waited: true,
        headers: [["content-type", "text/plain"]],
        attempt: { number: 1, originMs: 250, originStatus: 201 },
      });
      expect(await textOf(reply.body)).toBe("done");
    }
    expect(sent).toHaveLength(1);
  });

  test("wait no longer than they may, and are refused then", async () => {
    const { start } = rig(NEVER);
    const object = start();
    void object.submit(call());
    const waiting = outcome(object.submit(call({ waitMs: 2000 })));
    await pass(1999);
    expect(waiting.value).toBeNull();
    await pass(1);
    expect(waiting.value).toMatchObject({ kind: "refusal", code: "in_flight", waited: true });
  });

  test("are refused at once where the policy says so, or too many wait", async () => {
    const { start } = rig(NEVER);
    const object = start();
    void object.submit(call());
    const refused = await object.submit(call({ policy: { inFlight: "refuse" } }));
    expect(refused).toMatchObject({ code: "in_flight", waited: false, mark: { status: "refused" } });
    const waiting = Array.from({ length: 1001 }, () => outcome(object.look(look())));
    await pass();
    expect(waiting[1000]?.value).toMatchObject({ code: "in_flight", waited: false });
    expect(waiting[999]?.value).toBeNull();
  });

  test("with another body are refused, and the journal learns of it once a minute", async () => {
    const { start, reported } = rig(NEVER);
    const object = start();
    void object.submit(call());
    for (const _ of [1, 2]) {
      expect(await object.submit(call({ request: OTHER }))).toMatchObject({ kind: "refusal", code: "key_reused" });
    }
    await pass();
    expect(reported).toMatchObject([{ state: "mismatch", cause: "key_reused", times: 1, atMs: NOW_MS }]);
  });
});

describe("an attempt without an answer", () => {
  test("leaves an unknown record, which the log and the journal have", async () => {
    const { storage, start, sent, lines, reported } = rig(REFUSED);
    const object = start();
    const joined = object.look(look());
    expect(await joined).toEqual({ kind: "nothing" });
    const policy = { unknownTtlMs: 900_000 };
    const first = object.submit(call({ policy }));
    const joiner = object.submit(call({ policy }));
    const mark = { status: "unknown", recordedAtMs: NOW_MS, expiresAtMs: NOW_MS + 900_000 };
    const attempt = { number: 1, originMs: 0, originStatus: null };
    expect(await first).toEqual({ kind: "refusal", code: "origin_unreachable", waited: false, mark, attempt });
    expect(await joiner).toEqual({ kind: "refusal", code: "origin_unreachable", waited: true, mark, attempt });
    expect(stored(storage)).toMatchObject({ state: "unknown", sinceMs: NOW_MS });
    expect(storage.alarmMs).toBe(deletionMs(stored(storage) as RestingRecord));
    expect(lines()).toEqual([{ event: "no_answer", why: "Error: connection refused", ...HERE }]);
    expect(reported).toMatchObject([
      {
        record: "5eed",
        hostname: "api.test",
        state: "unknown",
        cause: "attempt",
        error: "Error: connection refused",
        status: null,
      },
    ]);
    const again = await object.submit(call());
    expect(again).toMatchObject({ code: "outcome_unknown", mark, waited: false });
    expect(sent).toHaveLength(1);
  });

  test("may be followed by another where the policy retries, and the journal learns of its answer", async () => {
    const { storage, start, sent, reported } = rig((_, nth) => (nth === 1 ? REFUSED() : new Response("done", CREATED)));
    const object = start();
    const policy = { onUnknown: "retry", maxAttempts: 2 } as const;
    await object.submit(call({ policy }));
    const before = stored(storage);
    vi.setSystemTime(NOW_MS + 5000);
    const reply = answered(await object.submit(call({ policy })));
    expect([reply.mark.status, reply.attempt?.number]).toEqual(["executed", 2]);
    expect(sent[1]?.headers.get("oncegate-attempt")).toBe("2");
    expect(stored(storage)).toMatchObject({ state: "completed", attempt: { number: 2 } });
    expect(stored(storage)).not.toMatchObject({ attempt: { id: Reflect.get(Object(before), "attempt").id as string } });
    expect(reported.map(({ state, cause, attempt }) => [state, cause, attempt])).toEqual([
      ["unknown", "attempt", 1],
      ["completed", "attempt", 2],
    ]);
  });

  test("that is the second one, and did not run, leaves the record as it was", async () => {
    const { storage, start, reported } = rig((_, nth) => (nth === 1 ? REFUSED() : new Response("no", { status: 429 })));
    const object = start();
    const policy = { onUnknown: "retry", maxAttempts: 2 } as const;
    await object.submit(call({ policy }));
    const before = stored(storage) as RestingRecord;
    const value = storage.values.get("record");
    vi.setSystemTime(NOW_MS + 5000);
    const reply = answered(await object.submit(call({ policy })));
    // The first attempt may have run.
    expect([reply.status, reply.mark.status, reply.mark.recordedAtMs]).toEqual([429, "unknown", NOW_MS]);
    expect(storage.values.get("record")).toEqual(value);
    expect(storage.alarmMs).toBe(deletionMs(before));
    expect(reported).toHaveLength(1);
  });

  test("whose answer breaks off is unknown", async () => {
    const { storage, start, lines, reported } = rig(() => {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(new Uint8Array(10)),
        pull: (controller) => controller.error(new Error("reset")),
      });
      return new Response(body, CREATED);
    });
    const reply = await start().submit(call());
    expect(reply).toMatchObject({ code: "origin_unreachable", attempt: { originStatus: 201 } });
    expect(stored(storage)).toMatchObject({ state: "unknown" });
    expect(lines()).toEqual([{ event: "no_answer", why: "Error: reset", ...HERE }]);
    expect(reported).toMatchObject([{ state: "unknown", status: 201, error: "Error: reset" }]);
  });

  test("whose outcome can't be written is never called anything else", async () => {
    const { storage, start, lines, reported } = rig(() => new Response("done", CREATED));
    const object = start();
    const first = object.submit(call());
    const joiner = object.submit(call());
    storage.onWrite = (write) => {
      if (write === "put") throw new Error("the disk is full");
    };
    for (const replying of [first, joiner]) {
      expect(await replying).toMatchObject({ code: "outcome_unknown", mark: { status: "unknown" } });
    }
    const { attempt } = stored(storage) as RestingRecord;
    expect(lines()).toEqual([
      { event: "fault", id: attempt.id, where: "conclude", why: "Error: the disk is full", ...HERE },
    ]);
    expect([stored(storage).state, reported]).toEqual(["pending", []]);
    // The next one sees what the attempt has left.
    storage.onWrite = () => {};
    expect(await object.submit(call())).toMatchObject({ code: "outcome_unknown", mark: { recordedAtMs: NOW_MS } });
  });

  test("whose outcome can't be written keeps its watchdog", async () => {
    const { storage, start } = rig(() => new Response("done", CREATED));
    const replying = start().submit(call({ policy: { originDeadlineMs: 600_000 } }));
    storage.onWrite = (write) => {
      if (write === "put") throw new Error("the disk is full");
    };
    await replying;
    expect(storage.alarmMs).toBe(NOW_MS + 615_000);
  });

  test.each([
    ["another attempt's", "an answer"],
    ["another attempt's", "none"],
    ["gone", "an answer"],
    ["gone", "none"],
    ["unreadable", "an answer"],
  ])("whose record is %s by now, with %s, writes nothing", async (becomes, comes) => {
    const origin = Promise.withResolvers<Response>();
    const { storage, start, lines } = rig(() => origin.promise);
    const object = start();
    const replying = object.submit(call());
    await pass();
    const record = Object(storage.values.get("record")) as object;
    if (becomes === "gone") storage.values.clear();
    else if (becomes === "unreadable") storage.values.set("record", { ...record, state: "of a newer version" });
    else storage.values.set("record", { ...record, attempt_id: "another" });
    const before = [...storage.values];
    if (comes === "none") origin.reject(new Error("reset"));
    else origin.resolve(new Response("done", CREATED));
    expect(await replying).toMatchObject({ code: "outcome_unknown", mark: { recordedAtMs: null } });
    expect([...storage.values]).toEqual(before);
    const events = lines().map((line) => Reflect.get(line, "event") as string);
    expect(events).toEqual(comes === "none" ? ["no_answer", "stale"] : ["stale"]);
  });

  test("whose record was replaced meanwhile writes nothing", async () => {
    const origin = Promise.withResolvers<Response>();
    const { storage, start, lines } = rig(() => origin.promise);
    const replying = start().submit(call());
    await pass();
    const newer = { ...Object(storage.values.get("record")), attempt_id: "another", attempt: 2 } as object;
    storage.values.set("record", newer);
    origin.resolve(new Response("done", CREATED));
    expect(await replying).toMatchObject({ code: "outcome_unknown" });
    expect(storage.values.get("record")).toEqual(newer);
    expect(lines()).toEqual([{ event: "stale", record: "5eed" }]);
  });
});

describe("an origin that takes long", () => {
  const policy = { originTimeoutMs: 30_000, originDeadlineMs: 600_000, unknownTtlMs: 3_600_000 };

  test("leaves the outcome unknown for now, and its answer is stored when it comes", async () => {
    const origin = Promise.withResolvers<Response>();
    const { storage, start, lines, reported } = rig(() => origin.promise);
    const object = start();
    const waiting = [outcome(object.submit(call({ policy }))), outcome(object.submit(call({ policy })))];
    await pass(29_999);
    expect(waiting.map(({ value }) => value)).toEqual([null, null]);
    await pass(1);
    const mark = { status: "unknown", recordedAtMs: Date.now(), expiresAtMs: Date.now() + 3_600_000 };
    for (const { value } of waiting) {
      expect(value).toMatchObject({ code: "origin_timeout", mark, attempt: { originMs: 30_000, originStatus: null } });
    }
    expect(stored(storage)).toMatchObject({ state: "unknown" });
    // The watchdog of the attempt stays.
    expect(storage.alarmMs).toBe(NOW_MS + 615_000);
    const late = object.submit(call({ policy }));
    await pass(1000);
    origin.resolve(new Response("done", CREATED));
    expect(answered(await late)).toMatchObject({ mark: { status: "joined" }, attempt: { originMs: 31_000 } });
    expect(stored(storage)).toMatchObject({ state: "completed" });
    expect(reported.map(({ state, cause }) => [state, cause])).toEqual([
      ["unknown", "timeout"],
      ["completed", "attempt"],
    ]);
    expect(lines()).toEqual([]);
  });

  test("and has answered in time, but for its body, has not timed out", async () => {
    const body = new TransformStream<Uint8Array, Uint8Array>();
    const { storage, start, reported } = rig(() => new Response(body.readable, CREATED));
    const replying = outcome(start().submit(call({ policy: { ...policy, idleTimeoutMs: 600_000 } })));
    await pass(30_001);
    expect([replying.value, stored(storage).state]).toEqual([null, "pending"]);
    await body.writable.close();
    await pass();
    expect(replying.value).toMatchObject({ status: 201, mark: { status: "executed" } });
    expect(reported).toEqual([]);
  });

  test("is given up at the deadline", async () => {
    const { start, sent, lines, storage, reported } = rig(silent);
    const object = start();
    void object.submit(call({ policy }));
    await pass(30_000);
    const joined = outcome(object.submit(call({ policy, waitMs: 600_000 })));
    const record = stored(storage) as RestingRecord;
    await pass(569_999);
    expect([joined.value, sent[0]?.signal.aborted]).toEqual([null, false]);
    await pass(1);
    expect(sent[0]?.signal.aborted).toBe(true);
    // It keeps the term that clients have seen.
    const mark = { status: "unknown", recordedAtMs: NOW_MS + 30_000 };
    expect(joined.value).toMatchObject({ code: "outcome_unknown", mark, attempt: { originMs: 600_000 } });
    expect([stored(storage), storage.alarmMs]).toEqual([record, deletionMs(record)]);
    expect(lines()).toEqual([{ event: "no_answer", why: "Error: aborted by origin_deadline", ...HERE }]);
    expect(reported).toHaveLength(1);
    await pass();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("and a time-out that can't be written is no last word", async () => {
    const origin = Promise.withResolvers<Response>();
    const { storage, start, lines } = rig(() => origin.promise);
    const object = start();
    const replying = object.submit(call({ policy }));
    await pass();
    storage.onWrite = () => {
      throw new Error("the disk is full");
    };
    await pass(30_000);
    expect(await replying).toMatchObject({ code: "origin_timeout", mark: { status: "unknown", recordedAtMs: null } });
    const { attempt } = stored(storage) as RestingRecord;
    expect(lines()).toEqual([
      { event: "fault", id: attempt.id, where: "time out", why: "Error: the disk is full", ...HERE },
    ]);
    storage.onWrite = () => {};
    origin.resolve(new Response("done", CREATED));
    await pass();
    expect(answered(await object.submit(call({ policy }))).mark.status).toBe("replayed");
  });

  test("and a record that was replaced meanwhile is not changed by the time-out", async () => {
    const { storage, start } = rig(NEVER);
    const replying = start().submit(call({ policy }));
    await pass();
    const newer = { ...Object(storage.values.get("record")), attempt_id: "another" } as object;
    storage.values.set("record", newer);
    await pass(30_000);
    expect(await replying).toMatchObject({ code: "outcome_unknown" });
    expect(storage.values.get("record")).toEqual(newer);
  });

  test("and a record that is gone leaves the outcome unknown, and no fault", async () => {
    const { storage, start, lines } = rig(NEVER);
    const object = start();
    const replying = object.submit(call({ policy }));
    await pass();
    storage.values.delete("record");
    await pass(30_000);
    expect(await replying).toMatchObject({ code: "outcome_unknown" });
    expect([storage.values.size, lines()]).toEqual([0, []]);
    // Its key is not free.
    expect(await object.submit(call({ policy }))).toMatchObject({ code: "outcome_unknown" });
  });

  test("makes the object call itself after 30 s, so that it is not erased", async () => {
    const origin = Promise.withResolvers<Response>();
    const { start, lines } = rig(() => origin.promise);
    const object = start();
    const untilIdle = vi.spyOn(object, "untilIdle");
    void object.submit(call({ policy }));
    await pass(29_999);
    expect(untilIdle).not.toHaveBeenCalled();
    await pass(1);
    expect(untilIdle).toHaveBeenCalledTimes(1);
    const idle = outcome(object.untilIdle().then(() => "idle"));
    await pass(1000);
    expect(idle.value).toBeNull();
    origin.resolve(new Response("done", CREATED));
    await pass();
    expect([idle.value, lines()]).toEqual(["idle", []]);
  });
});

describe("a look", () => {
  test("never executes", async () => {
    const { start, sent, storage } = rig();
    const object = start();
    expect(await object.look(look())).toEqual({ kind: "nothing" });
    expect(await object.look(look({ isOnHold: true }))).toMatchObject({ code: "on_hold", mark: { status: "refused" } });
    expect([sent, storage.values.size]).toEqual([[], 0]);
  });

  test("replies from the record", async () => {
    const { start } = rig();
    const object = start();
    await object.submit(call());
    expect(answered(await object.look(look())).mark.status).toBe("replayed");
  });
});

describe("a process that died", () => {
  test("leaves an unknown outcome, written when it is first seen", async () => {
    const { storage, start, reported, sent } = rig(NEVER);
    void start().submit(call({ policy: { unknownTtlMs: 900_000 } }));
    await pass();
    vi.setSystemTime(NOW_MS + 70_000);
    const reply = await start().submit(call());
    const mark = { status: "unknown", recordedAtMs: NOW_MS + 70_000, expiresAtMs: NOW_MS + 970_000 };
    expect(reply).toMatchObject({ code: "outcome_unknown", mark });
    expect(storage.alarmMs).toBe(deletionMs(stored(storage) as RestingRecord));
    await pass();
    expect(reported).toMatchObject([{ state: "unknown", cause: "process_died", sinceMs: NOW_MS + 70_000 }]);
    expect(sent).toHaveLength(1);
  });
});
