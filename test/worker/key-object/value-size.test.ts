import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { ChunkStore } from "../../../src/key-object/chunk-store.ts";
import { RecordStore } from "../../../src/key-object/record-store.ts";
import { VALUE_BYTES_MAX, assertFits } from "../../../src/key-object/stored-value.ts";
import { clientOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";
import { completed } from "../../unit/record/examples.ts";

/** The storage of an object of its own. */
function inStorage<T>(run: (storage: DurableObjectStorage) => T): Promise<T> {
  return runInDurableObject(env.KEYS.getByName(uniqueKey()), (_, { storage }) => run(storage));
}

/** A record whose head has about `characters`. */
function withHead(characters: number): typeof completed {
  return { ...completed, answer: { ...completed.answer, headers: [["x-large", "v".repeat(characters)]] } };
}

test("a value may have as much as the platform documents, without its key", () => {
  expect(VALUE_BYTES_MAX).toBe(1_990_000);
  expect(() => assertFits(VALUE_BYTES_MAX)).not.toThrow();
  expect(() => assertFits(VALUE_BYTES_MAX + 1)).toThrow("a value of 1990001 bytes is too large to store");
});

test("a record whose value might be larger is not written", async () => {
  const outcome = await inStorage((storage) => {
    const store = new RecordStore(storage);
    store.write(withHead(800_000));
    const write = (): void => store.write(withHead(1_000_000));
    expect(write).toThrow("too large to store");
    const body = { inline: new Uint8Array(500_000), chunks: 0 };
    expect(() => store.write(withHead(800_000), body)).toThrow("too large to store");
    return store.load()?.record;
  });
  expect(outcome).toEqual(withHead(800_000));
});

test("no chunk is larger, however large a body is", async () => {
  const sizes = await inStorage((storage) => {
    expect(new ChunkStore(storage).appendChunks("a", 0, new Uint8Array(5_000_000))).toBe(20);
    return [...storage.kv.list<Uint8Array>()].map(([, { byteLength }]) => byteLength);
  });
  expect(Math.max(...sizes)).toBe(262_144);
});

test("of a view, only its own bytes are stored, and not the rest of its buffer", async () => {
  const view = new Uint8Array(1_000_000).subarray(1000, 1000 + completed.answer.bodyBytes);
  const sizes = await inStorage((storage) => {
    const store = new RecordStore(storage);
    store.write(completed, { inline: view, chunks: 0 });
    store.chunks.appendChunks("a", 0, view);
    const stored = [storage.kv.get<{ body: Uint8Array }>("record")?.body, store.chunks.chunk("a", 0)];
    return stored.map((bytes) => [bytes?.byteLength, bytes?.buffer.byteLength]);
  });
  expect(sizes).toEqual([
    [2, 2],
    [2, 2],
  ]);
});

test("an answer whose head does not fit leaves the outcome unknown, and does not run again", async () => {
  const origin = scriptOrigin(() => new Response("ok", { headers: { "x-large": "v".repeat(1_000_000) } }));
  const key = uniqueKey();
  const first = await clientOf().post("/v1/charges", { key });
  expect([first.status, statusOf(first)]).toEqual([409, "unknown"]);
  const retry = await clientOf().post("/v1/charges", { key });
  expect([retry.status, statusOf(retry)]).toEqual([409, "unknown"]);
  expect(origin.received).toHaveLength(1);
});
