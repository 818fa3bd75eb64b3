/** What operators see of a record, and what they make of it. */

import { describe, expect, onTestFinished, test, vi } from "vitest";
import { KeyObject } from "../../../src/key-object/key-object.ts";
import { logVersion } from "../../../src/log.ts";
import { deletionMs } from "../../../src/record/decide-alarm.ts";
import { type Command } from "../../../src/record/operate.ts";
import { type KeyRecord, type RestingRecord } from "../../../src/record/record.ts";
import { decodeRecord, encodeRecord } from "../../../src/record/stored-record.ts";
import { completed, expired, pending, tombstone, unknown } from "../record/examples.ts";
import { JOURNAL, type MemoryStorage, NOW_MS, call, look, pass, rig, textOf } from "./rig.ts";

const TENANT = pending.about.tenant;
const OPERATOR = { tenant: TENANT, journal: JOURNAL, role: "operator" } as const;
const HOUR_MS = 3_600_000;

/** A term that is not over. */
const TERM = { recordedAtMs: NOW_MS - 1000, expiresAtMs: NOW_MS + HOUR_MS };
const UNKNOWN = { ...unknown, sinceMs: NOW_MS - 1000, expiresAtMs: NOW_MS + HOUR_MS };
const COMPLETED = { ...completed, ...TERM };

const read = ({ values }: MemoryStorage) => decodeRecord(Object(values.get("record")));

/** Stores a record, with the body of its answer. */
function store({ values }: MemoryStorage, record: KeyRecord, body: Uint8Array | null = null, chunks = 0): void {
  values.set("record", { ...encodeRecord(record), body, chunks });
}

/** An object with the record, its body, and chunks that lie beside. */
function withRecord(record: KeyRecord | null, body: Uint8Array | null = null, chunks: readonly Uint8Array[] = []) {
  const objects = rig();
  const { storage } = objects;
  if (record !== null) store(storage, record, body, chunks.length);
  for (const [seq, chunk] of chunks.entries()) storage.values.set(`chunk:attempt-1:${seq}`, chunk);
  return { ...objects, object: objects.start() };
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const FACTS = {
  tenant: TENANT,
  operation: "POST /v1/charges",
  key: "k",
  callerDigest: "c0ffee",
  isDerived: false,
  attempt: 1,
  attemptId: "attempt-1",
};

describe("an operator sees", () => {
  const inspected = (object: KeyObject, bodyBytesMax: number | null = null, tenant: string = TENANT) =>
    object.inspect(tenant, JOURNAL, bodyBytesMax);

  test("nothing where there is no record, and what runs all the same", async () => {
    const { object } = withRecord(null);
    expect(await inspected(object)).toEqual({ state: "none", running: null, facts: null, answer: null });
    expect(object.hostname()).toBeNull();
  });

  test("of another tenant's record nothing, and gets none of its events", async () => {
    const { object, reported } = withRecord({ ...pending, startedAtMs: NOW_MS - 1000 });
    await inspected(object, null, "other.test");
    await object.alarm({ isRetry: false, retryCount: 0, scheduledTime: NOW_MS });
    await pass();
    expect(reported).toEqual([]);
  });

  test("nothing of another tenant, not even what runs", async () => {
    const running = rig(() => new Promise(() => {})).start();
    void running.submit(call());
    expect(await inspected(running, null, "other.test")).toEqual({
      state: "none",
      running: null,
      facts: null,
      answer: null,
    });
    expect(await inspected(running)).toEqual({
      state: "pending",
      running: "attempt",
      facts: {
        ...FACTS,
        attemptId: expect.any(String) as string,
        cause: null,
        sinceMs: NOW_MS,
        expiresAtMs: null,
      },
      answer: null,
    });
  });

  test("an unknown outcome with its times", async () => {
    const { object } = withRecord(UNKNOWN);
    expect(await inspected(object)).toEqual({
      state: "unknown",
      running: null,
      facts: { ...FACTS, cause: null, sinceMs: UNKNOWN.sinceMs, expiresAtMs: UNKNOWN.expiresAtMs },
      answer: null,
    });
  });

  test("an unknown outcome where the process of an attempt has died, which is written then", async () => {
    const { object, storage, reported } = withRecord({ ...pending, startedAtMs: NOW_MS - 1000 });
    expect(await inspected(object)).toMatchObject({ state: "unknown", facts: { sinceMs: NOW_MS } });
    expect(read(storage).state).toBe("unknown");
    await pass();
    expect(reported).toMatchObject([{ cause: "process_died" }]);
  });

  test("why no answer is stored", async () => {
    const { object } = withRecord({ ...tombstone, ...TERM });
    expect(await inspected(object)).toEqual({
      state: "tombstone",
      running: null,
      facts: { ...FACTS, cause: "too large", sinceMs: TERM.recordedAtMs, expiresAtMs: TERM.expiresAtMs },
      answer: null,
    });
  });

  test("nothing once its term is over", async () => {
    const { object } = withRecord({ ...expired, expiresAtMs: NOW_MS });
    expect(await inspected(object)).toEqual({ state: "none", running: null, facts: null, answer: null });
  });

  test("of a record that can't be read that it can't be read", async () => {
    const { object, storage } = withRecord(null);
    storage.values.set("record", { tenant: TENANT, state: "of a newer version" });
    expect(await inspected(object)).toEqual({ state: "unreadable", running: null, facts: null, answer: null });
    expect(object.hostname()).toBe(TENANT);
    storage.values.set("record", { state: "of a newer version" });
    // Its tenant may be any.
    expect(await inspected(object, null, "other.test")).toMatchObject({ state: "unreadable" });
    expect(object.hostname()).toBeNull();
  });

  describe("of an answer", () => {
    const answer = {
      status: 201,
      headers: [
        ["cache-control", "no-store"],
        ["content-encoding", "gzip"],
        ["content-language", "en"],
        ["content-length", "4"],
        ["content-type", "text/plain"],
        ["date", "today"],
        ["last-modified", "today"],
        ["retry-after", "1"],
        ["server", "origin"],
        ["vary", "origin"],
        ["location", "/v1/charges/7"],
        ["x-account", "me"],
      ] as [string, string][],
      bodyBytes: 4,
    };

    test("what describes it, and no value that may be about a client", async () => {
      const { object } = withRecord({ ...COMPLETED, answer }, bytesOf("done"));
      const hidden = answer.headers.map(([name, value]) => [name, /^[lx].*[nt]$/.test(name) ? "(hidden)" : value]);
      expect(await inspected(object)).toEqual({
        state: "completed",
        running: null,
        facts: { ...FACTS, cause: null, sinceMs: TERM.recordedAtMs, expiresAtMs: TERM.expiresAtMs },
        answer: { status: 201, headers: hidden, bodyBytes: 4, body: null },
      });
      expect(hidden.filter(([, value]) => value === "(hidden)").map(([name]) => name)).toEqual([
        "location",
        "x-account",
      ]);
    });

    test.each([
      [4, "done"],
      [3, null],
    ])("all of it where bodies up to %i bytes are asked for", async (bodyBytesMax, text) => {
      const { object } = withRecord({ ...COMPLETED, answer }, bytesOf("done"));
      const { answer: seen } = await inspected(object, bodyBytesMax);
      expect(seen).toEqual({ ...answer, body: text === null ? null : bytesOf(text) });
    });

    test("no body that was not asked for, not even an empty one", async () => {
      const { object } = withRecord({ ...COMPLETED, answer: { ...answer, bodyBytes: 0 } }, new Uint8Array());
      expect((await inspected(object)).answer?.body).toBeNull();
      expect((await inspected(object, 0)).answer?.body).toEqual(new Uint8Array());
    });

    test("a large body as a whole, or none", async () => {
      const large = { ...COMPLETED, answer: { ...answer, bodyBytes: 300_000 } };
      const chunks = [new Uint8Array(262_144).fill(1), new Uint8Array(37_856).fill(2)];
      const whole = withRecord(large, null, chunks);
      const seen = await inspected(whole.object, 300_000);
      expect(Buffer.from(seen.answer?.body ?? []).equals(Buffer.concat(chunks))).toBe(true);
      // Too many to be checked before they are read.
      const many = Array.from({ length: 65 }, () => new Uint8Array(1));
      const gap = withRecord({ ...COMPLETED, answer: { ...answer, bodyBytes: 65 } }, null, many);
      gap.storage.values.delete("chunk:attempt-1:40");
      expect((await inspected(gap.object, 65)).answer).toMatchObject({ bodyBytes: 65, body: null });
      const damaged = withRecord(large, null, chunks.slice(0, 1));
      expect((await inspected(damaged.object, 300_000)).answer).toMatchObject({ bodyBytes: 300_000, body: null });
      expect(damaged.lines()).toContainEqual({
        event: "unreadable_record",
        record: "5eed",
        why: "the body is not stored as a whole",
      });
    });
  });
});

describe("an operator's command", () => {
  const settle: Command = {
    action: "settle",
    outcome: "final",
    answer: { status: 402, headers: [], bodyBytes: 4 },
    ttlMs: HOUR_MS,
    attemptId: "attempt-1",
  };

  test("settles an unknown outcome with an answer, which is replayed", async () => {
    const { object, storage, reported } = withRecord(UNKNOWN);
    expect(object.operate(OPERATOR, settle, bytesOf("no :("))).toEqual({
      done: true,
      before: "unknown",
      after: "completed",
    });
    expect(read(storage)).toMatchObject({ state: "completed", recordedAtMs: NOW_MS, expiresAtMs: NOW_MS + HOUR_MS });
    expect(storage.alarmMs).toBe(deletionMs(read(storage) as RestingRecord));
    await pass();
    expect(reported).toMatchObject([{ hostname: TENANT, state: "completed", cause: "settled", atMs: NOW_MS }]);
  });

  test("settles with a body of its own length, large or small", async () => {
    for (const bytes of [65_536, 65_537]) {
      const { object, storage } = withRecord(UNKNOWN);
      const answer = { status: 200, headers: [], bodyBytes: bytes };
      object.operate(OPERATOR, { ...settle, answer }, new Uint8Array(bytes).fill(7));
      expect(storage.chunks).toHaveLength(bytes === 65_536 ? 0 : 1);
      const reply = await object.submit(call());
      if (reply.kind !== "answer") throw new Error("it is not replayed");
      expect(await textOf(reply.body)).toBe("\u0007".repeat(bytes));
    }
  });

  test("deletes the chunks that a probe of the attempt left, so that they are not part of the answer", async () => {
    const { object, storage } = withRecord(UNKNOWN, null, [new Uint8Array(10), new Uint8Array(10)]);
    object.operate(OPERATOR, settle, bytesOf("done"));
    expect(storage.chunks).toEqual([]);
  });

  test.each(["release", "settle"] as const)("frees the key: %s", async (action) => {
    const { object, storage, reported } = withRecord(UNKNOWN);
    const command: Command =
      action === "release" ? { action, attemptId: null } : { action, outcome: "not-executed", attemptId: null };
    expect(object.operate(OPERATOR, command, null)).toEqual({ done: true, before: "unknown", after: "none" });
    expect([storage.values.size, storage.alarmMs]).toEqual([0, null]);
    await pass();
    expect(reported).toMatchObject([{ state: "none", cause: action === "release" ? "released" : "settled" }]);
    expect(await object.submit(call())).toMatchObject({ mark: { status: "executed" } });
  });

  test("erases an answer with all of its chunks, and the key stays used", async () => {
    const large = { ...COMPLETED, answer: { ...completed.answer, bodyBytes: 300_000 } };
    // There is a gap: one of three chunks is lost.
    const { object, storage, reported } = withRecord(
      large,
      null,
      [0, 1, 2].map(() => new Uint8Array(100_000)),
    );
    storage.values.delete("chunk:attempt-1:0");
    expect(object.operate(OPERATOR, { action: "purge", attemptId: null }, null)).toEqual({
      done: true,
      before: "completed",
      after: "tombstone",
    });
    expect(read(storage)).toMatchObject({ state: "tombstone", cause: { kind: "erased" } });
    expect([storage.chunks, storage.alarmMs]).toEqual([[], deletionMs(read(storage) as RestingRecord)]);
    await pass();
    expect(reported).toMatchObject([{ state: "tombstone", cause: "purged" }]);
    expect(await object.submit(call())).toMatchObject({ code: "replay_unavailable", cause: { kind: "erased" } });
  });

  test("that fails leaves the record as it was", () => {
    const { object, storage } = withRecord(UNKNOWN, null, [new Uint8Array(10)]);
    const before = [...storage.values];
    storage.onWrite = (write) => {
      if (write === "put") throw new Error("the disk is full");
    };
    expect(() => object.operate(OPERATOR, settle, bytesOf("done"))).toThrow("the disk is full");
    expect([...storage.values]).toEqual(before);
  });

  test("is refused where the record does not allow it", () => {
    const { object, storage, reported } = withRecord(COMPLETED, bytesOf("ok"));
    const before = [...storage.values];
    const refused = { done: false, before: "completed" };
    expect(object.operate(OPERATOR, settle, bytesOf("done"))).toEqual({ ...refused, refusal: "not_unknown" });
    const changed: Command = { action: "purge", attemptId: "another" };
    expect(object.operate(OPERATOR, changed, null)).toEqual({ ...refused, refusal: "attempt_changed" });
    expect([[...storage.values], reported]).toEqual([before, []]);
  });

  test("is refused while an attempt runs, and does not touch its record", async () => {
    const { start, storage, reported } = rig(() => new Promise(() => {}));
    const object = start();
    void object.submit(call());
    await pass();
    const before = storage.values.get("record");
    expect(object.operate(OPERATOR, { action: "release", attemptId: null }, null)).toEqual({
      done: false,
      before: "pending",
      refusal: "running",
    });
    expect([storage.values.get("record"), reported]).toEqual([before, []]);
  });

  test("finds no record where there is none, where its term is over, and where it is another tenant's", () => {
    const release: Command = { action: "release", attemptId: null };
    const none = { done: false, before: "none", refusal: "no_record" };
    expect(withRecord(null).object.operate(OPERATOR, release, null)).toEqual(none);
    const over = withRecord({ ...COMPLETED, expiresAtMs: NOW_MS });
    expect(over.object.operate(OPERATOR, release, null)).toEqual(none);
    const { object, storage } = withRecord(UNKNOWN);
    expect(object.operate({ ...OPERATOR, tenant: "other.test" }, release, null)).toEqual(none);
    expect(storage.values.size).toBe(1);
  });

  test("that is refused writes what has become of an attempt whose process died", async () => {
    const { object, storage, reported } = withRecord({ ...pending, startedAtMs: NOW_MS - 1000 });
    const purge: Command = { action: "purge", attemptId: null };
    expect(object.operate(OPERATOR, purge, null)).toEqual({
      done: false,
      before: "unknown",
      refusal: "nothing_to_erase",
    });
    expect(read(storage).state).toBe("unknown");
    await pass();
    expect(reported).toMatchObject([{ cause: "process_died" }]);
  });

  test("on an attempt whose process died is one event of the journal, not two", async () => {
    const { object, reported } = withRecord({ ...pending, startedAtMs: NOW_MS - 1000 });
    expect(object.operate(OPERATOR, settle, bytesOf("done"))).toMatchObject({ before: "unknown", after: "completed" });
    await pass();
    expect(reported.map(({ state, cause }) => [state, cause])).toEqual([["completed", "settled"]]);
  });
});

describe("a record that can't be read", () => {
  test("is an unknown outcome, which the log has each time it is seen", async () => {
    const { object, storage, lines, sent } = withRecord(null);
    storage.values.set("record", { tenant: TENANT, state: "of a newer version" });
    expect(await object.submit(call())).toMatchObject({ code: "outcome_unknown", mark: { recordedAtMs: null } });
    expect(lines()).toMatchObject([{ event: "unreadable_record", record: "5eed" }]);
    expect([sent, storage.values.size]).toEqual([[], 1]);
  });

  test("is named in the log by the object's id where it has no name", () => {
    const { object, storage, lines } = withRecord(null);
    storage.values.set("record", { state: "of a newer version" });
    storage.id.name = undefined;
    object.hostname();
    expect(lines()).toMatchObject([{ event: "unreadable_record", record: "an id without a name" }]);
  });

  test("is released by an operator alone", () => {
    const { object, storage } = withRecord(null);
    storage.values.set("record", { state: "of a newer version" });
    const release: Command = { action: "release", attemptId: null };
    expect(object.operate({ ...OPERATOR, role: "tenant" }, release, null)).toMatchObject({ refusal: "operator_only" });
    expect(object.operate(OPERATOR, release, null)).toEqual({ done: true, before: "unreadable", after: "none" });
    expect(storage.values.size).toBe(0);
  });
});

describe("the alarm of a record", () => {
  const fire = async (object: KeyObject, { alarmMs }: MemoryStorage, retryCount = 0): Promise<void> => {
    vi.setSystemTime(alarmMs ?? 0);
    await object.alarm({ isRetry: retryCount > 0, retryCount, scheduledTime: alarmMs ?? 0 });
  };

  test("makes an attempt whose process died an unknown outcome, with its report, and then ends it", async () => {
    const { start, storage, reported } = rig(() => new Promise(() => {}));
    void start().submit(call({ policy: { unknownTtlMs: HOUR_MS, rememberMs: 0 } }));
    await pass();
    const object = start();
    await object.look(look({ about: pending.about, journal: JOURNAL, isOnHold: true }));
    const written = read(storage) as RestingRecord;
    expect(written.state).toBe("unknown");
    await fire(object, storage);
    expect([storage.values.size, storage.alarmMs]).toEqual([0, null]);
    expect(reported).toHaveLength(1);
  });

  test("finds the dead process by itself", async () => {
    const { object, storage } = withRecord({ ...pending, startedAtMs: NOW_MS - 1000 });
    storage.alarmMs = NOW_MS + 5000;
    await fire(object, storage);
    expect(read(storage)).toMatchObject({ state: "unknown", sinceMs: NOW_MS + 5000 });
    expect(storage.alarmMs).toBe(Math.max(deletionMs(read(storage) as RestingRecord), NOW_MS + 6000));
  });

  test("leaves the key of a remembered record, without its answer", async () => {
    const { object, storage, reported } = withRecord({ ...COMPLETED, rememberMs: HOUR_MS }, bytesOf("ok"));
    await object.inspect(TENANT, JOURNAL, null);
    storage.alarmMs = COMPLETED.expiresAtMs;
    await fire(object, storage);
    expect(read(storage)).toMatchObject({ state: "tombstone", cause: { kind: "expired" } });
    expect(Object(storage.values.get("record"))).toMatchObject({ body: null, chunks: 0 });
    expect(reported).toEqual([]);
    await fire(object, storage);
    expect(storage.values.size).toBe(0);
  });

  test("leaves no chunk of a remembered record, also where one is lost", async () => {
    const record = { ...COMPLETED, rememberMs: HOUR_MS };
    const { object, storage } = withRecord(
      record,
      null,
      [0, 1, 2].map(() => new Uint8Array(1)),
    );
    storage.values.delete("chunk:attempt-1:1");
    storage.alarmMs = COMPLETED.expiresAtMs;
    await fire(object, storage);
    expect([read(storage).state, storage.chunks]).toEqual(["tombstone", []]);
  });

  test("looks again while an attempt runs, and touches nothing", async () => {
    const { start, storage } = rig(() => new Promise(() => {}));
    const object = start();
    void object.submit(call());
    await pass();
    const before = storage.values.get("record");
    await object.alarm({ isRetry: false, retryCount: 0, scheduledTime: NOW_MS });
    expect([storage.values.get("record"), storage.alarmMs]).toEqual([before, NOW_MS + 15_000]);
  });

  test("deletes all where there is no record", async () => {
    const { object, storage } = withRecord(null);
    storage.values.set("chunk:gone:0", new Uint8Array(1));
    storage.alarmMs = NOW_MS;
    await fire(object, storage);
    expect([storage.values.size, storage.alarmMs]).toEqual([0, null]);
  });

  test("that keeps failing is logged with its record, and comes again", async () => {
    const { object, storage, lines } = withRecord(UNKNOWN);
    storage.onRead = () => {
      throw new Error("disk I/O error");
    };
    storage.alarmMs = NOW_MS;
    await fire(object, storage, 5);
    expect(lines()).toEqual([
      { event: "fault", id: "5eed", where: "alarm", why: "Error: disk I/O error", tenant: null, record: "5eed" },
    ]);
    expect(storage.alarmMs).toBe(NOW_MS + HOUR_MS);
  });
});

describe("the check of the storage", () => {
  test("writes, reads and deletes a value of its own, and measures each", async () => {
    const { object, storage } = withRecord(UNKNOWN);
    const before = storage.values.get("record");
    let syncs = 0;
    const written: unknown[] = [];
    storage.onWrite = (...write) => void written.push(write);
    storage.onSync = () => Promise.resolve(void vi.setSystemTime(NOW_MS + (syncs++ === 0 ? 7 : 16)));
    storage.onRead = () => vi.setSystemTime(NOW_MS + 11);
    const [first, second] = [object.checkStorage(), object.checkStorage()];
    expect(await first).toEqual({ writeMs: 7, readMs: 4, deleteMs: 5 });
    expect([await second, syncs]).toEqual([await first, 2]);
    expect([...storage.values]).toEqual([["record", before]]);
    expect(written).toEqual([
      ["put", "health"],
      ["delete", "health"],
    ]);
    await object.checkStorage();
    expect(syncs).toBe(4);
  });

  test("asks the disk, and not the copy in memory", async () => {
    const { object, storage } = withRecord(null);
    storage.onUncachedRead = (key) => void storage.values.delete(key);
    await expect(object.checkStorage()).rejects.toThrow("the value that was written is not there");
  });

  test("fails where the value is not there, and where the storage fails", async () => {
    const { object, storage } = withRecord(null);
    storage.onRead = (key) => void storage.values.delete(key);
    await expect(object.checkStorage()).rejects.toThrow("the value that was written is not there");
    storage.onSync = () => Promise.reject(new Error("disk I/O error"));
    await expect(object.checkStorage()).rejects.toThrow("disk I/O error");
  });
});

test("each line of the log has the deployed version", () => {
  const { storage } = rig();
  onTestFinished(() => logVersion(null));
  const object = new KeyObject(storage.ctx(), { CF_VERSION_METADATA: { id: "v7" } } as unknown as Env);
  storage.values.set("record", { state: "of a newer version" });
  object.hostname();
  expect(JSON.parse(String(vi.mocked(console.warn).mock.lastCall?.[0]))).toMatchObject({ version: "v7" });
});
