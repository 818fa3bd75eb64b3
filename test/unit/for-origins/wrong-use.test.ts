// What must not compile. Where types are not checked, it still must not run twice.

import { describe, expect, test } from "vitest";
import { type AsyncStore, createFence, final, memoryStore, unknown } from "../../../src/for-origins/index.ts";
import { RULES, attempt, fenceOver } from "./requests.ts";

const ANSWER = { status: 201, body: "" };

describe("a wrong use does not compile", () => {
  test("an asynchronous effect in a store whose transactions can't wait, which is rolled back", async () => {
    const store = memoryStore();
    const fence = fenceOver(store);

    // @ts-expect-error: the transaction would be over before the effect.
    const ran = fence.run(attempt(1), async (rows) => {
      rows.set("charge", "1");
      return final(ANSWER);
    });

    await expect(ran).rejects.toThrow("must not be asynchronous");
    expect(store.rows.size).toBe(0);
  });

  test("an effect in a transaction that does not know its outcome", () => {
    // @ts-expect-error: the transaction is either committed or rolled back.
    const run = () => fenceOver(memoryStore()).run(attempt(1), () => unknown(ANSWER));
    expect(run).toBeTypeOf("function");
  });

  test("an answer without an outcome", () => {
    // @ts-expect-error: whether the effect happened would be a guess.
    const run = () => fenceOver(memoryStore()).run(attempt(1), () => ANSWER);
    expect(run).toBeTypeOf("function");
  });

  test("a store that mixes both kinds", () => {
    // @ts-expect-error: its entry would be written after the commit.
    const store: AsyncStore<unknown> = memoryStore();
    expect(store.kind).toBe("sync");
  });

  test("a probe without the place of a key, which throws", () => {
    // @ts-expect-error: the gateway could ask about no key.
    expect(() => createFence({ ...RULES, store: memoryStore(), probe: "/v1/idempotency" })).toThrow(TypeError);
  });

  test("operations without a method, and none at all", () => {
    const store = memoryStore();
    // @ts-expect-error: it would equal no operation.
    expect(createFence({ ...RULES, store, operations: ["/v1/charges"] })).toBeTypeOf("object");
    // @ts-expect-error: the fence would refuse every attempt.
    expect(createFence({ ...RULES, store, operations: [] })).toBeTypeOf("object");
  });
});
