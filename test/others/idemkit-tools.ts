// idemkit's vectors for calls of tools: the key is made from the arguments that count.

import assert from "node:assert/strict";
import { type Answer, type Ask } from "../conformance/client.ts";
import { expectBody, expectMark, expectStatus, show } from "../conformance/expect.ts";
import { answers, answersJson, tellsItsRun } from "../conformance/origin-answers.ts";
import { IDEMKIT } from "./idemkit-http.ts";
import { differs, noCounterpart, type Place, same, type Suite } from "./scenario.ts";

const line = (line: number): Place => ({ source: IDEMKIT, line });

const call = (args: object): Ask => ({ json: JSON.stringify(args) });
const FLIGHT = { origin: "VIE", destination: "OSL" };

const retried = same({
  title: "Five calls with the same arguments run once, with one result",
  place: line(408),
  play: async ({ fresh, send, origin }) => {
    const path = fresh();
    origin.on(path, tellsItsRun);
    const all: Answer[] = [];
    for (let index = 0; index < 5; index += 1) all.push(await send(path, call(FLIGHT)));
    return { all, runs: origin.count(path) };
  },
  theirs: ({ all, runs }) => {
    assert.equal(runs, 1);
    assert.deepEqual([...new Set(all.map(({ body }) => body.toString()))], ['{"run":1}']);
  },
});

const normalized = same({
  title: "An argument that does not count may differ, one that counts makes another call",
  place: line(420),
  play: async ({ fresh, send, origin }) => {
    const path = fresh();
    origin.on(path, tellsItsRun);
    const first = await send(path, call({ ...FLIGHT, request_id: "r1" }));
    const again = await send(path, call({ ...FLIGHT, request_id: "r2" }));
    const other = await send(path, call({ ...FLIGHT, destination: "LIS", request_id: "r3" }));
    return { first, again, other, runs: origin.count(path) };
  },
  theirs: ({ first, again, other, runs }) => {
    expectMark(first, "executed");
    expectMark(again, "replayed");
    expectMark(other, "executed");
    assert.equal(runs, 2);
  },
});

const concurrent = same({
  title: "Ten equal calls at once run once",
  place: line(434),
  play: async ({ fresh, send, origin }) => {
    const path = fresh();
    origin.on(path, tellsItsRun);
    const all = await Promise.all(Array.from({ length: 10 }, () => send(path, call(FLIGHT))));
    return { all, runs: origin.count(path) };
  },
  theirs: ({ all, runs }) => {
    assert.equal(runs, 1);
    for (const answer of all) expectStatus(answer, 201);
  },
});

const raises = same({
  title: "A tool raises, and a retry runs (here its error is a 500, and a rule in `outcomes`)",
  place: line(444),
  play: async ({ fresh, send, origin }) => {
    const path = fresh();
    origin.on(path, answers(500), tellsItsRun);
    return { first: await send(path, call(FLIGHT)), second: await send(path, call(FLIGHT)) };
  },
  theirs: ({ first, second }) => {
    expectStatus(first, 500);
    expectStatus(second, 201);
    expectMark(second, "executed");
  },
});

const BINARY = Uint8Array.from([0xff, 0x00, 0x80, 0xfe]);

const notSerializable = differs({
  title: "A result that is not JSON",
  place: line(455),
  play: async ({ fresh, send, origin }) => {
    const path = fresh();
    origin.on(path, answers(200, { "Content-Type": "application/octet-stream" }, BINARY));
    const first = await send(path, call(FLIGHT));
    return { first, second: await send(path, call(FLIGHT)), runs: origin.count(path) };
  },
  difference: {
    theirs: "An error for the caller, and a conflict for a retry, which does not run",
    ours: "The result itself, and its replay; a retry does not run",
    why: "Any bytes are kept and replayed (P2).",
  },
  theirs: ({ first, second, runs }) => {
    for (const answer of [first, second]) assert.ok(answer.status >= 400, show(answer));
    assert.equal(runs, 1);
  },
  ours: ({ first, second, runs }) => {
    for (const answer of [first, second]) {
      expectStatus(answer, 200);
      expectBody(answer, BINARY);
    }
    expectMark(second, "replayed");
    assert.equal(runs, 1);
  },
});

const unsafeCodec = noCounterpart({
  title: "A codec that runs code when it decodes",
  place: line(468),
  play: async ({ fresh, send, origin }) => {
    const path = fresh();
    const markup = '{"__proto__":{"polluted":true},"run":"code"}';
    origin.on(path, answersJson(200, markup));
    await send(path, call(FLIGHT));
    return { markup, second: await send(path, call(FLIGHT)) };
  },
  difference: {
    theirs: "Choosing it warns",
    ours: "There is no codec; a replay is the bytes of the response",
    why: "Stored responses are never decoded into objects (P2).",
  },
  ours: ({ markup, second }) => {
    expectMark(second, "replayed");
    expectBody(second, markup);
  },
});

const COUNTS = ["/origin", "/destination"];

export const idemkitTools: Suite = {
  name: "idemkit, tool calls",
  about:
    "Its vectors for calls of tools. A call is a request without a key, whose key is derived from the arguments that count.",
  source: IDEMKIT,
  host: "idemkit-tools.example",
  entry: {
    caller: ["authorization"],
    derive_key: { window: "1h", from: COUNTS },
    fingerprint: { only: COUNTS },
    outcomes: [{ status: "5xx", outcome: "not-executed" }],
  },
  scenarios: [retried, normalized, concurrent, raises, notSerializable, unsafeCodec],
};
