// 9, P7: what is parsed of a body takes many times its memory, and is forgotten before the request waits.

import { env } from "cloudflare:workers";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { bodyBudget } from "../../../src/http/body-budget.ts";
import { type Entry, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { issuerOf } from "../../support/issuer.ts";
import { scriptOrigin } from "../../support/origin.ts";

const LIMITED = { rate_limit: { binding: "FEW_REQUESTS", retry_after: "10s" } };
const REQUESTS = 8;
const VALUES = 5000;

const FEW = Reflect.get(env, "FEW_REQUESTS") as RateLimit;

/** The limiter answers no one before `answer` is called. */
function holdLimiter(): { readonly asked: Promise<void>; readonly answer: (success: boolean) => void } {
  const answer = Promise.withResolvers<{ success: boolean }>();
  const all = Promise.withResolvers<void>();
  let count = 0;
  const spy = vi.spyOn(FEW, "limit").mockImplementation(() => {
    if (++count === REQUESTS) all.resolve();
    return answer.promise;
  });
  onTestFinished(() => spy.mockRestore());
  return { asked: all.promise, answer: (success) => answer.resolve({ success }) };
}

function bodyOf(key: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(JSON.stringify({ id: key, list: Array.from({ length: VALUES }, () => ({})) })));
}

/** Many requests at once, whose keys are in their bodies, and what is held of them while the limiter is asked. */
async function askAtOnce(
  entry: Entry,
  isAdmitted: boolean,
): Promise<{ answers: Response[]; heldBytes: number; bodyBytes: number; executions: number }> {
  const origin = scriptOrigin();
  const limiter = holdLimiter();
  const client = clientOf({ ...LIMITED, ...entry });
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  const bodies = Array.from({ length: REQUESTS }, () => bodyOf(uniqueKey()));
  const asked = bodies.map((body) => client.post("/v1/charges", { key: null, headers, body }));
  await limiter.asked;
  const { heldBytes } = bodyBudget;
  limiter.answer(isAdmitted);
  const answers = await Promise.all(asked);
  const bodyBytes = bodies.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return { answers, heldBytes, bodyBytes, executions: origin.received.length };
}

const ENTRIES: readonly (readonly [string, Entry])[] = [
  ["in the body", { key_from: ["/id"] }],
  ["derived from a member", { derive_key: { window: "5m", from: ["/id"] } }],
  ["derived from the whole request", { derive_key: { window: "5m" } }],
];

describe.each(ENTRIES)("3.11 a request with a key that is %s", (_, entry) => {
  test("holds its body only while the limiter is asked", async () => {
    const { answers, heldBytes, bodyBytes, executions } = await askAtOnce(entry, true);
    expect(answers.map(statusOf)).toEqual(answers.map(() => "executed"));
    expect(heldBytes).toBe(bodyBytes);
    expect(executions).toBe(REQUESTS);
    expect(bodyBudget.heldBytes).toBe(0);
  });

  test("holds nothing after it is refused", async () => {
    const { answers, executions } = await askAtOnce(entry, false);
    for (const answer of answers) expect(await problemOf(answer)).toBe("429 rate_limited");
    expect(executions).toBe(0);
    expect(bodyBudget.heldBytes).toBe(0);
  });
});

test("3.13 a JSON-RPC call holds its body only while the keys of its caller are fetched", async () => {
  const issuer = await issuerOf();
  const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>();
  const { promise: keys, resolve: publish } = Promise.withResolvers<Response>();
  issuer.publishes(() => {
    onAsked();
    return keys;
  });
  scriptOrigin(issuer.beside(() => Response.json({})));
  const client = clientOf({ caller: [issuer.item], rpc: "json-rpc", derive_key: { window: "5m" } });
  const list = Array.from({ length: VALUES }, () => ({}));
  const body = new Uint8Array(gzipSync(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "pay", params: { list } })));
  const authorization = `Bearer ${await issuer.token("alice")}`;
  const headers = { authorization, "content-type": "application/json", "content-encoding": "gzip" };
  const answer = client.post("/mcp", { key: null, headers, body });
  await asked;
  const { heldBytes } = bodyBudget;
  publish(Response.json({ keys: issuer.published() }));
  expect([statusOf(await answer), heldBytes]).toEqual(["executed", body.byteLength]);
});

test("3.6 what is decoded of many bodies at once is refused where it does not fit, and given back", async () => {
  const origin = scriptOrigin();
  const client = clientOf({ key_from: ["/id"] });
  const taken = bodyBudget.lease(60_000);
  const body = bodyOf("k");
  expect(taken.resize(bodyBudget.roomBytes - REQUESTS * body.byteLength - VALUES)).toBe(true);
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  const asked = Array.from({ length: REQUESTS }, () =>
    client.post("/v1/charges", { key: null, headers, body: bodyOf(uniqueKey()) }),
  );
  for (const answer of await Promise.all(asked)) expect(await problemOf(answer)).toBe("503 overloaded");
  taken.release();
  expect(origin.received).toHaveLength(0);
  expect(bodyBudget.heldBytes).toBe(0);
});
