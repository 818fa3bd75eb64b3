import { describe, expect, test } from "vitest";
import { otherTypeOf, readRpcMessage, textOfName } from "../../../src/identity/json-rpc.ts";
import { parseJson } from "../../../src/identity/json.ts";

const read = (value: unknown): unknown => readRpcMessage(parseJson(JSON.stringify(value)));
const call = (id: unknown, token?: unknown): object => ({
  jsonrpc: "2.0",
  method: "m",
  id,
  ...(token !== undefined && { params: { _meta: { progressToken: token } } }),
});

describe("a JSON-RPC message", () => {
  test("that is a call is named by its tool, unless the two are too long to be in a configuration", () => {
    const named = (name: string): object => ({ ...call(1), params: { name, Arguments: 1 } });
    expect(read(named("t"))).toMatchObject({ kind: "calls", called: { names: [["m", "m:t"]], unclear: [] } });
    expect(read(named("t".repeat(254)))).toMatchObject({ called: { names: [["m", `m:${"t".repeat(254)}`]] } });
    expect(read(named("t".repeat(255)))).toMatchObject({ kind: "calls", called: { names: [["m"]], unclear: ["m"] } });
  });

  test.each<[unknown, boolean]>([
    [undefined, false],
    [null, false],
    [{}, false],
    [{ arguments: {} }, false],
    [["t", {}], true],
    ["t", true],
    [7, true],
    [{ name: 5 }, true],
    [{ name: null }, true],
    [{ name: true }, true],
    [{ name: ["t"] }, true],
    [{ name: { t: 1 } }, true],
    [{ name: "t\0" }, true],
    [{ name: "t\u0085" }, true],
  ])("that is a call may have another tool with the params %j: %j", (params, isUnclear) => {
    const called = { names: [["m"]], unclear: isUnclear ? ["m"] : [] };
    expect(read({ ...call(1), params })).toMatchObject({ kind: "calls", called });
  });

  test("that is a call has its id and progress token in canonical form", () => {
    const calls = [{ id: "5e0", token: '"t"' }];
    expect(read(call(5, "t"))).toMatchObject({ kind: "calls", isBatch: false, calls });
    expect(read(call("5"))).toMatchObject({ kind: "calls", isBatch: false, calls: [{ id: '"5"', token: null }] });
    expect(read(call(null, null))).toMatchObject({
      kind: "calls",
      isBatch: false,
      calls: [{ id: "null", token: null }],
    });
  });

  test.each([[true], [false], [{}], [[1]]])("that is a call may have a progress token that is none: %j", (token) => {
    expect(read(call(5, token))).toMatchObject({ kind: "calls", calls: [{ id: "5e0", token: null }] });
  });

  test("in a batch has its place", () => {
    const batch = [call(1), { jsonrpc: "2.0", method: "n" }, 7, call("a", 2)];
    const calls = [
      { id: "1e0", token: null },
      { id: null, token: null },
      { id: null, token: null },
      { id: '"a"', token: "2e0" },
    ];
    expect(read(batch)).toMatchObject({ kind: "calls", isBatch: true, calls });
  });

  test.each<[string, unknown]>([
    ["unanswered", { jsonrpc: "2.0", method: "m" }],
    ["unanswered", { jsonrpc: "2.0", id: 1, result: null }],
    ["unanswered", { jsonrpc: "2.0", id: 1, error: {} }],
    ["unanswered", [{ jsonrpc: "2.0", method: "m" }]],
    ["other", { jsonrpc: "2.0", id: 1 }],
    ["other", { jsonrpc: 2, id: 1, method: "m" }],
    ["other", { id: 1, method: "m" }],
    ["other", { ...call(1), method: 5 }],
    ["other", call(true)],
    ["other", call({})],
    ["other", []],
    ["other", [1, {}]],
    [
      "other",
      [
        { jsonrpc: "2.0", method: "m" },
        { id: 1, method: "pay" },
      ],
    ],
    ["other", "text"],
    ["other", { ...call(1), method: "m".repeat(257) }],
    ["other", { ...call(1), Method: "n" }],
    ["other", { ...call(1), JSONRPC: "2.0" }],
    ["other", { ...call(1), Id: 2 }],
    ["other", { ...call(1), Params: {} }],
    ["other", { ...call(1), RESULT: 1 }],
    ["other", { ...call(1), erroR: {} }],
    ["unanswered", [{ jsonrpc: "2.0", method: "m" }, 7, "text"]],
    ["other", { ...call(1), params: { Name: "n" } }],
    ["other", { ...call(1), method: "m\0" }],
    ["other", { ...call(1), "method\0": "n" }],
    ["other", { ...call(1), params: { name: "n", "Name\0x": "m" } }],
    ["calls", { ...call(1), params: { name: "n", "names\0": 1, "\0name": 2 } }],
  ])("is %s: %j", (kind, value) => {
    expect(read(value)).toMatchObject({ kind });
  });

  test("has the names of its notifications, and none of its responses", () => {
    const notification = { jsonrpc: "2.0", method: "n", params: { name: "t" } };
    const response = { jsonrpc: "2.0", id: 1, result: {} };
    const notified = { names: [["n", "n:t"]], unclear: [] };
    expect(read(notification)).toEqual({ kind: "unanswered", notified });
    expect(read(response)).toEqual({ kind: "unanswered", notified: { names: [], unclear: [] } });
    expect(read([notification, response])).toEqual({ kind: "unanswered", notified });
    expect(read([call(1), notification, response])).toMatchObject({
      kind: "calls",
      called: { names: [["m"]] },
      notified,
    });
    expect(read([call(1), call(1), notification])).toMatchObject({
      kind: "unclear calls",
      called: { names: [["m"], ["m"]] },
      notified,
    });
    expect(read([call(1), {}, notification])).toMatchObject({ kind: "unclear calls", called: null, notified });
  });

  test("has the names of at most 100 notifications", () => {
    const notifications = (count: number) => Array.from({ length: count }, () => ({ jsonrpc: "2.0", method: "n" }));
    const hundred = read(notifications(100));
    expect(hundred).toEqual({
      kind: "unanswered",
      notified: { names: Array.from({ length: 100 }, () => ["n"]), unclear: [] },
    });
    expect(read(notifications(101))).toEqual({ kind: "unanswered", notified: null });
  });

  test("in a batch of at most 100 may have a key", () => {
    expect(read(Array.from({ length: 100 }, (_, id) => call(id)))).toMatchObject({ kind: "calls" });
    expect(read(Array.from({ length: 100 }, (_, id) => (id === 0 ? call(id) : 7)))).toMatchObject({ kind: "calls" });
  });

  test("that can't be read is none", () => {
    expect(readRpcMessage(null)).toEqual({ kind: "other" });
    for (const text of ['"text"', "7", "[]", "[1]", "{}"])
      expect(readRpcMessage(parseJson(text))).toEqual({ kind: "other" });
  });

  test("may have a method of 256 characters in canonical form", () => {
    expect(read({ ...call(1), method: "m".repeat(254) })).toMatchObject({ kind: "calls" });
    expect(read({ ...call(1), method: "m".repeat(255) })).toEqual({ kind: "other" });
    expect(read({ ...call(1), method: ["m"] })).toEqual({ kind: "other" });
  });

  test("may have another member whose name is one in upper case only", () => {
    // The long s is an S in upper case, and Go reads it as one.
    expect(read({ ...call(1), "par\u0061m\u017f": 1 })).toEqual({ kind: "other" });
  });

  test("with equal names, or too long ones,, is refused", () => {
    for (const batch of [
      [call(1), call(1)],
      [call(1, "t"), call(2, "t")],
      Array.from({ length: 101 }, (_, id) => call(id)),
      [call(1), { id: 2, method: "pay" }],
    ]) {
      expect(read(batch)).toMatchObject({ kind: "unclear calls", isBatch: true });
    }
    expect(read(call("x".repeat(254)))).toMatchObject({ kind: "calls" });
    expect(read(call("x".repeat(255)))).toMatchObject({ kind: "unclear calls", isBatch: false });
    expect(read(call(1, "x".repeat(255)))).toMatchObject({ kind: "unclear calls", isBatch: false });
    expect(read([call(1), call("1"), call(1.5)])).toMatchObject({ kind: "calls" });
  });
});

test.each([
  ["5e0", '"5"'],
  ['"5"', "5e0"],
  ['"-1.5"', "-15e-1"],
  ["-0", '"-0"'],
  ['"1e25"', "1e25"],
  ['"5.0"', null],
  ['" 5"', null],
  [String.raw`"\"a1\""`, null],
  ['"[5]"', null],
  ['"null"', null],
  ['"true"', null],
  ['""', null],
  ["null", null],
])("the name %s is %s in the other type", (canonical, other) => {
  expect(otherTypeOf(canonical)).toBe(other);
});

test.each([
  ["5e0", "5"],
  ["5e3", "5000"],
  ["-123e1", "-1230"],
  ["15e-1", "1.5"],
  ["-15e-3", "-0.015"],
  ["1e21", "1000000000000000000000"],
  ["1e22", "1e22"],
  ["1e-21", "0.000000000000000000001"],
  ["1e-22", "1e-22"],
  ["9007199254740993e0", "9007199254740993"],
  ["0", "0"],
  ["-0", "-0"],
  ["null", "null"],
  ['"5e0"', '"5e0"'],
])("the name %s is written %s", (canonical, text) => {
  expect(textOfName(canonical)).toBe(text);
});
