// Section 3.13: JSON-RPC calls, whose ids change from one sending to the next.

import assert from "node:assert/strict";
import { signal } from "../bounded.ts";
import { type Check } from "../check.ts";
import { type Answer, type Ask, header } from "../client.ts";
import { type Context } from "../context.ts";
import { expectBody, expectMark, expectProblem, expectRuns, expectStatus, show } from "../expect.ts";
import { answers, answersJson, heldUntil } from "../origin-answers.ts";

const needs = "JSON-RPC";

interface CallOptions {
  readonly id: unknown;
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly amount?: number;
}

function callOf({ id, meta = {}, amount = 1 }: CallOptions): object {
  const params = { name: "pay", arguments: { amount }, _meta: meta };
  return { jsonrpc: "2.0", id, method: "tools/call", params };
}

/** The nth sending of one call, or another message with the same key. */
function asking(key: string): (message: object) => Ask {
  return (message) => ({ key, json: JSON.stringify(message) });
}

const resultFor = (id: string): string => `{ "jsonrpc":"2.0",\t"id": ${id}, "result": { "id": 5, "text": "\\u00fc" } }`;

function expectRpcError(
  answer: Answer,
  id: unknown,
  problem: { readonly code: string; readonly status: number },
): void {
  expectStatus(answer, 200);
  assert.equal(header(answer, "content-type"), "application/json", show(answer));
  const { error, ...rest } = JSON.parse(answer.body.toString()) as { error: Record<string, unknown> };
  assert.deepEqual(rest, { jsonrpc: "2.0", id }, show(answer));
  const data = error["data"] as Record<string, unknown>;
  assert.deepEqual([error["code"], error["message"]], [problem.status, data["detail"]], show(answer));
  assert.deepEqual([data["code"], data["status"]], [problem.code, problem.status], show(answer));
}

const REUSED = { code: "key_reused", status: 422 };

/** Executes a call with the id 5 that the origin answers so, and returns how to send more with its key. */
async function executed({ scripted, send, key }: Context, body: string, headers: Record<string, string> = {}) {
  const path = scripted(answersJson(200, body, headers));
  const ask = asking(key());
  const first = await send(path, ask(callOf({ id: 5, meta: { progressToken: 5 } })));
  expectMark(first, "executed");
  expectBody(first, body);
  return { path, first, again: (message: object, more: Ask = {}) => send(path, { ...ask(message), ...more }) };
}

const calls: readonly Check[] = [
  {
    section: "3.13.1",
    title: "covers a body that is no JSON-RPC message like any other body, and never treats it as a call",
    needs,
    run: async (context) => {
      const { origin, path, send, key } = context;
      const where = path();
      const ask = asking(key());
      expectMark(await send(where, ask({ id: 5, method: "m" })), "executed");
      expectMark(await send(where, ask({ id: 5, method: "m" })), "replayed");
      expectProblem(await send(where, ask({ id: 6, method: "m" })), "key_reused");
      expectRpcError(await send(where, ask({ jsonrpc: "2.0", id: 5, method: "m" })), 5, REUSED);
      expectRuns(origin, where, 1);
    },
  },
  {
    section: "3.13.2",
    title: "passes notifications and responses through",
    needs,
    run: async ({ origin, path, send, key }) => {
      const where = path();
      const ask = asking(key());
      const notification = { jsonrpc: "2.0", method: "notifications/initialized" };
      for (const message of [notification, { jsonrpc: "2.0", id: 5, result: {} }, [notification]]) {
        for (const _ of [1, 2]) assert.equal(header(await send(where, ask(message)), "idempotency-status"), undefined);
      }
      expectRuns(origin, where, 6);
    },
  },
  {
    section: "3.13.3",
    title: "compares neither id nor meta data, and finds the key there",
    needs,
    run: async (context) => {
      const { origin, path, send, key } = context;
      const where = path();
      const name = key();
      const sent = (id: unknown, amount: number, trace: string) =>
        send(where, { json: JSON.stringify(callOf({ id, amount, meta: { "idempotency-key": name, trace } })) });
      expectMark(await sent(1, 1, "a"), "executed");
      expectMark(await sent("2", 1, "b"), "replayed");
      expectRpcError(await sent(3, 2, "c"), 3, REUSED);
      expectRuns(origin, where, 1);
    },
  },
];

const answersChanged: readonly Check[] = [
  {
    section: "3.13.4",
    title: "gives a replay the id of the request at hand, and every other byte of the original",
    needs,
    run: async (context) => {
      const { origin, ...rest } = context;
      const { path, again } = await executed({ origin, ...rest }, resultFor("5"));
      for (const [id, text] of [
        [6, "6"],
        ["5", '"5"'],
        ["é", '"é"'],
        [0.5, "0.5"],
      ] as const) {
        const answer = await again(callOf({ id }));
        expectMark(answer, "replayed");
        expectBody(answer, resultFor(text));
      }
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "3.13.4",
    title: "leaves another id alone",
    needs,
    run: async (context) => {
      const { again } = await executed(context, resultFor("null"));
      expectBody(await again(callOf({ id: 6 })), resultFor("null"));
    },
  },
  {
    section: "3.13.4",
    title: "gives an answer that was joined the id of each request",
    needs,
    run: async ({ scripted, open, join, key, origin }) => {
      const release = signal();
      const path = scripted(heldUntil(release.given, answersJson(200, resultFor("5"))));
      const ask = asking(key());
      const first = open(path, ask(callOf({ id: 5 })));
      await origin.arrived(path);
      const joiner = await join(path, ask(callOf({ id: 6 })));
      release.give();
      expectBody(await first.answer, resultFor("5"));
      expectBody(await joiner.answer, resultFor("6"));
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "3.13.5",
    title: "replaces the progress token of the original, also where the request at hand has none",
    needs,
    run: async (context) => {
      const progress = (token: string): string =>
        `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${token},"progress":1}}`;
      const { again } = await executed(context, progress("5"));
      expectBody(await again(callOf({ id: 6, meta: { progressToken: "p" } })), progress('"p"'));
      expectBody(await again(callOf({ id: 6 })), progress('"oncegate:no-progress"'));
    },
  },
  {
    section: "3.13.6",
    title: "leaves the id of a request of the server alone, wherever its method is",
    needs,
    run: async (context) => {
      const body = '[{"method":"ping","id":5},{"id":5,"params":{"result":1},"method":"ping"},{"id":5,"x":[]}]';
      const { again } = await executed(context, body);
      expectBody(await again(callOf({ id: 6 })), body.replace('"id":5,"x"', '"id":6,"x"'));
    },
  },
  {
    section: "3.13.7",
    title: "changes the data of events, and none of their other fields",
    needs,
    run: async ({ scripted, send, key }) => {
      const stream = (id: number): string =>
        `: 5\r\nid: 5\r\nretry: 5\r\ndata: {"jsonrpc":"2.0","id":5,"method":"ping"}\r\n\r\nevent: message\ndata: {"id"\ndata::${id},"result":5}\n\n`;
      const path = scripted(answers(200, { "Content-Type": "text/event-stream" }, stream(5)));
      const ask = asking(key());
      expectBody(await send(path, ask(callOf({ id: 5 }))), stream(5));
      expectBody(await send(path, ask(callOf({ id: 67 }))), stream(67));
    },
  },
  {
    section: "3.13.8",
    title: "removes what describes the former bytes where the names differ, and only there",
    needs,
    run: async (context) => {
      const fields = { ETag: '"1"', "Content-Digest": "sha-256=:YQ==:", "Repr-Digest": "sha-256=:YQ==:" };
      const { first, again } = await executed(context, resultFor("5"), fields);
      const seen = (answer: Answer) => Object.keys(fields).map((name) => header(answer, name));
      const same = await again(callOf({ id: 5, meta: { progressToken: 5 } }));
      assert.deepEqual(seen(same), seen(first));
      const changed = await again(callOf({ id: 1234 }));
      assert.deepEqual(seen(changed), [undefined, undefined, undefined]);
      expectBody(changed, resultFor("1234"));
    },
  },
];

const refusals: readonly Check[] = [
  {
    section: "3.13.9",
    title: "refuses with a JSON-RPC error that has the id and the problem",
    needs,
    run: async (context) => {
      const { again } = await executed(context, resultFor("5"));
      const refused = await again(callOf({ id: "x", amount: 2 }));
      expectRpcError(refused, "x", REUSED);
      expectMark(refused, "refused");
    },
  },
  {
    section: "3.13.10",
    title: "refuses with one event where only events are accepted",
    needs,
    run: async (context) => {
      const { again } = await executed(context, resultFor("5"));
      const message = callOf({ id: 6, amount: 2 });
      const refused = await again(message, { headers: [["Accept", "text/event-stream"]] });
      assert.equal(header(refused, "content-type"), "text/event-stream", show(refused));
      assert.match(refused.body.toString(), /^event: message\ndata: \{"jsonrpc":"2\.0","id":6,"error":.*\}\n\n$/u);
      expectRpcError(await again(message, { headers: [["Accept", "application/json, text/event-stream"]] }), 6, REUSED);
    },
  },
  {
    section: "3.13.11",
    title: "covers a batch with a key in a header, and gives each answer the id at its place",
    needs,
    run: async ({ scripted, send, key, origin }) => {
      const result = (id: number): string => `{"jsonrpc":"2.0","id":${id},"result":"of ${id}"}`;
      const path = scripted(answersJson(200, `[${result(2)},${result(1)}]`));
      const ask = asking(key());
      const batch = (...ids: number[]): object => ids.map((id, index) => callOf({ id, amount: index }));
      expectMark(await send(path, ask(batch(1, 2))), "executed");
      const again = await send(path, ask(batch(2, 9)));
      expectMark(again, "replayed");
      expectBody(again, '[{"jsonrpc":"2.0","id":9,"result":"of 2"},{"jsonrpc":"2.0","id":2,"result":"of 1"}]');
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "3.13.11",
    title: "passes a batch through whose calls have keys in themselves",
    needs,
    run: async ({ path, send, key, origin }) => {
      const where = path();
      const json = JSON.stringify([callOf({ id: 1, meta: { "idempotency-key": key() } })]);
      for (const _ of [1, 2]) assert.equal(header(await send(where, { json }), "idempotency-status"), undefined);
      expectRuns(origin, where, 2);
    },
  },
  {
    section: "3.13.12",
    title: "refuses long ids and tokens, large batches and batches with equal ids",
    needs,
    run: async ({ path, send, key, origin }) => {
      const where = path();
      const many = Array.from({ length: 101 }, (_, id) => callOf({ id }));
      const long = "x".repeat(255);
      const messages = [callOf({ id: long }), callOf({ id: 1, meta: { progressToken: long } }), many];
      for (const message of [...messages, [callOf({ id: 1 }), callOf({ id: 1 })]]) {
        expectProblem(await send(where, asking(key())(message)), "rpc_invalid");
      }
      expectRuns(origin, where, 0);
    },
  },
];

export const jsonRpc: readonly Check[] = [...calls, ...answersChanged, ...refusals];
