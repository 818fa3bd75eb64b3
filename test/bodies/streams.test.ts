import { describe, expect, test } from "vitest";
import { type Answer, header } from "../conformance/client.ts";
import { noise } from "./contents.ts";
import { type Reader } from "./reader.ts";
import { type Operation, markOf, nameOf, setUpRig } from "./rig.ts";
import { BINARY, pass, start } from "./running.ts";
import { end, write } from "./stage.ts";

const rig = setUpRig({
  "plain.test": { max_response_bytes: 100_000_000 },
  "stream.test": { stream: true, max_response_bytes: 100_000_000 },
  "refuse.test": { in_flight: "refuse" },
});

/** Larger than all that the sockets between origin, gateway and client hold. */
const LARGE_BYTES = 30_000_000;

async function expectReplay(operation: Operation, body: Buffer | string): Promise<void> {
  expectWhole(await operation.ask(), "replayed", body);
  expect(operation.executions).toBe(1);
}

function expectWhole(answer: Answer, mark: string, body: Buffer | string): void {
  const sent = Buffer.from(body);
  expect([markOf(answer), answer.complete, answer.body.length]).toEqual([mark, true, sent.length]);
  expect(answer.body.equals(sent)).toBe(true);
}

describe("a streamed answer", () => {
  const STREAMED = [
    ["plain.test", "text/event-stream"],
    ["plain.test", "text/event-stream; charset=utf-8"],
    ["plain.test", "Application/X-NDJSON"],
    ["stream.test", "text/plain"],
    ["stream.test", "application/json"],
  ] as const;

  test.each(STREAMED)("at %s of type %s passes head and pieces on while the origin still works", async (host, type) => {
    const { operation, first, response } = await start(rig, host, { "content-type": type });
    const { status, headers } = await first.head;
    expect(status).toBe(201);
    // Nothing is recorded yet, so nothing is said of when, or of when it ends.
    expect(header({ headers }, "idempotency-status")).toBe("executed");
    expect(header({ headers }, "idempotent-replayed")).toBeUndefined();
    expect(header({ headers }, "content-type")).toBe(type);

    let sent = "";
    for (let nth = 0; nth < 100; nth++) {
      const piece = `data: ${nth} ü\n\n`;
      await pass(response, first, piece);
      sent += piece;
      expect(first.taken.toString()).toBe(sent);
    }
    await end(response);
    expectWhole(await first.answer(), "executed", sent);
    await expectReplay(operation, sent);
  });

  test("that is not streamed by its type is kept as a whole before its head is passed on", async () => {
    const { operation, first, response } = await start(rig, "plain.test", { "content-type": "text/plain" });
    await write(response, "half ");
    await operation.settled();
    await end(response);
    const answer = await first.answer();
    expectWhole(answer, "executed", "half ");
    expect(header(answer, "idempotency-status")).toMatch(/^executed; recorded=@\d+; expires=@\d+$/);
  });

  test("of an empty body ends properly, for the first, for who joined and for a retry", async () => {
    const { operation, first, response } = await start(rig, "plain.test");
    await first.head;
    const joined = operation.reader();
    await operation.settled();
    await end(response);
    expectWhole(await first.answer(), "executed", "");
    expectWhole(await joined.answer(), "joined", "");
    await expectReplay(operation, "");
  });
});

describe("a retry while the stream runs", () => {
  test("gets all that is recorded and then what comes", async () => {
    const { operation, first, response } = await start(rig, "plain.test");
    await pass(response, first, "data: 1\n\n");
    await pass(response, first, "data: 2\n\n");
    const second = operation.reader();
    expect(markOf(await second.head)).toBe("joined");
    expect(header(await second.head, "idempotent-replayed")).toBe("true");
    expect((await second.until(18)).toString()).toBe("data: 1\n\ndata: 2\n\n");
    await write(response, "data: 3\n\n");
    for (const reader of [first, second]) {
      expect((await reader.until(27)).toString()).toBe("data: 1\n\ndata: 2\n\ndata: 3\n\n");
    }
    await end(response);
    expectWhole(await first.answer(), "executed", "data: 1\n\ndata: 2\n\ndata: 3\n\n");
    expectWhole(await second.answer(), "joined", "data: 1\n\ndata: 2\n\ndata: 3\n\n");
    await expectReplay(operation, "data: 1\n\ndata: 2\n\ndata: 3\n\n");
  });

  test("waits until there is something, and no longer than it wants", async () => {
    const { operation, first, response } = await start(rig, "plain.test");
    await first.head;
    const waiting = operation.reader();
    await operation.settled();
    await pass(response, first, "data: 1\n\n");
    expect(markOf(await waiting.head)).toBe("joined");
    // Now there is, so not even who doesn't wait is refused.
    const impatient = operation.reader({ headers: [["prefer", "wait=0"]] });
    expect(markOf(await impatient.head)).toBe("joined");
    await end(response);
    for (const reader of [waiting, impatient]) expectWhole(await reader.answer(), "joined", "data: 1\n\n");
  });

  test("with another body is refused, as ever", async () => {
    const { operation, first, response } = await start(rig, "plain.test");
    await pass(response, first, "data: 1\n\n");
    expect(nameOf(await operation.ask({ json: '{"amount":2}' }))).toBe("422 key_reused");
    await end(response);
    expectWhole(await first.answer(), "executed", "data: 1\n\n");
  });

  test('with in_flight = "refuse" is refused', async () => {
    const { operation, first, response } = await start(rig, "refuse.test");
    await pass(response, first, "data: 1\n\n");
    expect(nameOf(await operation.ask())).toBe("409 in_flight");
    await end(response);
    await first.answer();
    await expectReplay(operation, "data: 1\n\n");
  });

  test("gets the whole also where it comes in the middle of 5 MB that never pause", async () => {
    const body = noise(5_000_000);
    const { operation, first, response } = await start(rig, "stream.test", BINARY);
    const readers: Reader[] = [];
    for (let at = 0; at < body.length; at += 100_000) {
      await write(response, body.subarray(at, at + 100_000));
      await first.until(at + 1);
      if (at % 500_000 !== 0) continue;
      const reader = operation.reader();
      // It has joined before the stream goes on, however slow the machine is.
      await reader.until(1);
      readers.push(reader);
    }
    await end(response);
    expectWhole(await first.answer(), "executed", body);
    for (const reader of readers) expectWhole(await reader.answer(), "joined", body);
    await expectReplay(operation, body);
  });

  test("may be one of fifty", async () => {
    const { operation, first, response } = await start(rig, "plain.test");
    const early = Array.from({ length: 25 }, () => operation.open());
    await Promise.all(early.map(({ written }) => written));
    await operation.settled();
    await pass(response, first, "data: 1\n\n");
    const late = Array.from({ length: 25 }, () => operation.open());
    const heads = await Promise.all([...early, ...late].map(({ head }) => head));
    expect(new Set(heads.map(markOf))).toEqual(new Set(["joined"]));
    await write(response, "data: 2\n\n");
    await end(response);
    for (const exchange of [...early, ...late]) {
      expectWhole(await exchange.answer, "joined", "data: 1\n\ndata: 2\n\n");
    }
    expectWhole(await first.answer(), "executed", "data: 1\n\ndata: 2\n\n");
    await expectReplay(operation, "data: 1\n\ndata: 2\n\n");
  });
});

describe("a reader that stops reading", () => {
  const body = noise(LARGE_BYTES);

  test.each(["first", "second"])(
    "as the %s delays neither the other nor the recording, and misses nothing",
    async (which) => {
      const { operation, first, response } = await start(rig, "stream.test", BINARY);
      await write(response, body.subarray(0, 1000));
      await first.until(1000);
      const second = operation.reader();
      await second.until(1000);
      const [slow, fast] = which === "first" ? [first, second] : [second, first];
      await write(response, body.subarray(1000));
      await end(response);
      // Neither of these would end if anybody waited for the slow one.
      expectWhole(await fast.answer(), which === "first" ? "joined" : "executed", body);
      await expectReplay(operation, body);
      expect(slow.taken.length).toBeLessThan(LARGE_BYTES / 2);
      expectWhole(await slow.answer(), which === "first" ? "executed" : "joined", body);
    },
  );

  test("of a replay gets the rest when it reads on", async () => {
    const { operation, first, response } = await start(rig, "stream.test", BINARY);
    await write(response, body);
    await end(response);
    await first.answer();
    const slow = operation.reader();
    await slow.until(1);
    await expectReplay(operation, body);
    expectWhole(await slow.answer(), "replayed", body);
  });

  test("does not hold up the recording of an answer that is kept before it is passed on", async () => {
    const { operation, first, response } = await start(rig, "plain.test", BINARY);
    await write(response, body);
    await end(response);
    await first.until(1);
    await expectReplay(operation, body);
    expectWhole(await first.answer(), "executed", body);
  });
});

describe("4.2.2: a reader that vanishes", () => {
  test("as the first, before anything of the body has come, changes nothing", async () => {
    const { operation, first, response } = await start(rig, "plain.test");
    await first.head;
    first.leave();
    const second = operation.reader();
    await operation.settled();
    await pass(response, second, "data: 1\n\n");
    await end(response);
    expectWhole(await second.answer(), "joined", "data: 1\n\n");
    await expectReplay(operation, "data: 1\n\n");
  });

  test("as the first, in the middle, changes nothing", async () => {
    const { operation, first, response } = await start(rig, "plain.test");
    await pass(response, first, "data: 1\n\n");
    first.leave();
    const second = operation.reader();
    await pass(response, second, "");
    await second.until(9);
    await pass(response, second, "data: 2\n\n");
    await end(response);
    expectWhole(await second.answer(), "joined", "data: 1\n\ndata: 2\n\n");
    await expectReplay(operation, "data: 1\n\ndata: 2\n\n");
  });

  test("as the only one leaves a recording that goes on to its end", async () => {
    const body = noise(LARGE_BYTES);
    const { operation, first, response } = await start(rig, "stream.test", BINARY);
    await write(response, body.subarray(0, 1000));
    await first.until(1000);
    first.leave();
    await write(response, body.subarray(1000));
    await end(response);
    const retry = await operation.ask();
    const mark = markOf(retry);
    expect(["joined", "replayed"]).toContain(mark);
    expectWhole(retry, mark, body);
    await expectReplay(operation, body);
  });

  test("as one of many, in the middle of 5 MB, changes nothing for the others", async () => {
    const body = noise(5_000_000);
    const { operation, first, response } = await start(rig, "stream.test", BINARY);
    await write(response, body.subarray(0, 2_000_000));
    await first.until(1);
    const readers = Array.from({ length: 6 }, () => operation.reader());
    for (const [nth, reader] of readers.entries()) {
      await reader.until(nth * 300_000 + 1);
      if (nth % 2 === 0) reader.leave();
    }
    await write(response, body.subarray(2_000_000));
    await end(response);
    expectWhole(await first.answer(), "executed", body);
    for (const reader of readers.filter((_, nth) => nth % 2 === 1)) expectWhole(await reader.answer(), "joined", body);
    await expectReplay(operation, body);
  });
});
