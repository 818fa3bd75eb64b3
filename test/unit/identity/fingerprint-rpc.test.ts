// JSON-RPC messages, of which each try has another id.

import { describe, expect, test } from "vitest";
import { type FingerprintSettings } from "../../../src/identity/fingerprint.ts";
import { type KeyCarrier } from "../../../src/identity/key-carrier.ts";
import { type Change, identityOf } from "./requests.ts";

interface Call {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: unknown;
}

const call = ({ id = 1, method = "tools/call", params = { name: "pay", arguments: { amount: 1 } } }: Call = {}) => ({
  jsonrpc: "2.0",
  id,
  method,
  params,
});
const notification = { jsonrpc: "2.0", method: "notifications/progress" };

function rpc(message: unknown, change: Change = {}): Change {
  return { body: JSON.stringify(message), isRpc: true, ...change };
}

async function areSame(
  one: unknown,
  other: unknown,
  rule: Partial<FingerprintSettings> = {},
  carriers: readonly KeyCarrier[] = [],
): Promise<boolean> {
  const [a, b] = await Promise.all([identityOf(rpc(one), rule, carriers), identityOf(rpc(other), rule, carriers)]);
  expect(a.rule).toBe(b.rule);
  return a.fingerprint === b.fingerprint;
}

describe("3.13.3 a call", () => {
  const params = (more: object, name: unknown = "pay") => ({ name, arguments: { amount: 1 }, ...more });

  test.each([
    ["another id", call({ id: 2 })],
    ["an id of another type", call({ id: "1" })],
    ["no id that is read", call({ id: null })],
    ["a progress token", call({ params: params({ _meta: { progressToken: 1 } }) })],
    ["other metadata", call({ params: params({ _meta: { trace: "x" } }) })],
    [
      "another order of members",
      { params: { arguments: { amount: 1 }, name: "pay" }, method: "tools/call", id: 1, jsonrpc: "2.0" },
    ],
  ])("is the same with %s, whatever bodies are compared by", async (_, other) => {
    expect(await areSame(call(), other)).toBe(true);
    expect(await areSame(call(), other, { body: "bytes" })).toBe(true);
  });

  test.each([
    ["another method", call({ method: "tools/Call" })],
    ["another tool", call({ params: params({}, "pay2") })],
    ["no tool", call({ params: { arguments: { amount: 1 } } })],
    ["another argument", call({ params: params({ arguments: { amount: 2 } }) })],
    ["metadata in another place", call({ params: params({ arguments: { amount: 1, _meta: {} } }) })],
    ["metadata beside its parameters", { ...call(), _meta: 1 }],
    ["a batch of it", [call()]],
  ])("is another one with %s", async (_, other) => {
    expect(await areSame(call(), other)).toBe(false);
    expect(await areSame(call(), other, { body: "bytes" })).toBe(false);
  });

  test("always counts its method and its tool", async () => {
    const rule = { only: [["params", "arguments", "amount"]] };
    expect(await areSame(call(), call({ id: 2 }), rule)).toBe(true);
    expect(await areSame(call(), call({ params: params({ note: "x" }) }), rule)).toBe(true);
    expect(await areSame(call(), call({ method: "x" }), rule)).toBe(false);
    expect(await areSame(call(), call({ params: params({}, "refund") }), rule)).toBe(false);
    const ignore = [["method"], ["params"]];
    expect(await areSame(call(), call({ method: "x" }), { ignore })).toBe(false);
    expect(await areSame(call(), call({ params: params({}, "refund") }), { ignore })).toBe(false);
    expect(await areSame(call(), call({ params: params({ arguments: 1 }) }), { ignore })).toBe(true);
  });

  test("distinguishes a method from a tool, and a missing one from an empty one", async () => {
    const ignore = [["params"]];
    expect(
      await areSame(call({ method: "a", params: {} }), call({ method: "a", params: { name: "" } }), { ignore }),
    ).toBe(false);
    const two = (a: string, b: string) => [
      call({ method: a, params: { name: b } }),
      call({ id: 2, method: b, params: { name: a } }),
    ];
    expect(await areSame(two("a", "b"), two("b", "a"))).toBe(false);
  });

  test("may carry its key in its metadata", async () => {
    const carriers: KeyCarrier[] = [[{ kind: "body", pointer: ["params", "key"] }]];
    const keyed = (key: string) => call({ params: params({ key }) });
    expect(await areSame(call(), keyed("k"), {}, carriers)).toBe(true);
    expect(await areSame(call(), keyed("l"), {}, carriers)).toBe(false);
  });

  test("differs from the same body where it is not read as JSON-RPC", async () => {
    const [read, plain] = [await identityOf(rpc(call())), await identityOf(rpc(call(), { isRpc: false }))];
    expect([read.rule, plain.rule]).toEqual(["json-rpc json", "json"]);
    expect(read.fingerprint).not.toBe(plain.fingerprint);
    expect(read.plain).toBe(plain.plain);
    expect((await identityOf(rpc(call()), { body: "bytes" })).rule).toBe("json-rpc bytes");
  });
});

describe("3.13.11 a batch", () => {
  const pay = (id: unknown) => call({ id });
  const refund = (id: unknown) => call({ id, method: "refund" });

  test("is the same with other ids in each of its calls", async () => {
    expect(await areSame([pay(1), refund(2)], [pay("x"), refund("y")])).toBe(true);
    expect(await areSame([pay(1), notification, refund(2)], [pay(3), notification, refund(4)])).toBe(true);
  });

  test.each<[string, unknown[]]>([
    ["another order", [refund(1), pay(2)]],
    ["one call more", [pay(1), refund(2), pay(3)]],
    ["one call less", [pay(1)]],
    ["another call", [pay(1), call({ id: 2, method: "void" })]],
    ["a notification for a call", [pay(1), { ...refund(2), id: undefined }]],
    ["a notification between them", [pay(1), notification, refund(2)]],
  ])("is another one with %s", async (_, other) => {
    expect(await areSame([pay(1), refund(2)], other)).toBe(false);
  });

  test("counts which of its messages are calls, though no id is compared", async () => {
    const ignore = [
      ["0", "id"],
      ["1", "id"],
    ];
    expect(
      await areSame([pay(1), { ...refund(2), id: undefined }], [{ ...pay(1), id: undefined }, refund(2)], { ignore }),
    ).toBe(false);
    expect(await areSame([pay(1), { ...refund(2), id: undefined }], [pay(1), refund(2)], { ignore })).toBe(false);
  });

  test("compares the id of a response in it, which answers another request", async () => {
    const response = (id: number) => ({ jsonrpc: "2.0", id, result: {} });
    expect(await areSame([pay(1), response(5)], [pay(2), response(5)])).toBe(true);
    expect(await areSame([pay(1), response(5)], [pay(1), response(6)])).toBe(false);
  });
});

describe("3.13.1 a body that is no call", () => {
  const other = { method: "pay", id: 1, amount: 1 };

  test("is compared whole, although the rule compares some members only", async () => {
    const rule = { only: [["amount"]] };
    expect(await areSame(other, { ...other, id: 2 }, rule)).toBe(false);
    const read = await identityOf(rpc(other), rule);
    expect(read.rule).toBe('json:{"only":[["amount"]]}');
    const [a, b] = [rpc(other, { isRpc: false }), rpc({ ...other, id: 2 }, { isRpc: false })];
    expect((await identityOf(a, rule)).fingerprint).toBe((await identityOf(b, rule)).fingerprint);
  });

  test("is compared by its bytes where bodies are", async () => {
    const identity = await identityOf(rpc(other), { body: "bytes" });
    expect(identity).toEqual({ rule: "bytes", fingerprint: identity.plain, plain: identity.plain });
    expect(await areSame(other, other, { body: "bytes" })).toBe(true);
    expect(await areSame(other, { amount: 1, id: 1, method: "pay" }, { body: "bytes" })).toBe(false);
  });

  test("is another request than a call with the same text", async () => {
    const text = JSON.stringify(call());
    const [one, two] = [
      await identityOf({ body: text, isRpc: true }),
      await identityOf({ body: `[${text},{}]`, isRpc: true }),
    ];
    expect(one.fingerprint).not.toBe(two.fingerprint);
  });
});
