/** How answers are stored: their form, their size, and what is damaged of them. */

import { describe, expect, test } from "vitest";
import { type RecordedChunks, ChunkStore, inFullChunks, ownBuffer } from "../../../src/key-object/chunk-store.ts";
import { type KeptRecord } from "../../../src/key-object/kept-record.ts";
import { RecordStore } from "../../../src/key-object/record-store.ts";
import { replayKept } from "../../../src/key-object/replay-kept.ts";
import { NO_BODY } from "../../../src/key-object/stored-body.ts";
import { encodeRecord } from "../../../src/record/stored-record.ts";
import { completed, pending, unknown } from "../record/examples.ts";
import { MemoryStorage, NOW_MS, call, look, rig, textOf } from "./rig.ts";

const CHUNK_BYTES = 262_144;
const ATTEMPT = completed.attempt.id;

function setUp() {
  const storage = new MemoryStorage();
  const { storage: api } = storage.ctx();
  return { storage, chunks: new ChunkStore(api), store: new RecordStore(api) };
}

function append(chunks: RecordedChunks, bytes: number, attemptId = ATTEMPT): number {
  return chunks.appendChunks(attemptId, 0, new Uint8Array(bytes).fill(7));
}

describe("chunks", () => {
  test("of anything but bytes are no body, whatever their length", () => {
    const { storage, chunks } = setUp();
    append(chunks, CHUNK_BYTES);
    const whole = { attemptId: ATTEMPT, chunks: 1, bodyBytes: CHUNK_BYTES, onDamage: () => {} };
    storage.values.set(`chunk:${ATTEMPT}:0`, new ArrayBuffer(CHUNK_BYTES));
    expect(chunks.read(whole)).toBeNull();
  });

  test("are full but for the last one, and have buffers of their own", () => {
    const { storage, chunks } = setUp();
    expect(append(chunks, 2 * CHUNK_BYTES + 1)).toBe(3);
    expect(storage.chunks).toEqual([0, 1, 2].map((seq) => `chunk:${ATTEMPT}:${seq}`));
    const sizes = [...storage.values.values()].map((chunk) => (chunk as Uint8Array).buffer.byteLength);
    expect(sizes).toEqual([CHUNK_BYTES, CHUNK_BYTES, 1]);
    expect(chunks.appendChunks(ATTEMPT, 3, new Uint8Array(5))).toBe(1);
    expect(chunks.chunk(ATTEMPT, 3)).toEqual(new Uint8Array(5));
    expect(chunks.chunk(ATTEMPT, 4)).toBeNull();
  });

  test("are written as far as they are full", () => {
    for (const [bytes, full] of [
      [0, 0],
      [CHUNK_BYTES - 1, CHUNK_BYTES - 1],
      [CHUNK_BYTES, CHUNK_BYTES],
      [CHUNK_BYTES + 1, CHUNK_BYTES],
      [3 * CHUNK_BYTES - 1, 2 * CHUNK_BYTES],
    ] as const) {
      expect(inFullChunks(new Uint8Array(bytes)).byteLength).toBe(full);
    }
  });

  test("are copied only where their buffer has more", () => {
    const whole = new Uint8Array(8);
    expect(ownBuffer(whole)).toBe(whole);
    const part = ownBuffer(whole.subarray(0, 4));
    expect([part.byteLength, part.buffer.byteLength]).toEqual([4, 4]);
  });

  test("of another attempt stay", () => {
    const { storage, chunks } = setUp();
    append(chunks, 10, "another");
    append(chunks, CHUNK_BYTES + 1);
    chunks.drop(ATTEMPT);
    expect(storage.chunks).toEqual(["chunk:another:0"]);
  });

  test.each([
    ["the first", 0],
    ["one in between", 1],
    ["the last", 3],
  ])("are all deleted where %s is lost, by the count of the record", (_, lost) => {
    const { storage, chunks } = setUp();
    lay(storage, 4, 1);
    storage.values.delete(`chunk:${ATTEMPT}:${lost}`);
    chunks.drop(ATTEMPT, 4);
    // From the end on they go as far as the gap.
    expect(storage.chunks).toEqual([]);
  });
});

/** Chunks of so many bytes each. */
function lay({ values }: MemoryStorage, count: number, bytes: number): void {
  for (let seq = 0; seq < count; seq++) values.set(`chunk:${ATTEMPT}:${seq}`, new Uint8Array(bytes));
}

/** The stored body of so many chunks, and how often it was found damaged. */
function body(chunks: ChunkStore, count: number, bodyBytes: number) {
  let damages = 0;
  const stream = chunks.read({ attemptId: ATTEMPT, chunks: count, bodyBytes, onDamage: () => damages++ });
  return { stream, damages: () => damages };
}

describe("a body in chunks", () => {
  test("is read piece by piece, as its reader asks for it", async () => {
    const { storage, chunks } = setUp();
    append(chunks, 2 * CHUNK_BYTES);
    const read: string[] = [];
    const { stream } = body(chunks, 2, 2 * CHUNK_BYTES);
    storage.onRead = (key) => void read.push(key);
    const reader = stream?.getReader();
    await new Promise((resolve) => setImmediate(resolve));
    expect(read).toEqual([]);
    expect((await reader?.read())?.value).toHaveLength(CHUNK_BYTES);
    expect(read).toEqual([`chunk:${ATTEMPT}:0`]);
    expect((await reader?.read())?.value).toHaveLength(CHUNK_BYTES);
    expect((await reader?.read())?.done).toBe(true);
  });

  test("is checked before it is read, once", async () => {
    const { storage, chunks } = setUp();
    lay(storage, 64, 1);
    const read: string[] = [];
    storage.onRead = (key) => void read.push(key);
    expect(body(chunks, 64, 64).stream).not.toBeNull();
    expect(read).toHaveLength(64);
    expect(body(chunks, 64, 64).stream).not.toBeNull();
    expect(read).toHaveLength(64);
    // Another body is another check.
    expect(body(chunks, 64, 63).stream).toBeNull();
    chunks.drop(ATTEMPT);
    expect(body(chunks, 64, 64).stream).toBeNull();
  });

  test.each(["is lost", "is damaged", "can't be read", "is too short", "is too long"])(
    "is not stored as a whole where a chunk %s",
    (how) => {
      const { storage, chunks } = setUp();
      lay(storage, 3, 100);
      const key = `chunk:${ATTEMPT}:1`;
      if (how === "is lost") storage.values.delete(key);
      else if (how === "is damaged") storage.values.set(key, "a text".padEnd(100));
      else if (how === "can't be read") {
        storage.onRead = (read) => {
          if (read === key) throw new Error("can't be deserialized");
        };
      } else storage.values.set(key, new Uint8Array(how === "is too short" ? 99 : 101));
      expect(body(chunks, 3, 300).stream).toBeNull();
      // A check that has failed is made again.
      expect(body(chunks, 3, 300).stream).toBeNull();
    },
  );

  test("is no damage where the storage fails for every key", () => {
    const { storage, chunks } = setUp();
    append(chunks, CHUNK_BYTES);
    storage.onRead = () => {
      throw new Error("disk I/O error");
    };
    expect(() => body(chunks, 1, CHUNK_BYTES)).toThrow("disk I/O error");
  });

  test.each([
    ["is lost", null],
    ["is too long", new Uint8Array(101)],
  ])("of more chunks breaks off where one %s, and never ends as if it were whole", async (_, chunk) => {
    const { storage, chunks } = setUp();
    lay(storage, 65, 100);
    const read: string[] = [];
    storage.onRead = (key) => void read.push(key);
    const { stream, damages } = body(chunks, 65, 6500);
    expect(read).toEqual([]);
    if (chunk === null) storage.values.delete(`chunk:${ATTEMPT}:64`);
    else storage.values.set(`chunk:${ATTEMPT}:64`, chunk);
    const reader = stream?.getReader();
    for (let seq = 0; seq < 64; seq++) expect((await reader?.read())?.value).toHaveLength(100);
    await expect(reader?.read()).rejects.toThrow("the stored answer is gone");
    expect(damages()).toBe(1);
  });
});

describe("a stored record", () => {
  test.each([
    ["a small body", { inline: new Uint8Array([111, 107]), chunks: 0 }],
    ["chunks", { inline: null, chunks: 3 }],
    ["no body", NO_BODY],
  ])("is found as it was written, with %s", (_, stored) => {
    const { store } = setUp();
    expect(store.load()).toBeNull();
    store.write(completed, stored);
    expect(store.load()).toEqual({ record: completed, tenant: "api.test", body: stored });
  });

  test("has no more in its buffer than its body", () => {
    const { storage, store } = setUp();
    store.write(completed, { inline: new Uint8Array(100).subarray(0, 2), chunks: 0 });
    const { body: bytes } = storage.values.get("record") as { body: Uint8Array };
    expect(bytes.buffer.byteLength).toBe(2);
  });

  test.each([
    ["of bytes that can't be read", "why", "bytes that can't be deserialized"],
    ["of a newer form", "state", "unreadable"],
  ])("%s is unreadable", (how, field, value) => {
    const { storage, store } = setUp();
    storage.values.set("record", { ...encodeRecord(completed), state: "of a newer version" });
    if (how.startsWith("of bytes")) {
      storage.onRead = (key) => {
        if (key === "record") throw new Error("can't be deserialized");
      };
    }
    const found = store.load();
    expect(found?.record).toMatchObject({ state: "unreadable", [field]: value });
    expect(found?.tenant).toBe(how.startsWith("of bytes") ? null : "api.test");
    expect(found?.body).toStrictEqual({ inline: null, chunks: 0 });
  });

  test("that is no record at all is unreadable, and not none", () => {
    const { storage, store } = setUp();
    storage.values.set("record", {});
    expect(store.load()?.record.state).toBe("unreadable");
  });

  test("whose empty body is lost has none", () => {
    const { store } = setUp();
    const empty = { ...completed, answer: { ...completed.answer, bodyBytes: 0 } };
    expect(store.body(empty, { inline: null, chunks: 0 }, () => undefined)).toBeNull();
    expect(store.body(empty, { inline: new Uint8Array(), chunks: 0 }, () => undefined)).toEqual(new Uint8Array());
  });

  test.each([
    ["tenant", "", null],
    ["tenant", 7, null],
    ["tenant", "other.test", "other.test"],
  ])("whose %s is %j has tenant %j", (_, tenant, found) => {
    const { storage, store } = setUp();
    storage.values.set("record", { ...encodeRecord(completed), tenant });
    expect(store.load()?.tenant).toBe(found);
  });

  test.each([[-1], [0], [1.5], ["3"], [null], [Number.NaN]])("whose count of chunks is %j has none", (chunks) => {
    const { storage, store } = setUp();
    storage.values.set("record", { ...encodeRecord(completed), body: "no bytes", chunks });
    expect(store.load()?.body).toEqual(NO_BODY);
  });

  test("that is too large for one value is not written", () => {
    const { storage, store } = setUp();
    const most = 1_900_000;
    store.write(completed, { inline: new Uint8Array(most), chunks: 0 });
    const before = storage.values.get("record");
    const large = {
      ...completed,
      answer: { ...completed.answer, headers: [["x", "y".repeat(90_000)]] as [string, string][] },
    };
    expect(() => store.write(large, { inline: new Uint8Array(most), chunks: 0 })).toThrow("too large to store");
    expect(() => store.write(completed, NO_BODY, "x".repeat(1_990_000))).toThrow("too large to store");
    expect(storage.values.get("record")).toBe(before);
  });
});

describe("chunks of an undone attempt", () => {
  test("are left by the process that lets its readers read, and deleted by the next", () => {
    const { storage, store } = setUp();
    append(store.chunks, 10);
    store.remove(ATTEMPT);
    expect([store.load(), storage.chunks.length]).toEqual([null, 1]);
    const next = new RecordStore(storage.ctx().storage);
    expect([next.load(), storage.chunks]).toEqual([null, []]);
    // It has looked.
    append(next.chunks, 10);
    next.load();
    expect(storage.chunks).toHaveLength(1);
  });

  test("are named beside the record that the attempt followed", () => {
    const { storage, store } = setUp();
    append(store.chunks, 10);
    store.write(unknown, NO_BODY, ATTEMPT);
    expect([store.load()?.record, storage.chunks.length]).toEqual([unknown, 1]);
    const next = new RecordStore(storage.ctx().storage);
    expect([next.load()?.record, storage.chunks]).toEqual([unknown, []]);
    store.write(pending);
    expect(storage.values.get("record")).not.toHaveProperty("abandoned");
  });
});

describe("a replay of a stored answer", () => {
  async function stored(bytes: number) {
    const objects = rig(() => new Response("x".repeat(bytes)));
    await objects.start().submit(call());
    return { ...objects, object: objects.start() };
  }

  test.each([
    ["small", 10],
    ["large", 300_000],
  ])("is refused as unknown where its body is not whole: %s", async (_, bytes) => {
    const { object, storage, lines, sent } = await stored(bytes);
    const record = storage.values.get("record") as { body: Uint8Array | null };
    if (bytes === 10) storage.values.set("record", { ...record, body: record.body?.slice(1) });
    else storage.values.delete(storage.chunks[1] ?? "");
    expect(await object.submit(call())).toMatchObject({ code: "outcome_unknown", mark: { status: "unknown" } });
    expect(lines()).toEqual([{ event: "unreadable_record", record: "5eed", why: "the body is not stored as a whole" }]);
    expect(sent).toHaveLength(1);
  });

  test("that is small is no reader, so that no number of readers refuses it", () => {
    const inline = new Uint8Array([111, 107]);
    const kept = { readers: { areTooMany: true }, body: () => inline } as unknown as KeptRecord;
    const found = { record: completed, tenant: "api.test", body: { inline, chunks: 0 } };
    expect(replayKept(kept, completed, found, 1000)).toMatchObject({ mark: { status: "replayed" }, body: inline });
  });

  test("that breaks off in the middle is logged", async () => {
    const { storage, start, lines } = rig();
    const answer = { ...completed.answer, bodyBytes: 65 };
    const record = { ...completed, expiresAtMs: NOW_MS + 1000, answer };
    storage.values.set("record", { ...encodeRecord(record), body: null, chunks: 65 });
    lay(storage, 65, 1);
    const reply = await start().look(look());
    if (reply.kind !== "answer") throw new Error("it is not replayed");
    storage.values.delete(`chunk:${ATTEMPT}:40`);
    await expect(textOf(reply.body)).rejects.toThrow("broke off");
    expect(lines()).toEqual([{ event: "unreadable_record", record: "5eed", why: "the body is not stored as a whole" }]);
  });
});
