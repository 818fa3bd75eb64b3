// 5.7, P1: what an origin with a fence answers.

import { describe, expect, test } from "vitest";
import { type Answer, createFence, final, memoryStore, notExecuted, unknown } from "../../../src/for-origins/index.ts";
import { RULES, attempt, fenceOver, probe } from "./requests.ts";

const CHARGED = { status: 201, headers: { Location: "/v1/charges/1" }, body: '{"id":1}' };

function verdict(answer: Answer | null): string {
  return `${answer?.status} ${answer?.headers?.["Oncegate-Outcome"]}`;
}

/** A fence over a store of its own, and an effect that counts. */
function start() {
  const store = memoryStore();
  const fence = fenceOver(store);
  const charge = (request = attempt(1), answer = CHARGED) =>
    fence.run(request, (rows, { attempt }) => {
      rows.set(`charge ${rows.size}`, String(attempt));
      return final(answer);
    });
  return { store, fence, charge, charges: () => [...store.rows.values()] };
}

describe("a fence", () => {
  test("runs an attempt, and gives a probe its answer", async () => {
    const { fence, charge } = start();

    expect(await charge()).toEqual({ ...CHARGED, headers: { ...CHARGED.headers, "Oncegate-Outcome": "final" } });
    expect(await fence.probe(probe(1))).toEqual({
      status: 200,
      headers: { Location: "/v1/charges/1", "Oncegate-Outcome": "final", "Oncegate-Status": "201" },
      body: CHARGED.body,
    });
  });

  test("gives every later attempt the answer of the first, and charges once", async () => {
    const { charge, charges } = start();
    await charge();

    for (const number of [1, 2, 3]) {
      const again = await charge(attempt(number), { ...CHARGED, body: "another" });
      expect([verdict(again), again.body]).toEqual(["201 final", CHARGED.body]);
    }
    expect(charges()).toEqual(["1"]);
  });

  test("refuses for ever what a probe was answered not-executed about, and nothing later", async () => {
    const { fence, charge, charges } = start();
    const probed = await fence.probe(probe(2));
    expect(verdict(probed)).toBe("200 not-executed");
    expect(probed?.headers?.["Cache-Control"]).toBe("no-store");
    await fence.probe(probe(1));

    const answers = [await charge(attempt(1)), await charge(attempt(2)), await charge(attempt(3))];

    expect(answers.map(verdict)).toEqual(["409 not-executed", "409 not-executed", "201 final"]);
    expect(charges()).toEqual(["3"]);
    expect(verdict(await fence.probe(probe(2)))).toBe("200 final");
  });

  test("refuses attempts below one that has arrived, also where that had no effect", async () => {
    const { fence, charge, charges } = start();
    const thrown = fence.run(attempt(2), () => {
      throw new Error("the ledger is full");
    });
    await expect(thrown).rejects.toThrow("the ledger is full");

    expect(verdict(await charge(attempt(1)))).toBe("409 not-executed");
    expect(verdict(await charge(attempt(2)))).toBe("201 final");
    expect(charges()).toEqual(["2"]);
  });

  test("rolls back what an effect wrote before it was not executed, and lets the next one act", async () => {
    const { store, fence, charge, charges } = start();

    const answer = await fence.run(attempt(1), (rows) => {
      rows.set("charge", "half");
      return notExecuted({ status: 503, body: "" });
    });

    expect([verdict(answer), store.rows.size]).toEqual(["503 not-executed", 0]);
    // The record is free then, and its attempts are numbered from 1 again.
    expect(verdict(await charge(attempt(1)))).toBe("201 final");
    expect(charges()).toEqual(["1"]);
  });

  test("runs a request without an attempt each time, and adds no headers to its answer", async () => {
    const { charge, charges } = start();

    for (const _ of [1, 2]) expect(await charge(attempt(null))).toEqual(CHARGED);
    expect(charges()).toEqual(["null", "null"]);
  });

  test("refuses to store an answer that is no response", () => {
    expect(() => final({ status: 101, body: "" })).toThrow("from 200 to 599");
  });

  test("replaces an outcome that the app wrote itself", async () => {
    const { charge } = start();
    const answer = await charge(attempt(1), {
      ...CHARGED,
      headers: { Location: "/", "oncegate-outcome": "unknown" } as never,
    });
    expect(answer.headers).toEqual({ Location: "/", "Oncegate-Outcome": "final" });
  });

  test("permits nothing by an entry that it can't read", async () => {
    const { store, fence, charge, charges } = start();
    const damaged = fenceOver({ ...store, read: () => '{"fence":0,"run":{"state":"answered"}}' });

    await expect(damaged.probe(probe(1))).rejects.toThrow("damaged");
    await expect(damaged.run(attempt(1), () => final(CHARGED))).rejects.toThrow("damaged");
    expect(charges()).toEqual([]);
    expect([verdict(await fence.probe(probe(1))), verdict(await charge(attempt(2)))]).toEqual([
      "200 not-executed",
      "201 final",
    ]);
  });

  test("needs a probe with one key, and a base path without a slash at its end", () => {
    const store = memoryStore();
    expect(() => createFence({ ...RULES, store, probe: "/v1/{key}/{key}" })).toThrow(TypeError);
    expect(() => createFence({ ...RULES, store, basePath: "/api/" })).toThrow(TypeError);
  });
});

describe("an effect outside of the store", () => {
  test("leaves probes and attempts unknown while it runs, and is final at its end", async () => {
    const { fence, charge, charges } = start();
    const { promise, resolve } = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const running = fence.runOutside(attempt(1), async () => {
      begun.resolve();
      await promise;
      return final(CHARGED);
    });
    await begun.promise;

    expect(verdict(await fence.probe(probe(1)))).toBe("409 unknown");
    expect(verdict(await charge(attempt(2)))).toBe("409 unknown");
    resolve();
    expect(verdict(await running)).toBe("201 final");
    expect(verdict(await fence.probe(probe(1)))).toBe("200 final");
    expect((await charge(attempt(2))).body).toBe(CHARGED.body);
    expect(charges()).toEqual([]);
  });

  test("stays unknown where it rejects, until it is concluded", async () => {
    const { fence, charge } = start();
    let id: string | null = null;
    const broken = fence.runOutside(attempt(1), (facts) => {
      ({ id } = facts);
      return Promise.reject(new Error("the card network is gone"));
    });
    await expect(broken).rejects.toThrow("the card network is gone");
    expect(verdict(await fence.probe(probe(1)))).toBe("409 unknown");

    expect(await fence.conclude({ id, attempt: 2 }, final(CHARGED))).toBe(false);
    expect(await fence.conclude({ id, attempt: 1 }, final(CHARGED))).toBe(true);
    expect(await fence.conclude({ id, attempt: 1 }, notExecuted(CHARGED))).toBe(false);
    expect(verdict(await fence.probe(probe(1)))).toBe("200 final");
    expect((await charge(attempt(2))).body).toBe(CHARGED.body);
  });

  test("lets the next attempt act where it was not executed", async () => {
    const { fence, charge, charges } = start();

    const answer = await fence.runOutside(attempt(1), async () => notExecuted({ status: 503, body: "" }));

    expect(verdict(answer)).toBe("503 not-executed");
    expect(verdict(await charge(attempt(1)))).toBe("201 final");
    expect(charges()).toEqual(["1"]);
  });

  test("stays unknown where it does not know itself", async () => {
    const { fence } = start();

    const answer = await fence.runOutside(attempt(1), async () => unknown({ status: 502, body: "" }));

    expect(verdict(answer)).toBe("502 unknown");
    expect(verdict(await fence.probe(probe(1)))).toBe("409 unknown");
  });

  test("never begins where a probe has fenced it", async () => {
    const { fence } = start();
    await fence.probe(probe(1));
    let isCalled = false;

    const answer = await fence.runOutside(attempt(1), async () => {
      isCalled = true;
      return final(CHARGED);
    });

    expect([verdict(answer), isCalled]).toEqual(["409 not-executed", false]);
  });
});
