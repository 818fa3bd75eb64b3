/** 5.7: the origin is asked for an unknown outcome. */

import { describe, expect, test, vi } from "vitest";
import { type KeyedCall } from "../../../src/call/call.ts";
import { type KeyObject } from "../../../src/key-object/key-object.ts";
import { deletionMs } from "../../../src/record/decide-alarm.ts";
import { type RestingRecord } from "../../../src/record/record.ts";
import { decodeRecord } from "../../../src/record/stored-record.ts";
import { OTHER, pending } from "../record/examples.ts";
import { type Rig, NOW_MS, call, look, pass, rig, silent, textOf } from "./rig.ts";

const HERE = { tenant: pending.about.tenant, record: "5eed" };

function probing(changes: Partial<KeyedCall> = {}, policy: Partial<KeyedCall["policy"]> = {}): KeyedCall {
  const whole = call({ policy: { onUnknown: "probe", maxAttempts: 3, ...policy } });
  const url = "https://api.test/v1/outcomes/k";
  return {
    ...whole,
    probe: { ...whole.forward, url, method: "GET", headers: [], body: null, bodyBytes: 0 },
    ...changes,
  };
}

type Answer = (request: Request) => Response | Promise<Response>;

/** An object whose first attempt got no answer, and the log and the journal from then on. The origin answers probes by `answers`. */
async function afterNoAnswer(...answers: Answer[]): Promise<Rig & { object: KeyObject; asked: () => number }> {
  const objects = rig((request, nth) => {
    if (nth === 1) throw new Error("reset");
    const answer = answers.shift();
    if (answer === undefined) throw new Error(`nothing answers ${request.method}`);
    return answer(request);
  });
  const object = objects.start();
  await object.submit(probing());
  objects.reported.length = 0;
  vi.mocked(console.warn).mockClear();
  return { ...objects, object, asked: () => objects.sent.length - 1 };
}

const stored = ({ storage: { values } }: Rig) => decodeRecord(Object(values.get("record")));

function answer(body: string, fields: Record<string, string>, status = 200): Answer {
  return () => new Response(body, { status, headers: fields });
}

const FINAL = { "oncegate-outcome": "final", "oncegate-status": "402", "content-type": "text/plain" };

describe("a probe", () => {
  test("asks about the unknown attempt, and replays the answer that it finds", async () => {
    const objects = await afterNoAnswer(answer("no money", FINAL));
    const { object, sent, lines, reported, storage } = objects;
    vi.setSystemTime(NOW_MS + 9000);
    const { attempt } = stored(objects) as RestingRecord;
    const reply = await object.submit(probing());
    if (reply.kind !== "answer") throw new Error("it is not replayed");
    expect([reply.mark.status, reply.status, await textOf(reply.body)]).toEqual(["replayed", 402, "no money"]);
    expect([sent[1]?.method, sent[1]?.url, sent[1]?.headers.get("oncegate-attempt"), sent[1]?.body]).toEqual([
      "GET",
      "https://api.test/v1/outcomes/k",
      "1",
      null,
    ]);
    expect(stored(objects)).toMatchObject({ state: "completed", attempt, recordedAtMs: NOW_MS + 9000 });
    expect(storage.alarmMs).toBe(deletionMs(stored(objects) as RestingRecord));
    expect(lines()).toEqual([{ event: "probe", ...HERE, outcome: "final", why: null }]);
    expect(reported).toMatchObject([{ state: "completed", cause: "probe", status: 200, error: null }]);
    await pass();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is one for all who wait, and all of them get what it finds", async () => {
    const origin = Promise.withResolvers<Response>();
    const { object, asked } = await afterNoAnswer(() => origin.promise);
    const replying = [object.submit(probing()), object.submit(probing())];
    const short = object.submit(probing({ waitMs: 1000 }));
    const other = await object.submit(probing({ request: OTHER }));
    expect(other).toMatchObject({ code: "key_reused" });
    await pass(1000);
    expect(await short).toMatchObject({ code: "in_flight", waited: true });
    expect(await object.submit(probing({}, { inFlight: "refuse" }))).toMatchObject({
      code: "in_flight",
      waited: false,
    });
    origin.resolve(new Response("no money", { headers: FINAL }));
    for (const reply of replying) expect(await reply).toMatchObject({ mark: { status: "replayed" }, status: 402 });
    expect(asked()).toBe(1);
  });

  test("that finds that it did not run lets the request run, with the next number", async () => {
    const objects = await afterNoAnswer(
      answer("", { "oncegate-outcome": "not-executed" }, 404),
      answer("done", {}, 201),
    );
    const reply = await objects.object.submit(probing());
    expect(reply).toMatchObject({ mark: { status: "executed" }, status: 201, attempt: { number: 2 } });
    expect(objects.sent[2]?.headers.get("oncegate-attempt")).toBe("2");
    expect(objects.lines()).toEqual([{ event: "probe", ...HERE, outcome: "not-executed", why: null }]);
  });

  test("lets one of those who wait run, and the others join it", async () => {
    const origin = Promise.withResolvers<Response>();
    const { object, sent } = await afterNoAnswer(() => origin.promise, answer("done", {}, 201));
    const replying = [object.submit(probing()), object.submit(probing())];
    await pass();
    origin.resolve(new Response(null, { status: 404, headers: { "oncegate-outcome": "not-executed" } }));
    expect(await replying[0]).toMatchObject({ mark: { status: "executed" } });
    expect(await replying[1]).toMatchObject({ mark: { status: "joined" } });
    expect(sent).toHaveLength(3);
  });

  test("whose attempt did not run is undone where the next one did not either, and the client learns that", async () => {
    const objects = await afterNoAnswer(
      answer("", { "oncegate-outcome": "not-executed" }, 404),
      answer("slow down", {}, 429),
    );
    const reply = await objects.object.submit(probing());
    expect(reply).toMatchObject({ status: 429, mark: { status: "released", recordedAtMs: null } });
    expect(stored(objects)).toMatchObject({ state: "unknown", attempt: { number: 1 } });
  });

  test.each([
    ["without a word", ["gone", {}, 404], "status 404 without Oncegate-Outcome"],
    [
      "with a word of its own",
      ["", { "oncegate-outcome": "perhaps" }, 200],
      "status 200, Oncegate-Outcome is neither final nor not-executed",
    ],
    ["final without a status", ["", { "oncegate-outcome": "final" }, 200], "status 200, final without Oncegate-Status"],
  ] as const)(
    "answered %s settles nothing, and the origin is not asked at once again",
    async (_, [body, fields, status], why) => {
      const objects = await afterNoAnswer(answer(body, fields, status), answer(body, fields, status));
      const { object, asked, lines, storage } = objects;
      const before = storage.values.get("record");
      expect(await object.submit(probing())).toMatchObject({ code: "outcome_unknown", retryAfterSeconds: 1 });
      expect(lines()).toEqual([{ event: "probe", ...HERE, outcome: "unknown", why }]);
      expect([storage.values.get("record"), storage.chunks]).toEqual([before, []]);
      await pass(499);
      expect(await object.submit(probing())).toMatchObject({ code: "outcome_unknown", retryAfterSeconds: 1 });
      expect(asked()).toBe(1);
      await pass(1);
      // Twice as long.
      expect(await object.submit(probing())).toMatchObject({ code: "outcome_unknown", retryAfterSeconds: 1 });
      expect(asked()).toBe(2);
      await pass(999);
      await object.submit(probing());
      expect(asked()).toBe(2);
    },
  );

  test("is given up after 10 s, whatever the origin has for a request", async () => {
    const { object, sent, lines } = await afterNoAnswer(silent);
    const replying = object.submit(probing({}, { originDeadlineMs: 600_000 }));
    await pass(9999);
    expect([sent[1]?.signal.aborted, lines()]).toEqual([false, []]);
    await pass(1);
    expect(sent[1]?.signal.aborted).toBe(true);
    expect(await replying).toMatchObject({ code: "outcome_unknown" });
    expect(lines()).toEqual([{ event: "probe", ...HERE, outcome: "unknown", why: "no answer within 10000 ms" }]);
  });

  test("whose answer never comes settles nothing", async () => {
    const { object, lines } = await afterNoAnswer(() => Promise.reject(new Error("reset")));
    expect(await object.submit(probing())).toMatchObject({ code: "outcome_unknown" });
    expect(lines()).toEqual([{ event: "probe", ...HERE, outcome: "unknown", why: "Error: reset" }]);
  });

  test("without what the deployment must have asks nothing, and is logged", async () => {
    const { object, sent, lines } = await afterNoAnswer();
    const { probe } = probing();
    if (probe === null) throw new Error("no probe");
    const origin = { kind: "service", binding: "ABSENT", auth: null } as const;
    expect(await object.submit(probing({ probe: { ...probe, origin } }))).toMatchObject({ code: "outcome_unknown" });
    const why = "Error: there is no service binding ABSENT";
    expect(lines()).toEqual([
      { event: "fault", id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string, where: "misconfigured", why, ...HERE },
      { event: "probe", ...HERE, outcome: "unknown", why },
    ]);
    expect(sent).toHaveLength(1);
  });

  test("whose outcome can't be written settles nothing", async () => {
    const objects = await afterNoAnswer(answer("no money", FINAL), answer("no money", FINAL));
    const { object, storage, lines } = objects;
    const { attempt } = stored(objects) as RestingRecord;
    storage.onWrite = (write) => {
      if (write === "put") throw new Error("the disk is full");
    };
    expect(await object.submit(probing())).toMatchObject({ code: "outcome_unknown" });
    expect(lines()).toEqual([
      { event: "fault", id: attempt.id, where: "conclude probe", why: "Error: the disk is full", ...HERE },
      { event: "probe", ...HERE, outcome: "unknown", why: "the outcome could not be written" },
    ]);
    storage.onWrite = () => {};
    await pass(500);
    expect(await object.submit(probing())).toMatchObject({ mark: { status: "replayed" } });
  });

  test("stores a large answer, and none that is larger than the policy stores", async () => {
    for (const [responseBytesMax, code] of [
      [300_000, null],
      [299_999, "replay_unavailable"],
    ] as const) {
      const objects = await afterNoAnswer(answer("x".repeat(300_000), FINAL));
      const reply = await objects.object.submit(probing({}, { responseBytesMax }));
      if (code === null) {
        if (reply.kind !== "answer") throw new Error("it is not replayed");
        expect(await textOf(reply.body)).toHaveLength(300_000);
      } else {
        expect(reply).toMatchObject({ code, cause: { kind: "too large" } });
        await pass();
        expect(objects.storage.chunks).toEqual([]);
      }
      expect(objects.lines()).toMatchObject([{ event: "probe", why: null }]);
    }
  });

  test("stores nothing of what broke off", async () => {
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(300_000)),
      pull: (controller) => controller.error(new Error("reset")),
    });
    const objects = await afterNoAnswer(() => new Response(broken, { headers: FINAL }));
    expect(await objects.object.submit(probing())).toMatchObject({ code: "outcome_unknown" });
    expect(objects.storage.chunks).toEqual([]);
    expect(objects.lines()).toEqual([
      { event: "probe", ...HERE, outcome: "unknown", why: "status 200, the body broke off" },
    ]);
  });

  test("that settles nothing is not followed by another of those who waited for it", async () => {
    const origin = Promise.withResolvers<Response>();
    const { object, asked } = await afterNoAnswer(() => origin.promise);
    const replying = [object.submit(probing()), object.submit(probing())];
    await pass();
    vi.setSystemTime(NOW_MS + 100_000);
    origin.resolve(new Response(null, { status: 404 }));
    for (const reply of replying) expect(await reply).toMatchObject({ code: "outcome_unknown" });
    expect(asked()).toBe(1);
  });

  test("that settles nothing is followed by a pause, which begins at its end", async () => {
    const origin = Promise.withResolvers<Response>();
    const { object, asked } = await afterNoAnswer(() => origin.promise, answer("", {}, 404));
    const first = object.submit(probing());
    await pass(9000);
    origin.resolve(new Response(null, { status: 404 }));
    await first;
    for (const [pauseMs, times] of [
      [0, 1],
      [499, 1],
      [1, 2],
    ] as const) {
      await pass(pauseMs);
      expect(await object.submit(probing({ waitMs: 0 }))).toMatchObject({ code: "outcome_unknown" });
      expect(asked()).toBe(times);
    }
  });

  test("whose proof is not used at once is asked for again, without a pause", async () => {
    const proof = answer("", { "oncegate-outcome": "not-executed" }, 404);
    const { object, asked, storage } = await afterNoAnswer(proof, proof, answer("done", {}, 201));
    storage.onWrite = (write) => {
      if (write === "put") throw new Error("the disk is full");
    };
    await expect(async () => object.submit(probing())).rejects.toThrow("the disk is full");
    storage.onWrite = () => {};
    expect(await object.submit(probing())).toMatchObject({ mark: { status: "executed" } });
    expect(asked()).toBe(3);
  });

  test("serves all who have waited for it, also where the first of them fails", async () => {
    const origin = Promise.withResolvers<Response>();
    const { object, sent, storage } = await afterNoAnswer(() => origin.promise, answer("done", {}, 201));
    const first = object.submit(probing()).catch((error: unknown) => String(error));
    const second = object.submit(probing());
    await pass();
    let fails = 1;
    storage.onWrite = (write) => {
      if (write === "put" && fails-- > 0) throw new Error("the disk is full");
    };
    origin.resolve(new Response(null, { status: 404, headers: { "oncegate-outcome": "not-executed" } }));
    expect(await first).toBe("Error: the disk is full");
    expect(await second).toMatchObject({ mark: { status: "executed" }, attempt: { number: 2 } });
    expect(sent).toHaveLength(3);
  });

  test.each([299_999, 99_999])(
    "reads what is too large to its end, and keeps nothing of it: beyond %i bytes",
    async (responseBytesMax) => {
      let left = 6;
      const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
        if (left-- > 0) controller.enqueue(new Uint8Array(70_000));
        else controller.close();
      };
      const body = new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 });
      const objects = await afterNoAnswer(() => new Response(body, { headers: FINAL }));
      const reply = await objects.object.submit(probing({}, { responseBytesMax }));
      expect(reply).toMatchObject({ code: "replay_unavailable", cause: { kind: "too large" } });
      await pass();
      expect([left, objects.storage.chunks]).toEqual([-1, []]);
    },
  );

  test("stores no chunk of an earlier one, whose process has died", async () => {
    const objects = await afterNoAnswer(answer("x".repeat(300_000), FINAL));
    const { attempt } = stored(objects) as RestingRecord;
    for (const seq of [0, 1, 2]) objects.storage.values.set(`chunk:${attempt.id}:${seq}`, new Uint8Array(262_144));
    const reply = await objects.object.submit(probing());
    if (reply.kind !== "answer") throw new Error("it is not replayed");
    expect(await textOf(reply.body)).toBe("x".repeat(300_000));
    expect(objects.storage.chunks).toHaveLength(2);
  });

  test("is what a look waits for", async () => {
    const origin = Promise.withResolvers<Response>();
    const { object } = await afterNoAnswer(() => origin.promise);
    void object.submit(probing());
    const looking = object.look(look({ policy: probing().policy }));
    await pass();
    origin.resolve(new Response("no money", { headers: FINAL }));
    expect(await looking).toMatchObject({ mark: { status: "replayed" } });
  });

  test("is not made for a look, where none can be made, or on hold", async () => {
    const { object, asked } = await afterNoAnswer();
    const { policy } = probing();
    expect(await object.look(look({ policy }))).toMatchObject({ code: "outcome_unknown" });
    expect(await object.submit(probing({ probe: null }))).toMatchObject({ code: "outcome_unknown" });
    const held = await object.look(look({ policy, isOnHold: true }));
    expect(held).toMatchObject({ code: "on_hold", mark: { status: "unknown" } });
    expect(asked()).toBe(0);
  });

  test("of a record that an operator can't touch meanwhile is refused to it", async () => {
    const origin = Promise.withResolvers<Response>();
    const { object, storage } = await afterNoAnswer(() => origin.promise);
    void object.submit(probing());
    const by = { tenant: HERE.tenant, journal: look().journal, role: "operator" } as never;
    expect(object.operate(by, { action: "release", attemptId: null }, null)).toMatchObject({ refusal: "running" });
    expect(storage.values.size).toBe(1);
  });

  test("does not touch a record that has been replaced meanwhile", async () => {
    const origin = Promise.withResolvers<Response>();
    const { object, storage, lines } = await afterNoAnswer(() => origin.promise);
    const replying = object.submit(probing());
    await pass();
    const newer = { ...Object(storage.values.get("record")), attempt_id: "another" } as object;
    storage.values.set("record", newer);
    origin.resolve(new Response("x".repeat(300_000), { headers: FINAL }));
    await replying;
    expect([storage.values.get("record"), storage.chunks]).toEqual([newer, []]);
    expect(lines()).toContainEqual({ event: "stale", record: "5eed" });
  });
});
