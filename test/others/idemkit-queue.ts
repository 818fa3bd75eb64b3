// idemkit's vectors for consumers of a queue: a message is a delivery to a receiver of webhooks, and an ack is a 2xx.

import assert from "node:assert/strict";
import { eventually } from "../conformance/bounded.ts";
import { type Answer, type Ask } from "../conformance/client.ts";
import { expectBody, show } from "../conformance/expect.ts";
import { answers, answersJson, heldUntil, runBody, tellsItsRun } from "../conformance/origin-answers.ts";
import { IDEMKIT } from "./idemkit-http.ts";
import { differs, noCounterpart, type Place, same, type Suite } from "./scenario.ts";
import { expectOwnProblem } from "./seen.ts";

const line = (line: number): Place => ({ source: IDEMKIT, line });

/** Longer than the deadline of `/hangs` by far, for a busy machine. */
const REDELIVERED_WITHIN_MS = 30_000;

function message(id: string): Ask {
  return { caller: null, json: '{"event":"paid"}', headers: [["Webhook-Id", id]] };
}

const isAck = ({ status }: Answer): boolean => status >= 200 && status < 300;

const deliveredOften = same({
  title: "One message that comes five times is handled once, and each delivery is acknowledged",
  place: line(328),
  play: async ({ fresh, key, send, origin }) => {
    const path = fresh();
    origin.on(path, tellsItsRun);
    const one = message(key());
    const all: Answer[] = [];
    for (let delivery = 0; delivery < 5; delivery += 1) all.push(await send(path, one));
    return { all, runs: origin.count(path) };
  },
  theirs: ({ all, runs }) => {
    assert.equal(runs, 1);
    for (const answer of all) assert.ok(isAck(answer), show(answer));
  },
});

const deliveredAtOnce = same({
  title: "Eight deliveries at once are handled once",
  place: line(339),
  play: async ({ fresh, key, send, origin }) => {
    const path = fresh();
    origin.on(path, tellsItsRun);
    const one = message(key());
    await Promise.all(Array.from({ length: 8 }, () => send(path, one)));
    return origin.count(path);
  },
  theirs: (runs) => assert.equal(runs, 1),
});

const consumerDies = same({
  title: "A consumer hangs: a later delivery is handled, and what the first still reports is dropped",
  place: line(350),
  play: async ({ fresh, key, send, origin }) => {
    const path = fresh("/hangs");
    const { promise: woken, resolve: wake } = Promise.withResolvers<void>();
    origin.on(path, heldUntil(woken, answersJson(200, '{"by":"the first"}')), tellsItsRun);
    const one = message(key());
    const first = await send(path, one);
    let last = first;
    const redelivered = await eventually(
      async () => {
        last = await send(path, one);
        return isAck(last) ? last : undefined;
      },
      { withinMs: REDELIVERED_WITHIN_MS, everyMs: 100, what: "a delivery that is handled", saw: () => show(last) },
    );
    wake();
    return { first, redelivered, afterwards: await send(path, one), runs: origin.count(path) };
  },
  theirs: ({ first, redelivered, afterwards, runs }) => {
    assert.ok(!isAck(first), show(first));
    assert.equal(runs, 2);
    for (const answer of [redelivered, afterwards]) expectBody(answer, runBody(2));
  },
});

const leaseAgainstVisibility = noCounterpart({
  title: "A lease that does not end before the next delivery",
  place: line(366),
  play: async ({ fresh, key, send, open, origin }) => {
    const path = fresh("/slow");
    const { promise: done, resolve: finish } = Promise.withResolvers<void>();
    origin.on(path, heldUntil(done, tellsItsRun));
    const one = message(key());
    const first = open(path, one);
    await origin.arrived(path);
    const meanwhile = await send(path, one);
    finish();
    return { first: await first.answer, meanwhile, later: await send(path, one), runs: origin.count(path) };
  },
  difference: {
    theirs: "A configuration with such a lease is refused",
    ours: "There is no lease; a delivery that comes while the handler runs gets 503 `in_flight`, and runs nothing",
    why: "An attempt holds its key as long as it runs (4.1, 4.4.2).",
  },
  ours: ({ first, meanwhile, later, runs }) => {
    expectOwnProblem(meanwhile, 503, "in_flight");
    for (const answer of [first, later]) expectBody(answer, runBody(1));
    assert.equal(runs, 1);
  },
});

const poison = differs({
  title: "A handler always fails, with at most three attempts",
  place: line(376),
  play: async ({ fresh, key, send, origin, operator }) => {
    const path = fresh("/poison");
    origin.on(path, answers(500));
    const id = key();
    const all: Answer[] = [];
    for (let delivery = 0; delivery < 5; delivery += 1) all.push(await send(path, message(id)));
    // The list is written after the answers.
    let listed: Answer | undefined;
    await eventually(
      async () => {
        listed = await operator("GET", `/journal?state=unknown&key=${id}`);
        return listed.body.includes(id) ? true : undefined;
      },
      {
        withinMs: 10_000,
        everyMs: 100,
        what: "the message among the unknown",
        saw: () => (listed ? show(listed) : ""),
      },
    );
    return { all, runs: origin.count(path) };
  },
  difference: {
    theirs: "After three, a callback gets the message, and its next delivery is acknowledged",
    ours: "After three, deliveries get 409 `attempts_exhausted`; operators find the message as unknown",
    why: "What may not have been handled is never acknowledged (P6, 5.5.2, O5.1).",
  },
  theirs: ({ all, runs }) => {
    assert.equal(runs, 3);
    const last = all.at(-1);
    assert.ok(last !== undefined && isAck(last));
  },
  ours: ({ all, runs }) => {
    assert.equal(runs, 3);
    assert.deepEqual(
      all.map(({ status }) => status),
      [500, 500, 500, 409, 409],
    );
    for (const answer of all.slice(3)) expectOwnProblem(answer, 409, "attempts_exhausted");
  },
});

const resultIsKept = same({
  title: "The result of a handler is replayed to a later delivery",
  place: line(388),
  play: async ({ fresh, key, send, origin }) => {
    const path = fresh();
    origin.on(path, answersJson(200, '{"invoice":"in_1"}'));
    const one = message(key());
    return { first: await send(path, one), second: await send(path, one), runs: origin.count(path) };
  },
  theirs: ({ first, second, runs }) => {
    assert.equal(runs, 1);
    expectBody(first, '{"invoice":"in_1"}');
    expectBody(second, first.body);
  },
});

export const idemkitQueue: Suite = {
  name: "idemkit, queue",
  about:
    "Its vectors for consumers of a queue. A message is a delivery by HTTP to a receiver behind the gateway; an ack is a 2xx.",
  source: IDEMKIT,
  host: "idemkit-queue.example",
  entry: {
    profile: "webhook",
    wait: "500ms",
    routes: [
      { match: "POST /hangs/*", origin_timeout: "1s", origin_deadline: "2s" },
      {
        match: "POST /poison/*",
        outcomes: [{ status: "5xx", outcome: "unknown" }],
        on_unknown: "retry",
        max_attempts: 3,
      },
    ],
  },
  scenarios: [deliveredOften, deliveredAtOnce, consumerDies, leaseAgainstVisibility, poison, resultIsKept],
};
