/** A request whose body arrives as a stream: nothing is sent before all of it is here. */

import { describe, expect, test } from "vitest";
import { type KeyedCall } from "../../../src/call/call.ts";
import { bodyBudget } from "../../../src/http/body-budget.ts";
import { SAME, OTHER } from "../record/examples.ts";
import { JOURNAL, call, look, pass, rig } from "./rig.ts";

/** A call whose body the test sends, and what has become of its stream. */
function upload(bodyBytes = 8, changes: Partial<KeyedCall> = {}) {
  const { promise, resolve } = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
  const cancelled: unknown[] = [];
  const body = new ReadableStream<Uint8Array>({ start: resolve, cancel: (why) => void cancelled.push(why) });
  const { forward, ...rest } = call();
  const end = async (text = "a charge"): Promise<void> => {
    const controller = await promise;
    controller.enqueue(new TextEncoder().encode(text));
    controller.close();
    await pass();
  };
  const fail = async (): Promise<void> => {
    (await promise).error(new Error("the Worker is gone"));
    await pass();
  };
  return { call: { ...rest, forward: { ...forward, body, bodyBytes }, ...changes }, end, fail, cancelled };
}

describe("a request whose body arrives", () => {
  test("is sent when all of it is here, and its memory is given back", async () => {
    const { start, sent, storage, waits } = rig();
    const held = bodyBudget.heldBytes;
    const { call: arriving, end } = upload();
    const replying = start().submit(arriving);
    let isKept = true;
    void Promise.all(waits).then(() => (isKept = false));
    await pass();
    // The platform keeps the object for it.
    expect([sent, storage.values.size, isKept]).toEqual([[], 0, true]);
    await end();
    expect(await replying).toMatchObject({ mark: { status: "executed" }, waited: false });
    expect([await sent[0]?.text(), bodyBudget.heldBytes]).toEqual(["a charge", held]);
  });

  test("keeps others waiting, which join what it begins", async () => {
    const origin = Promise.withResolvers<Response>();
    const { start, sent } = rig(() => origin.promise);
    const object = start();
    const { call: arriving, end } = upload();
    const first = object.submit(arriving);
    const others = [object.submit(call()), object.look(look())];
    const short = object.submit(call({ waitMs: 1000 }));
    expect(await object.submit(call({ policy: { inFlight: "refuse" } }))).toMatchObject({
      code: "in_flight",
      waited: false,
    });
    expect(await object.inspect("api.test", JOURNAL, null)).toMatchObject({ state: "none", running: "preparation" });
    await pass(1000);
    expect(await short).toMatchObject({ code: "in_flight", waited: true });
    await end();
    origin.resolve(new Response("done", { status: 201 }));
    expect(await first).toMatchObject({ mark: { status: "executed" } });
    for (const other of others) expect(await other).toMatchObject({ mark: { status: "joined" }, waited: true });
    expect(sent).toHaveLength(1);
  });

  test("counts its wait from its arrival, not from its attempt", async () => {
    const { start } = rig(() => new Promise(() => {}));
    const object = start();
    const { call: arriving, end } = upload();
    void object.submit(arriving);
    const waiting = object.submit(call({ waitMs: 5000 }));
    let isOver = false;
    void waiting.then(() => (isOver = true));
    await pass(3000);
    await end();
    await pass(1999);
    expect(isOver).toBe(false);
    await pass(1);
    expect(await waiting).toMatchObject({ code: "in_flight", waited: true });
  });

  test.each([
    ["breaks off", 8, "a charge"],
    ["is shorter than it was announced", 9, "a charge"],
    ["is longer than it was announced", 7, "a charge"],
  ])("that %s is not sent, and others go on", async (how, bodyBytes, text) => {
    const { start, sent } = rig();
    const held = bodyBudget.heldBytes;
    const object = start();
    const { call: arriving, end, fail } = upload(bodyBytes);
    const first = object.submit(arriving);
    const other = object.submit(call());
    await (how === "breaks off" ? fail() : end(text));
    expect(await first).toMatchObject({ code: "unavailable", mark: { status: "refused" } });
    expect(await other).toMatchObject({ mark: { status: "executed" }, attempt: { number: 1 } });
    expect([sent.length, bodyBudget.heldBytes]).toEqual([1, held]);
  });

  test("of another request is refused where the first one has run meanwhile, and its memory is given back", async () => {
    const { start, sent } = rig();
    const held = bodyBudget.heldBytes;
    const object = start();
    const first = upload();
    const second = upload(8, { request: OTHER });
    const replies = [object.submit(first.call), object.submit(second.call)];
    await first.end();
    expect(await replies[0]).toMatchObject({ mark: { status: "executed" } });
    await second.end();
    expect(await replies[1]).toMatchObject({ code: "key_reused" });
    expect([sent.length, bodyBudget.heldBytes]).toEqual([1, held]);
  });

  test("and is not needed is read no further: the request joins", async () => {
    const { start } = rig(() => new Promise(() => {}));
    const object = start();
    void object.submit(call());
    const { call: arriving, cancelled } = upload(8, { waitMs: 1000, request: SAME });
    const joining = object.submit(arriving);
    await pass(1000);
    expect(await joining).toMatchObject({ code: "in_flight", waited: true });
    expect(cancelled).toEqual([]);
  });

  test("is not sent where the attempt can't be written, and others go on", async () => {
    const { start, sent, storage } = rig();
    const held = bodyBudget.heldBytes;
    const object = start();
    const { call: arriving, end } = upload();
    const first = object.submit(arriving).catch((error: unknown) => String(error));
    const other = object.submit(call());
    let fails = 1;
    storage.onWrite = (write) => {
      if (write === "put" && fails-- > 0) throw new Error("the disk is full");
    };
    await end();
    expect(await first).toBe("Error: the disk is full");
    expect(await other).toMatchObject({ mark: { status: "executed" } });
    expect([sent.length, bodyBudget.heldBytes]).toEqual([1, held]);
  });

  test("is refused to too many who wait", async () => {
    const { start } = rig();
    const object = start();
    void object.submit(upload().call);
    const waiting = Array.from({ length: 1000 }, () => object.look(look()));
    expect(await object.look(look())).toMatchObject({ code: "in_flight", waited: false });
    expect(waiting).toHaveLength(1000);
  });
});
