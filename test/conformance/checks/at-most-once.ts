// Section 2: the promises as such, and the plainest retry.

import assert from "node:assert/strict";
import { type Check } from "../check.ts";
import { header, lines } from "../client.ts";
import { expectReplay, expectRun, expectRuns, idempotencyStatus, show } from "../expect.ts";
import { after, answersJson, tellsItsRun } from "../origin-answers.ts";

const SIMULTANEOUS = 100;

export const atMostOnce: readonly Check[] = [
  {
    section: "2 P1",
    title: "runs 100 simultaneous requests with one key once",
    alone: true,
    run: async ({ origin, scripted, send, key }) => {
      // 500 ms, so that all of them arrive while the first one runs.
      const path = scripted(after(500, answersJson(201, '{"charge":"ch_1"}', { "X-Charge": "ch_1" })));
      const ask = { key: key() };
      const answers = await Promise.all(Array.from({ length: SIMULTANEOUS }, () => send(path, ask)));
      expectRuns(origin, path, 1);
      for (const answer of answers) {
        assert.equal(answer.status, 201, `expected 100 equal answers, got ${show(answer)}`);
        assert.equal(answer.body.toString(), '{"charge":"ch_1"}', `expected 100 equal answers, got ${show(answer)}`);
        assert.equal(header(answer, "x-charge"), "ch_1", `expected 100 equal answers, got ${show(answer)}`);
      }
      const replayed = answers.filter((answer) => header(answer, "idempotent-replayed") === "true");
      assert.equal(replayed.length, SIMULTANEOUS - 1, "expected 99 answers with Idempotent-Replayed: true");
      const executed = answers.filter((answer) => idempotencyStatus(answer).word === "executed");
      assert.equal(executed.length, 1, "expected one answer marked executed");
    },
  },
  {
    section: "2 P1",
    title: "runs a retried request once",
    run: async ({ origin, path, send, key }) => {
      const [where, ask] = [path(), { key: key() }];
      const first = await send(where, ask);
      expectRun(first, 1);
      for (let retry = 0; retry < 5; retry += 1) expectReplay(await send(where, ask), first);
      expectRuns(origin, where, 1);
    },
  },
  {
    section: "2 P1",
    title: "runs requests with different keys each",
    run: async ({ origin, path, send, key }) => {
      const where = path();
      expectRun(await send(where, { key: key() }), 1);
      expectRun(await send(where, { key: key() }), 2);
      expectRuns(origin, where, 2);
    },
  },
  {
    section: "2 P2",
    title: "gives the first answer also where the origin would answer otherwise by now",
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answersJson(500, '{"error":"first"}'), tellsItsRun);
      const ask = { key: key() };
      const first = await send(path, ask);
      expectReplay(await send(path, ask), first);
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "2 P2",
    title: "replays the whole answer, whatever conditions and ranges original and retry have",
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answersJson(200, '{"whole":"answer"}', { ETag: '"v1"', "Accept-Ranges": "bytes" }));
      const headers = [
        ["If-None-Match", '"v1"'],
        ["Range", "bytes=0-3"],
      ] as const;
      const ask = { key: key(), headers };
      const first = await send(path, ask);
      expectReplay(await send(path, ask), first);
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "2 P2",
    title: "forwards a covered PATCH once",
    run: async ({ origin, path, send, key }) => {
      const [where, ask] = [path(), { key: key(), method: "PATCH" }];
      const first = await send(where, ask);
      expectRun(first, 1);
      expectReplay(await send(where, ask), first);
      expectRuns(origin, where, 1);
    },
  },
  {
    section: "2 P3",
    title: "has recorded the answer before the client can see any of it",
    run: async ({ origin, path, send, open, key }) => {
      const [where, ask] = [path(), { key: key() }];
      const first = open(where, ask);
      // As soon as the status line is here, a retry must find the answer: there is no time in between.
      await first.head;
      const retry = await send(where, ask);
      expectReplay(retry, await first.answer);
      assert.deepEqual(lines(retry, "idempotent-replayed"), ["true"]);
      expectRuns(origin, where, 1);
    },
  },
];
