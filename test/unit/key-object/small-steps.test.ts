import { describe, expect, test } from "vitest";
import { IDLE, attemptIn, preparationIn, probeIn } from "../../../src/key-object/object-state.ts";
import { refusalByScope } from "../../../src/key-object/operated-by.ts";
import { assertReply, assertSet } from "../../../src/key-object/received-call.ts";
import { refusal } from "../../../src/key-object/reply.ts";
import { NO_BODY } from "../../../src/key-object/stored-body.ts";
import {
  DAMAGED,
  VALUE_BYTES_MAX,
  assertFits,
  assertReadable,
  readValue,
} from "../../../src/key-object/stored-value.ts";
import { unknown, unreadable } from "../record/examples.ts";

describe("what an operator may act on", () => {
  const mine = { record: unknown, tenant: "api.test", body: NO_BODY };
  const damaged = { record: unreadable, tenant: null, body: NO_BODY };

  test.each([
    ["no record", null, "operator", "no_record"],
    ["a record of the tenant", mine, "tenant", null],
    ["a record of the tenant, with the Worker's token", mine, "operator", null],
    ["one of another tenant", { ...mine, tenant: "other.test" }, "tenant", "no_record"],
    ["one of another tenant, with the Worker's token", { ...mine, tenant: "other.test" }, "operator", "no_record"],
    ["one whose tenant can't be read", damaged, "tenant", "operator_only"],
    ["one whose tenant can't be read, with the Worker's token", damaged, "operator", null],
  ] as const)("%s", (_, found, role, refused) => {
    expect(refusalByScope(found, "api.test", role)).toBe(refused);
  });
});

describe("what a decision has made sure of", () => {
  test("is what runs", () => {
    for (const runs of [attemptIn, probeIn, preparationIn]) expect(() => runs(IDLE)).toThrow("unexpected state: idle");
  });

  test("is checked", () => {
    expect(assertSet(0)).toBe(0);
    for (const absent of [null, undefined]) expect(() => assertSet(absent)).toThrow("without what it needs");
    expect(assertReply(refusal("in_flight"))).toEqual(refusal("in_flight"));
    expect(() => assertReply({ kind: "nothing" })).toThrow("neither executed nor refused");
  });
});

/** Storage whose reads fail: of one key, of all, or so many times. */
function storage(fails: (key: string) => boolean): DurableObjectStorage {
  const get = (key: string): unknown => {
    if (fails(key)) throw new Error(`can't read ${key}`);
    return key === "here" ? "value" : undefined;
  };
  return { kv: { get } } as unknown as DurableObjectStorage;
}

describe("a stored value", () => {
  test("has at most 1.99 MB", () => {
    assertFits(1_990_000);
    expect(VALUE_BYTES_MAX).toBe(1_990_000);
    expect(() => assertFits(1_990_001)).toThrow("a value of 1990001 bytes is too large");
  });

  test("is read", () => {
    expect(
      readValue(
        storage(() => false),
        "here",
      ),
    ).toBe("value");
    expect(
      readValue(
        storage(() => false),
        "elsewhere",
      ),
    ).toBeUndefined();
  });

  test("is damaged where it alone can't be read", () => {
    expect(
      readValue(
        storage((key) => key === "here"),
        "here",
      ),
    ).toBe(DAMAGED);
  });

  test("is read again where its storage has failed once", () => {
    let left = 1;
    expect(
      readValue(
        storage(() => left-- > 0),
        "here",
      ),
    ).toBe("value");
  });

  test("is no damage where the storage fails for every key", () => {
    expect(() =>
      readValue(
        storage(() => true),
        "here",
      ),
    ).toThrow("can't read absent");
    expect(() => assertReadable(storage(() => true))).toThrow("can't read absent");
  });
});
