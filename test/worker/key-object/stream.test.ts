import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Client, type Entry, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { type LiveBody, heldAnswer, liveBody, scriptOrigin } from "../../support/origin.ts";
import { changeRow, chunkKeysOf, objectOf, rowOf } from "../../support/records.ts";

const PATH = "/v1/chat";
const SSE = { status: 200, headers: { "content-type": "text/event-stream" } };

afterEach(() => vi.restoreAllMocks());

/** An attempt whose answer streams as the test sends it. */
function streaming(entry: Entry = {}, init: ResponseInit = SSE) {
  const body = liveBody();
  const origin = scriptOrigin(() => body.response(init));
  const client = clientOf(entry);
  const key = uniqueKey();
  const ask = (options: { json?: unknown; headers?: Record<string, string> } = {}) =>
    client.post(PATH, { key, ...options });
  return { body, origin, client, key, ask };
}

/** Reads piece by piece, as text. */
function readerOf(response: Response) {
  const reader = (response.body ?? new ReadableStream()).getReader();
  const decoder = new TextDecoder();
  return {
    /** The next piece, or null at a clean end, or "cut". */
    next: async (): Promise<string | null> => {
      const next = await reader.read().catch(() => "cut" as const);
      if (next === "cut") return "cut";
      return next.done ? null : decoder.decode(next.value);
    },
    leave: () => reader.cancel(),
  };
}

async function chunksOf(key: string): Promise<number> {
  return (await chunkKeysOf(await objectOf(key, PATH))).length;
}

/** Time for what happens on a busy machine. */
const WITHIN = { timeout: 10_000, interval: 5 };

/** What the object has written becomes durable for it only when the test says so. Plain values, which both may look at. */
async function holdSyncs(object: DurableObjectStub): Promise<{ held: number; released: boolean }> {
  const syncs = { held: 0, released: false };
  await runInDurableObject(object, (_, { storage }) => {
    const sync = storage.sync.bind(storage);
    const value = async (): Promise<void> => {
      syncs.held++;
      while (!syncs.released) await scheduler.wait(1);
      await sync();
    };
    Object.defineProperty(storage, "sync", { value, configurable: true });
  });
  return syncs;
}

async function taken(body: LiveBody, count: number): Promise<void> {
  for (let tries = 0; body.taken() < count; tries++) {
    if (tries === 5000) throw new Error(`${body.taken()} of ${count} pieces were taken`);
    await scheduler.wait(1);
  }
}

const untilEmpty = async (key: string): Promise<void> => {
  for (let tries = 0; (await chunksOf(key)) > 0; tries++) {
    if (tries === 500) throw new Error("chunks are still stored");
    await scheduler.wait(5);
  }
};

describe("5.8 an answer that streams", () => {
  test.each<[string, Entry, ResponseInit]>([
    ["text/event-stream", {}, { headers: { "content-type": "text/event-stream; charset=utf-8" } }],
    ["application/x-ndjson", {}, { headers: { "content-type": "Application/X-NDJSON" } }],
    ["any type, where the policy says so", { stream: true }, { headers: { "content-type": "text/plain" } }],
  ])("passes on its head and each piece before its end: %s", async (_, entry, init) => {
    const { body, ask } = streaming(entry, init);
    const response = await ask();
    expect([response.status, response.headers.get("idempotency-status")]).toEqual([200, "executed"]);
    const reader = readerOf(response);
    body.send("data: one\n\n");
    expect(await reader.next()).toBe("data: one\n\n");
    body.send("data: two\n\n");
    expect(await reader.next()).toBe("data: two\n\n");
    body.end();
    expect(await reader.next()).toBeNull();
  });

  test("is replayed whole later, and has run once", async () => {
    const { body, ask, origin } = streaming();
    const first = await ask();
    body.send("data: one\n\n");
    body.send("data: two\n\n");
    body.end();
    expect(await first.text()).toBe("data: one\n\ndata: two\n\n");
    const later = await ask();
    expect([statusOf(later), later.headers.get("idempotent-replayed")]).toEqual(["replayed", "true"]);
    expect(later.headers.get("content-type")).toBe("text/event-stream");
    expect(await later.text()).toBe("data: one\n\ndata: two\n\n");
    expect(origin.received).toHaveLength(1);
  });

  test("ends for its readers only when its record is durable", async () => {
    const { body, ask, key } = streaming();
    const readers = [readerOf(await ask())];
    body.send("one");
    expect(await readers[0]?.next()).toBe("one");
    readers.push(readerOf(await ask()));
    expect(await readers[1]?.next()).toBe("one");
    const object = await objectOf(key, PATH);
    const syncs = await holdSyncs(object);
    body.end();
    let ended = 0;
    const ends = readers.map((reader) => reader.next().finally(() => ended++));
    await vi.waitFor(async () => expect((await rowOf(object))?.["state"]).toBe("completed"), WITHIN);
    // Time in which an end that waits for nothing would have come.
    await scheduler.wait(100);
    expect([syncs.held, ended]).toEqual([1, 0]);
    syncs.released = true;
    expect(await Promise.all(ends)).toEqual([null, null]);
  });

  test.each([
    ["another attempt", { attempt_id: "another" }],
    ["a known outcome", { state: "tombstone", cause: "erased", term_ms: Date.now() + 3_600_000 }],
  ])("is cut for all of its readers where the record is that of %s by its end", async (_, change) => {
    const { body, ask, key, origin } = streaming();
    const first = readerOf(await ask());
    body.send("one");
    expect(await first.next()).toBe("one");
    const joined = readerOf(await ask());
    expect(await joined.next()).toBe("one");
    await changeRow(await objectOf(key, PATH), change);
    body.end();
    for (const reader of [first, joined]) {
      expect(await Promise.race([reader.next(), scheduler.wait(10_000)])).toBe("cut");
    }
    expect(await rowOf(await objectOf(key, PATH))).toMatchObject(change);
    expect(origin.received).toHaveLength(1);
  });

  test("is kept where it is empty", async () => {
    const { body, ask } = streaming();
    const first = ask();
    body.end();
    expect(await (await first).text()).toBe("");
    const later = await ask();
    expect([statusOf(later), await later.text()]).toEqual(["replayed", ""]);
  });

  test("is passed on when it is whole, if it is of another type", async () => {
    const { body, ask, origin } = streaming({}, { status: 201 });
    const first = ask();
    await origin.arrived(1);
    body.send("one");
    await taken(body, 1);
    expect(await problemOf(await ask({ headers: { prefer: "wait=0" } }))).toBe("409 in_flight");
    body.end();
    expect([statusOf(await first), await (await first).text()]).toEqual(["executed", "one"]);
  });
});

describe("4.3.5 a retry while the answer streams", () => {
  test("reads what has been recorded, and then follows", async () => {
    const { body, ask, origin } = streaming();
    const first = readerOf(await ask());
    body.send("one ");
    expect(await first.next()).toBe("one ");
    const response = await ask();
    expect(response.headers.get("idempotency-status")).toBe("joined");
    expect(response.headers.get("idempotent-replayed")).toBe("true");
    const joined = readerOf(response);
    expect(await joined.next()).toBe("one ");
    body.send("two");
    expect(await joined.next()).toBe("two");
    expect(await first.next()).toBe("two");
    body.end();
    expect([await joined.next(), await first.next()]).toEqual([null, null]);
    expect(origin.received).toHaveLength(1);
  });

  test("waits for the first recorded byte, which ends its wait", async () => {
    const { body, ask } = streaming();
    const first = await ask();
    const refused = await ask({ headers: { prefer: "wait=0" } });
    expect([await problemOf(refused), refused.headers.get("preference-applied")]).toEqual(["409 in_flight", "wait=0"]);
    const waiting = ask({ headers: { prefer: "wait=20" } });
    body.send("one");
    const joined = await waiting;
    expect([statusOf(joined), joined.headers.get("preference-applied")]).toEqual(["joined", "wait=20"]);
    const attached = await ask({ headers: { prefer: "wait=0" } });
    expect([statusOf(attached), attached.headers.get("preference-applied")]).toEqual(["joined", null]);
    body.end();
    expect(await Promise.all([first, joined, attached].map((response) => response.text()))).toEqual([
      "one",
      "one",
      "one",
    ]);
  });

  test("is refused with another body, and with in_flight = refuse", async () => {
    const { body, ask } = streaming({ in_flight: "refuse" });
    const first = await ask();
    body.send("one");
    expect(await problemOf(await ask())).toBe("409 in_flight");
    expect(await problemOf(await ask({ json: {} }))).toBe("422 key_reused");
    body.end();
    expect(await first.text()).toBe("one");
  });

  test("joins a stream that began after our own 504", async () => {
    const body = liveBody();
    let begins = false;
    const origin = scriptOrigin(async () => {
      while (!begins) await scheduler.wait(1);
      return body.response(SSE);
    });
    const client = clientOf({ origin_timeout: "100ms" });
    const key = uniqueKey();
    expect(await problemOf(await client.post(PATH, { key }))).toBe("504 origin_timeout");
    const later = client.post(PATH, { key });
    begins = true;
    body.send("late");
    expect(statusOf(await later)).toBe("joined");
    body.end();
    expect(await (await later).text()).toBe("late");
    expect(statusOf(await client.post(PATH, { key }))).toBe("replayed");
    expect(origin.received).toHaveLength(1);
  });
});

describe("5.8.2 readers at their own speed", () => {
  test("a client that leaves does not stop the recording", async () => {
    const { body, ask, origin } = streaming();
    const first = readerOf(await ask());
    body.send("one ");
    expect(await first.next()).toBe("one ");
    await first.leave();
    body.send("two");
    body.end();
    const later = await ask();
    expect(await later.text()).toBe("one two");
    expect(origin.received).toHaveLength(1);
  });

  test("a client that reads nothing delays neither the recording nor other readers", async () => {
    const { body, ask } = streaming();
    const slow = await ask();
    const piece = new Uint8Array(100_000).fill(97);
    for (let sent = 0; sent < 20; sent++) body.send(piece);
    await taken(body, 20);
    const other = readerOf(await ask());
    expect((await other.next())?.length).toBeGreaterThan(0);
    body.end();
    const later = await ask();
    expect((await later.text()).length).toBe(2_000_000);
    expect((await slow.text()).length).toBe(2_000_000);
  });
});

describe('5.8.6 on_disconnect = "cancel"', () => {
  const CANCEL = { on_disconnect: "cancel" };

  test("aborts the attempt when its last reader has left, and no retry runs", async () => {
    const { body, ask, origin, key } = streaming(CANCEL);
    const first = readerOf(await ask());
    body.send("one ");
    expect(await first.next()).toBe("one ");
    const joined = readerOf(await ask());
    expect(await joined.next()).toBe("one ");
    await first.leave();
    body.send("two");
    expect(await joined.next()).toBe("two");
    await joined.leave();
    // Here only the next piece shows that they have left. The platform shows it when it ends their requests.
    body.send("three");
    for (let tries = 0; (await rowOf(await objectOf(key, PATH)))?.["state"] !== "unknown"; tries++) {
      if (tries === 500) throw new Error("the attempt was not aborted");
      await scheduler.wait(5);
    }
    expect(await problemOf(await ask())).toBe("409 outcome_unknown");
    expect(origin.received).toHaveLength(1);
  });

  test("changes nothing once all of the response has arrived", async () => {
    const { body, ask, origin } = streaming(CANCEL);
    const first = readerOf(await ask());
    body.send("one");
    expect(await first.next()).toBe("one");
    body.end();
    expect(await first.next()).toBeNull();
    expect(statusOf(await ask())).toBe("replayed");
    expect(origin.received).toHaveLength(1);
  });

  test("leaves an attempt alone of which nothing was read yet, because its client was refused", async () => {
    const { answer, release } = heldAnswer(() => body.response(SSE));
    const body = liveBody();
    const origin = scriptOrigin(answer);
    const client = clientOf({ ...CANCEL, origin_timeout: "100ms" });
    const key = uniqueKey();
    expect(await problemOf(await client.post(PATH, { key }))).toBe("504 origin_timeout");
    release();
    body.send("one ");
    await scheduler.wait(50);
    const joined = readerOf(await client.post(PATH, { key }));
    expect(await joined.next()).toBe("one ");
    body.send("two");
    body.end();
    expect([await joined.next(), await joined.next()]).toEqual(["two", null]);
    expect(origin.received).toHaveLength(1);
  });

  test("leaves an attempt alone whose client leaves before the first piece of the body", async () => {
    const { body, ask, origin } = streaming(CANCEL);
    const first = readerOf(await ask());
    await first.leave();
    const joined = ask();
    body.send("one");
    body.end();
    expect(await (await joined).text()).toBe("one");
    expect(origin.received).toHaveLength(1);
  });
});

describe("5.8.4 an answer that breaks off", () => {
  const cut = async (ask: () => Promise<Response>, end: () => Promise<void> | void, body: LiveBody) => {
    const first = readerOf(await ask());
    body.send("one");
    expect(await first.next()).toBe("one");
    const joined = readerOf(await ask());
    expect(await joined.next()).toBe("one");
    await end();
    expect([await first.next(), await joined.next()]).toEqual(["cut", "cut"]);
  };

  test.each<[string, Entry, (body: LiveBody) => void]>([
    ["the connection breaks", {}, (body) => body.breakOff()],
    ["the origin is silent for idle_timeout", { idle_timeout: "200ms" }, () => {}],
    ["it has not ended by origin_deadline", { origin_deadline: "400ms", origin_timeout: "300ms" }, () => {}],
  ])("is cut, never replayed, and freed: %s", async (_, entry, breaks) => {
    const { body, ask, origin, key } = streaming(entry);
    await cut(ask, () => breaks(body), body);
    expect(await problemOf(await ask())).toBe("409 outcome_unknown");
    await untilEmpty(key);
    expect((await rowOf(await objectOf(key, PATH)))?.["state"]).toBe("unknown");
    expect(origin.received).toHaveLength(1);
  });

  test("is cut where the process dies, and freed when that is found", async () => {
    const { body, ask, origin, key } = streaming();
    await cut(ask, () => abortAllDurableObjects(), body);
    expect(await chunksOf(key)).toBe(1);
    expect(await problemOf(await ask())).toBe("409 outcome_unknown");
    expect(await chunksOf(key)).toBe(0);
    expect(origin.received).toHaveLength(1);
  });

  test("runs again from its beginning where the policy says so, without what was recorded before", async () => {
    const { body, ask, origin } = streaming({ on_unknown: "retry" });
    await cut(ask, () => body.breakOff(), body);
    origin.answers(() => new Response("data: whole", SSE));
    const again = await ask();
    expect([statusOf(again), await again.text()]).toEqual(["executed", "data: whole"]);
    expect(await (await ask()).text()).toBe("data: whole");
    expect(origin.received).toHaveLength(2);
  });

  test("leaves nothing to the attempt that follows it, where its process died before it was read", async () => {
    const { body, ask, origin, key } = streaming({ on_unknown: "retry" });
    await ask();
    // More than is on its way to a client that reads nothing.
    body.send(new Uint8Array(4_000_000));
    body.breakOff();
    const object = await objectOf(key, PATH);
    await vi.waitFor(async () => expect((await rowOf(object))?.["state"]).toBe("unknown"), WITHIN);
    await abortAllDurableObjects();
    expect(await chunksOf(key)).toBe(16);
    origin.answers(() => new Response("small"));
    expect(await (await ask()).text()).toBe("small");
    expect(await chunksOf(key)).toBe(0);
  });

  test("takes nothing from the attempt that follows it, also where it is still read", async () => {
    const { body, ask, origin, key } = streaming({ on_unknown: "retry" });
    const first = readerOf(await ask());
    body.send("one");
    expect(await first.next()).toBe("one");
    body.breakOff();
    // The next attempt begins as soon as the record allows it, while the first client has not seen the end yet.
    const next = liveBody();
    origin.answers(() => next.response(SSE));
    let second = await ask({ headers: { prefer: "wait=0" } });
    for (let tries = 0; statusOf(second) !== "executed"; tries++) {
      if (tries === 500) throw new Error("the second attempt does not begin");
      await scheduler.wait(1);
      second = await ask({ headers: { prefer: "wait=0" } });
    }
    next.send("two ");
    const reader = readerOf(second);
    expect(await reader.next()).toBe("two ");
    expect(await first.next()).toBe("cut");
    next.send("three");
    next.end();
    expect([await reader.next(), await reader.next()]).toEqual(["three", null]);
    expect(await (await ask()).text()).toBe("two three");
    expect(await chunksOf(key)).toBe(2);
    expect(origin.received).toHaveLength(2);
  });

  test("is unknown, with 502, where it was not passed on before its end", async () => {
    const { body, ask, key } = streaming({ idle_timeout: "200ms" }, { status: 200 });
    const first = ask();
    body.send(new Uint8Array(300_000));
    expect(await problemOf(await first)).toBe("502 origin_unreachable");
    expect(await problemOf(await ask())).toBe("409 outcome_unknown");
    await untilEmpty(key);
  });
});

describe("5.6.2 an answer that streams beyond max_response_bytes", () => {
  test("reaches its first client whole, and cuts who reads it besides", async () => {
    const { body, ask, origin, key } = streaming({ max_response_bytes: 10 });
    const first = readerOf(await ask());
    body.send("1234567890");
    expect(await first.next()).toBe("1234567890");
    const joined = readerOf(await ask());
    expect(await joined.next()).toBe("1234567890");
    body.send("beyond");
    expect(await first.next()).toBe("beyond");
    expect((await rowOf(await objectOf(key, PATH)))?.["state"]).toBe("tombstone");
    expect(await joined.next()).toBe("cut");
    expect(await problemOf(await ask())).toBe("409 replay_unavailable");
    body.send(" and the rest");
    body.end();
    expect([await first.next(), await first.next()]).toEqual([" and the rest", null]);
    await untilEmpty(key);
    expect(origin.received).toHaveLength(1);
  });

  test("is read to its end where the first client has left", async () => {
    const { body, ask } = streaming({ max_response_bytes: 10 });
    await readerOf(await ask()).leave();
    body.send("far beyond the limit");
    body.send("and more");
    body.send("and more");
    await taken(body, 3);
    body.end();
    await taken(body, 4);
    expect(await problemOf(await ask())).toBe("409 replay_unavailable");
  });
});

describe("5.8.1 an answer that is large", () => {
  const bytes = Uint8Array.from({ length: 1_500_000 }, (_, index) => (index * 7 + (index >> 9)) % 256);
  const same = async (response: Response): Promise<boolean> => {
    const got = new Uint8Array(await response.arrayBuffer());
    return got.byteLength === bytes.byteLength && got.every((byte, index) => byte === bytes[index]);
  };

  test.each([65_536, 65_537, 262_143, 262_144, 262_145, 524_288, 1_500_000])(
    "of %i bytes is kept exactly",
    async (length) => {
      const part = bytes.subarray(0, length);
      const { body, ask } = streaming({}, { status: 201 });
      const answers = [ask(), ask()];
      for (let at = 0; at < length; at += 50_000) body.send(part.subarray(at, at + 50_000));
      body.end();
      for (const response of [...(await Promise.all(answers)), await ask()]) {
        expect(new Uint8Array(await response.arrayBuffer())).toEqual(part.slice());
      }
    },
  );

  test("beyond max_response_bytes reaches its first client from storage and then from the origin, and is freed", async () => {
    const { body, ask, origin, key } = streaming({ max_response_bytes: 1_000_000 }, { status: 201 });
    const first = ask();
    for (let at = 0; at < bytes.byteLength; at += 50_000) body.send(bytes.subarray(at, at + 50_000));
    body.end();
    expect([statusOf(await first), await same(await first)]).toEqual(["executed", true]);
    expect(await problemOf(await ask())).toBe("409 replay_unavailable");
    await untilEmpty(key);
    expect(origin.received).toHaveLength(1);
  });

  test("that is not final is not kept: the first client gets all of it, the others the outcome", async () => {
    const { body, ask, client, origin, key } = streaming({}, { status: 429 });
    const first = ask();
    await origin.arrived(1);
    const joined = ask();
    expect(await problemOf(await ask({ headers: { prefer: "wait=0" } }))).toBe("409 in_flight");
    body.send(bytes);
    body.end();
    expect([(await first).status, statusOf(await first), await same(await first)]).toEqual([429, "released", true]);
    expect([await problemOf(await joined), statusOf(await joined)]).toEqual(["503 unavailable", "released"]);
    expect(await chunksOf(key)).toBe(0);
    origin.answers(() => new Response("ran"));
    expect(statusOf(await client.post(PATH, { key }))).toBe("executed");
  });
});

describe("3.6 a request that is large", () => {
  const large = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 13 + (index >> 7)) % 256);
  const client: Client = clientOf({ max_request_bytes: 3_000_000, fingerprint: "bytes" });

  test("reaches the origin exactly, once, however many ask at once", async () => {
    const origin = scriptOrigin();
    const key = uniqueKey();
    const answers = await Promise.all(Array.from({ length: 5 }, () => client.post(PATH, { key, body: large })));
    const statuses = answers.map(statusOf);
    expect(statuses.filter((status) => status === "executed")).toHaveLength(1);
    expect(statuses.filter((status) => status === "joined")).toHaveLength(4);
    expect(origin.received).toHaveLength(1);
    expect(origin.received[0]?.body).toEqual(large);
  });

  test("is the same request by every one of its bytes", async () => {
    const origin = scriptOrigin();
    const key = uniqueKey();
    expect(statusOf(await client.post(PATH, { key, body: large }))).toBe("executed");
    const changed = large.slice();
    changed[2_999_999] = 0;
    expect(await problemOf(await client.post(PATH, { key, body: changed }))).toBe("422 key_reused");
    expect(statusOf(await client.post(PATH, { key, body: large }))).toBe("replayed");
    expect(origin.received).toHaveLength(1);
  });
});
