// 3.2.7, 3.2.8 and 3.5.14: how a call could evade the rules of its tool, or reach the answer to another one.

import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test, vi } from "vitest";
import { bodyBudget } from "../../../src/http/body-budget.ts";
import { type Entry, clientOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";

afterEach(() => vi.restoreAllMocks());

const ROUTES: Entry = { profile: "mcp", routes: [{ match: "POST /mcp tools/call:pay", key: "required" }] };
const AS_JSON = { "content-type": "application/json" };

function toolCall(id: number, name: string, more: object = {}): object {
  return { jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: { order: 1 }, ...more } };
}

async function codeOf(response: Response): Promise<string | undefined> {
  return /"code":"([a-z_]+)"/.exec(await response.text())?.[1];
}

describe("a route by tool", () => {
  test.each([
    '{"jsonrpc":"2.0","id":1,"result":{},"Method":"tools/call","params":{"name":"pay"}}',
    '{"jsonrpc":"2.0","id":1,"method":"ping","METHOD":"tools/call","params":{"name":"pay"}}',
    String.raw`{"jsonrpc":"2.0","id":1,"method":"tools/call","param\u017f":{"name":"pay"}}`,
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"other","Name":"pay"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["pay"]}}',
    '{"jsonrpc":"2.0","ID":1,"method":"tools/call","params":{"name":"pay"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["pay",{"order":1}]}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":"pay"}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":{"0":"pay"}}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":5}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":null}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"p\\u0061y"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay "}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"Pay"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\uff50ay\u200b"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay\\u0000x"}}',
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay${" ".repeat(300)}"}}`,
    '{"jsonrpc":"2.0","id":1,"method":"Tools/Call","params":{"name":"pay"}}',
    '{"jsonrpc":"2.0","id":1,"method":" tools/call","params":{"name":"pay"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call\\u0000","params":{"name":"pay"}}',
    '[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"tools/call","params":["pay"]}]',
    '[[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay"}}]]',
    '[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"ping","Method":"tools/call"}]',
  ])("is not evaded by members that only some servers read: %s", async (body) => {
    const origin = scriptOrigin();
    const answer = await clientOf(ROUTES).post("/mcp", { key: null, headers: AS_JSON, body });
    expect([await codeOf(answer), origin.received.length]).toEqual(["key_missing", 0]);
  });

  test.each([
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"other","name":"pay"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"other"},"params":{"name":"pay"}}',
    '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"pay"}}',
    '{"jsonrpc":"2.0","id":1,"method":"ping","m\\u0065thod":"tools/call","params":{"name":"pay"}}',
  ])("is not evaded by a member that is there twice, whichever one the server reads: %s", async (body) => {
    const origin = scriptOrigin();
    const client = clientOf(ROUTES);
    for (const key of [null, uniqueKey()]) {
      const answer = await client.post("/mcp", { key, headers: AS_JSON, body });
      expect(await codeOf(answer)).toBe(key === null ? "key_invalid" : undefined);
    }
    expect(origin.received).toHaveLength(1);
  });

  test.each([
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"other"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"__proto__"}}',
    '{"jsonrpc":"2.0","id":1,"method":"constructor","params":{"name":"pay"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call"}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":null}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"payments"}}',
    '{"jsonrpc":"2.0","id":1,"method":"eth_call","params":["pay"]}',
    '{"jsonrpc":"2.0","id":1,"method":"resize","params":{"name":5}}',
  ])("leaves other calls alone: %s", async (body) => {
    const origin = scriptOrigin();
    const answer = await clientOf(ROUTES).post("/mcp", { key: null, headers: AS_JSON, body });
    expect([answer.status, origin.received.length]).toEqual([200, 1]);
  });

  test("refuses nothing where it observes, whatever the size of the body", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ ...ROUTES, mode: "observe", max_request_bytes: 1000 });
    const json = toolCall(1, "pay", { text: "x".repeat(2000) });
    const answer = await client.post("/mcp", { key: uniqueKey(), headers: AS_JSON, json });
    expect([answer.status, origin.received.length]).toEqual([200, 1]);
  });

  test("keeps nothing that was parsed of a request which it observes", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    // Another route enforces, so the body is read first.
    const routes = [
      { match: "POST /mcp tools/call:pay", key: "required" },
      { match: "POST /mcp", mode: "observe" },
    ];
    const client = clientOf({ profile: "mcp", routes });
    const list = Array.from({ length: 5000 }, () => ({}));
    const body = new Uint8Array(gzipSync(JSON.stringify(toolCall(1, "other", { list }))));
    const answer = client.post("/mcp", { key: null, headers: { ...AS_JSON, "content-encoding": "gzip" }, body });
    await origin.arrived(1);
    await vi.waitFor(() => expect(bodyBudget.heldBytes).toBeLessThanOrEqual(body.byteLength));
    held.release();
    expect((await answer).status).toBe(200);
  });
});

test("3.13.3 the tool counts where the rule compares only arguments", async () => {
  const origin = scriptOrigin();
  const client = clientOf({ profile: "mcp", fingerprint: { only: ["/params/arguments/order"] } });
  const key = uniqueKey();
  expect(statusOf(await client.post("/mcp", { key, json: toolCall(1, "pay") }))).toBe("executed");
  expect(await codeOf(await client.post("/mcp", { key, json: toolCall(2, "refund") }))).toBe("key_reused");
  expect(statusOf(await client.post("/mcp", { key, json: toolCall(3, "pay") }))).toBe("replayed");
  expect(origin.received).toHaveLength(1);
});

test.each([
  [{ name: 1 }, { name: 2 }],
  [{ name: ["pay"] }, { name: ["refund"] }],
  [{ name: `${"t".repeat(300)}1` }, { name: `${"t".repeat(300)}2` }],
  [{ Name: "pay" }, { Name: "refund" }],
])("3.13.3 the tool counts where it is no name that a route could have: %j, %j", async (one, other) => {
  const origin = scriptOrigin();
  const client = clientOf({ profile: "mcp", fingerprint: { only: ["/params/arguments/order"] } });
  const key = uniqueKey();
  const called = (name: object) => {
    const json = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { ...name, arguments: { order: 1 } } };
    return client.post("/mcp", { key, json });
  };
  expect(statusOf(await called(one))).toBe("executed");
  expect(await codeOf(await called(other))).toBe("key_reused");
  expect(statusOf(await called(one))).toBe("replayed");
  expect(origin.received).toHaveLength(1);
});

test("rpc_methods covers a method in another spelling", async () => {
  const origin = scriptOrigin();
  const client = clientOf({ profile: "mcp" });
  const key = uniqueKey();
  const json = { jsonrpc: "2.0", id: 1, method: "Tools/Call ", params: { name: "pay" } };
  expect(statusOf(await client.post("/mcp", { key, json }))).toBe("executed");
  expect(statusOf(await client.post("/mcp", { key, json }))).toBe("replayed");
  expect(origin.received).toHaveLength(1);
});

test("3.2.8 a call for anyone does not open the batch that it is in", async () => {
  scriptOrigin(() => Response.json([{ jsonrpc: "2.0", id: 2, result: "of alice" }]));
  const client = clientOf({ profile: "mcp", routes: [{ match: "POST /mcp tools/call:open", one_caller: true }] });
  const key = uniqueKey();
  const json = [toolCall(1, "open"), toolCall(2, "private")];
  expect(statusOf(await client.post("/mcp", { key, json }))).toBe("executed");
  const stranger = await client.post("/mcp", { key, json, headers: { authorization: null } });
  expect(await codeOf(stranger)).toBe("caller_missing");
  const other = await client.post("/mcp", { key, json, headers: { authorization: "Bearer bob" } });
  expect(statusOf(other)).toBe("executed");
});
