// idemkit's vectors for HTTP.

import assert from "node:assert/strict";
import { type Answer, header } from "../conformance/client.ts";
import { expectBody, expectStatus, show } from "../conformance/expect.ts";
import { after, answers, answersJson, heldUntil, tellsItsRun } from "../conformance/origin-answers.ts";
import { damageRecord } from "./damage.ts";
import { differs, type Difference, type Place, same, type Scenario, type Source, type Suite } from "./scenario.ts";
import { expectHeader, expectOwnProblem, json } from "./seen.ts";
import { type Stage } from "./stage.ts";

export const IDEMKIT: Source = {
  repository: "idemkit/idemkit",
  commit: "d718383c9ea483bb559e66fb6b78d2aa9454156d",
  file: "spec/conformance.yaml",
};

const line = (line: number): Place => ({ source: IDEMKIT, line });

const BODY = '{"name": "x"}';
const REPLAYED = "idempotency-replayed";

type Pair = { readonly first: Answer; readonly second: Answer; readonly runs: number };

/** The same request twice, one after the other. */
async function twice({ fresh, key, send, origin }: Stage, prefix = "", answer = tellsItsRun): Promise<Pair> {
  const path = fresh(prefix);
  origin.on(path, answer, tellsItsRun);
  const ask = { key: key(), json: BODY };
  return { first: await send(path, ask), second: await send(path, ask), runs: origin.count(path) };
}

/** Their problems have a URN as type. */
function expectTheirProblem(answer: Answer, status: number, name: string): void {
  expectStatus(answer, status);
  assert.equal(json(answer)["type"], `urn:idemkit:${name}`, show(answer));
}

const otherType = (status: number, name: string, code: string): Difference => ({
  theirs: `${status} with the problem type \`urn:idemkit:${name}\``,
  ours: `${status} with the code \`${code}\` and a type on the host itself`,
  why: "A type leads to the host's published policy (6.3.2).",
});

const basicReplay = same({
  title: "A second request with key and content of the first is its replay",
  place: line(28),
  play: (stage) => twice(stage),
  theirs: ({ first, second, runs }) => {
    for (const answer of [first, second]) expectStatus(answer, 201);
    expectHeader(first, REPLAYED, undefined);
    expectHeader(second, REPLAYED, "true");
    assert.equal(runs, 1);
  },
});

const mismatch = differs({
  title: "Other content under the key is refused and not replayed",
  place: line(54),
  play: async ({ fresh, key, send, origin }) => {
    const path = fresh();
    origin.on(path, tellsItsRun);
    const used = key();
    await send(path, { key: used, json: BODY });
    return { second: await send(path, { key: used, json: '{"name": "y"}' }), runs: origin.count(path) };
  },
  difference: otherType(422, "payload-mismatch", "key_reused"),
  theirs: ({ second, runs }) => {
    expectTheirProblem(second, 422, "payload-mismatch");
    assert.equal(runs, 1);
  },
  ours: ({ second, runs }) => {
    expectOwnProblem(second, 422, "key_reused");
    assert.equal(runs, 1);
  },
});

const CONCURRENT = 50;

const concurrent = same({
  title: "Fifty at once run once, and all get the same response",
  place: line(76),
  play: async ({ fresh, key, send, origin }) => {
    const path = fresh();
    origin.on(path, tellsItsRun);
    const ask = { key: key(), json: BODY };
    const all = await Promise.all(Array.from({ length: CONCURRENT }, () => send(path, ask)));
    return { all, runs: origin.count(path) };
  },
  theirs: ({ all, runs }) => {
    assert.equal(runs, 1);
    assert.deepEqual([...new Set(all.map(({ status, body }) => `${status} ${body.toString()}`))], ['201 {"run":1}']);
    assert.equal(all.filter((answer) => header(answer, REPLAYED) === "true").length, CONCURRENT - 1);
  },
});

const waitThenReplay = same({
  title: "A request that comes while the first runs waits, and gets its replay",
  place: line(92),
  play: async ({ fresh, key, send, open, origin }) => {
    const path = fresh();
    origin.on(path, after(500, tellsItsRun));
    const ask = { key: key(), json: BODY };
    const first = open(path, ask);
    await origin.arrived(path);
    const second = await send(path, ask);
    await first.answer;
    return { second, runs: origin.count(path) };
  },
  theirs: ({ second, runs }) => {
    expectStatus(second, 201);
    expectHeader(second, REPLAYED, "true");
    assert.equal(runs, 1);
  },
});

const waitRunsOut = differs({
  title: "A wait that runs out is refused with Retry-After",
  place: line(118),
  play: async ({ fresh, key, send, open, origin }) => {
    const path = fresh("/waits");
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    origin.on(path, heldUntil(released, tellsItsRun));
    const ask = { key: key(), json: BODY };
    const first = open(path, ask);
    await origin.arrived(path);
    const second = await send(path, ask);
    release();
    await first.answer;
    return { second, runs: origin.count(path) };
  },
  difference: otherType(423, "in-progress", "in_flight"),
  theirs: ({ second, runs }) => {
    expectTheirProblem(second, 423, "in-progress");
    assert.ok(header(second, "retry-after") !== undefined, show(second));
    assert.equal(runs, 1);
  },
  ours: ({ second, runs }) => {
    expectOwnProblem(second, 423, "in_flight");
    assert.match(header(second, "retry-after") ?? "none", /^[1-9]\d*$/);
    assert.equal(runs, 1);
  },
});

const crash = differs({
  title: "The process dies while the request runs",
  place: line(146),
  alone: true,
  play: async ({ fresh, key, send, open, origin, crash }) => {
    const path = fresh();
    origin.on(path, heldUntil(Promise.withResolvers<void>().promise, tellsItsRun), tellsItsRun);
    const ask = { key: key(), json: BODY };
    const first = open(path, ask);
    first.answer.catch(() => undefined);
    await origin.arrived(path);
    await crash();
    return { second: await send(path, ask), runs: origin.count(path) };
  },
  difference: {
    theirs: "The lease ends, and the next request runs",
    ours: "409 `outcome_unknown`; nothing runs until the outcome is settled",
    why: "The first may have had its effect, and time is no proof that it had none (P1, P6, 5.5.1).",
  },
  theirs: ({ second, runs }) => {
    expectStatus(second, 201);
    assert.equal(runs, 2);
  },
  ours: ({ second, runs }) => {
    expectOwnProblem(second, 409, "outcome_unknown");
    assert.equal(runs, 1);
  },
});

const serverError = same({
  title: "A 500 is not kept, and a retry runs (here by a rule in `outcomes`)",
  place: line(170),
  play: (stage) => twice(stage, "", answers(500)),
  theirs: ({ first, second, runs }) => {
    expectStatus(first, 500);
    expectStatus(second, 201);
    assert.equal(runs, 2);
  },
});

const callers = same({
  title: "The same key of two callers is two requests",
  place: line(193),
  play: async ({ fresh, key, send, origin }) => {
    const path = fresh();
    const echo = ({ authorization = "" }: Record<string, string>): string => JSON.stringify({ caller: authorization });
    origin.on(path, async ({ received, response }) => {
      await received.whole;
      const headers = Object.fromEntries(received.headers.map(([name, value]) => [name.toLowerCase(), value]));
      response.writeHead(201, { "Content-Type": "application/json" }).end(echo(headers));
    });
    const used = key();
    const by = (caller: string): Promise<Answer> => send(path, { key: used, json: BODY, caller });
    return { a: await by("Bearer tenant-a"), b: await by("Bearer tenant-b"), runs: origin.count(path) };
  },
  theirs: ({ a, b, runs }) => {
    for (const answer of [a, b]) expectStatus(answer, 201);
    expectBody(a, '{"caller":"Bearer tenant-a"}');
    expectBody(b, '{"caller":"Bearer tenant-b"}');
    expectHeader(b, REPLAYED, undefined);
    assert.equal(runs, 2);
  },
});

const missingKey = differs({
  title: "A request without a required key is refused",
  place: line(221),
  play: async ({ fresh, send, origin }) => {
    const path = fresh("/required");
    origin.on(path, tellsItsRun);
    return { answer: await send(path, { json: BODY }), runs: origin.count(path) };
  },
  difference: otherType(400, "missing-key", "key_missing"),
  theirs: ({ answer, runs }) => {
    expectTheirProblem(answer, 400, "missing-key");
    assert.equal(runs, 0);
  },
  ours: ({ answer, runs }) => {
    expectOwnProblem(answer, 400, "key_missing");
    assert.equal(runs, 0);
  },
});

const headersKept = same({
  title: "A replay has `Location` and `ETag`, and no `Set-Cookie`",
  place: line(236),
  play: (stage) => {
    const headers = { Location: "/resources/1", ETag: '"v1"', "Set-Cookie": "session=of-the-first" };
    return twice(stage, "", answersJson(201, "{}", headers));
  },
  theirs: ({ second, runs }) => {
    expectStatus(second, 201);
    expectHeader(second, "location", "/resources/1");
    expectHeader(second, "etag", '"v1"');
    expectHeader(second, "set-cookie", undefined);
    expectHeader(second, REPLAYED, "true");
    assert.equal(runs, 1);
  },
});

const corrupt = differs({
  title: "The stored record is damaged",
  place: line(268),
  alone: true,
  play: async ({ fresh, key, send, origin, crash }) => {
    const path = fresh();
    origin.on(path, tellsItsRun);
    const ask = { key: key(), json: BODY };
    await send(path, ask);
    await crash((folder) => damageRecord(folder, `POST ${path}`));
    return { second: await send(path, ask), runs: origin.count(path) };
  },
  difference: {
    theirs: "It counts as absent, and the request runs",
    ours: "409 `outcome_unknown`; nothing runs",
    why: "A record that cannot be read may be of a request that ran (P1, O3.5).",
  },
  theirs: ({ second, runs }) => {
    expectStatus(second, 201);
    assert.equal(runs, 2);
  },
  ours: ({ second, runs }) => {
    expectOwnProblem(second, 409, "outcome_unknown");
    assert.equal(runs, 1);
  },
});

const tooLarge = differs({
  title: "A response of unknown length exceeds what is kept",
  place: line(290),
  play: (stage) => twice(stage, "/small", answers(200, { "Transfer-Encoding": "chunked" }, "x".repeat(2048))),
  difference: {
    theirs: "The first response is marked as not kept, and a retry runs again",
    ours: "The first client gets it whole; a retry gets 409 `replay_unavailable`",
    why: "That it ran is kept, so it never runs twice (P1, 5.6.1).",
  },
  theirs: ({ first, runs }) => {
    expectHeader(first, "idempotency-replay-unavailable", "size-exceeded");
    assert.equal(runs, 2);
  },
  ours: ({ first, second, runs }) => {
    expectStatus(first, 200);
    expectBody(first, "x".repeat(2048));
    expectOwnProblem(second, 409, "replay_unavailable");
    assert.equal(runs, 1);
  },
});

const scenarios: readonly Scenario[] = [
  basicReplay,
  mismatch,
  concurrent,
  waitThenReplay,
  waitRunsOut,
  crash,
  serverError,
  callers,
  missingKey,
  headersKept,
  corrupt,
  tooLarge,
];

export const idemkitHttp: Suite = {
  name: "idemkit, HTTP",
  about:
    "The HTTP vectors of [idemkit](https://github.com/idemkit/idemkit), a library for Python. Its vectors for storage backends test a Python interface, and are not rebuilt.",
  source: IDEMKIT,
  host: "idemkit.example",
  entry: {
    caller: ["authorization"],
    replayed_header: "Idempotency-Replayed",
    error_status: { in_flight: 423 },
    outcomes: [{ status: "5xx", outcome: "not-executed" }],
    routes: [
      { match: "* /waits/*", wait: "200ms" },
      { match: "* /required/*", key: "required" },
      { match: "* /small/*", max_response_bytes: 1024 },
    ],
  },
  scenarios,
};
