// The names of JSON-RPC calls: what their answers carry, and what they call.

import { describe, expect, test } from "vitest";
import { calledText, membersOfSending, readRpcMessage, responseId, shapeOf } from "../../../src/identity/json-rpc.ts";
import { parseJson } from "../../../src/identity/json.ts";

const parse = (value: unknown) => parseJson(typeof value === "string" ? value : JSON.stringify(value));
const call = (id: unknown) => ({ jsonrpc: "2.0", method: "m", id });
const notification = { jsonrpc: "2.0", method: "n" };

function callsIn(value: unknown) {
  const message = readRpcMessage(parse(value));
  if (message.kind !== "calls") throw new Error(`no calls but ${message.kind}`);
  return message;
}

describe("the id of a response", () => {
  const response = { jsonrpc: "2.0", id: 1, result: {} };

  test.each<[unknown, string | null]>([
    [response, "1e0"],
    [{ jsonrpc: "2.0", id: "a", error: {} }, '"a"'],
    [{ ...response, id: null }, "null"],
    [{ ...response, id: "x".repeat(254) }, `"${"x".repeat(254)}"`],
    [{ ...response, id: "x".repeat(255) }, null],
    [{ ...response, id: true }, null],
    [{ ...response, id: false }, null],
    [{ ...response, id: [1] }, null],
    [{ ...response, id: {} }, null],
    [{ ...response, id: undefined }, null],
    [{ ...response, jsonrpc: "1.0" }, null],
    [{ jsonrpc: "2.0", id: 1 }, null],
    [call(1), null],
    [notification, null],
    [[response], null],
    ["7", null],
  ])("of %j is %j", (value, id) => {
    expect(responseId(parse(value))).toBe(id);
  });

  test("is none where the body is no JSON", () => {
    expect(responseId(null)).toBeNull();
  });
});

describe("what is called", () => {
  test.each<[unknown, string[]]>([
    [{ method: "m", params: { name: "t" } }, ['"m"', '"t"']],
    [{ params: { name: { b: 1, a: 2 } } }, ["", '{"a":2e0,"b":1e0}']],
    [{ method: "m", params: ["t"] }, ['"m"', ""]],
    [
      [{ method: "m" }, 7, "text", { method: ["n"], params: { name: null } }],
      ['"m"', "", "", "", "", "", '["n"]', "null"],
    ],
    ['"text"', ["", ""]],
    [[], []],
  ])("by %j has the texts %j", (value, texts) => {
    expect(calledText(parse(value) ?? "")).toBe(JSON.stringify(texts));
  });
});

describe("a sending of a call", () => {
  test("differs from another one by its id and its metadata", () => {
    expect(membersOfSending(callsIn(call(1)))).toEqual([["id"], ["params", "_meta"]]);
    expect(membersOfSending(callsIn([notification, call(null), 7, call("a")]))).toEqual([
      ["1", "id"],
      ["1", "params", "_meta"],
      ["3", "id"],
      ["3", "params", "_meta"],
    ]);
  });

  test("has a shape by which of its messages are calls", () => {
    expect(shapeOf(callsIn(call(1)))).toBe("call");
    expect(shapeOf(callsIn([call(1)]))).toBe("+");
    expect(shapeOf(callsIn([notification, call(1), 7, call(2)]))).toBe("-+-+");
  });
});
