// Section 6.1: what every keyed answer carries.

import assert from "node:assert/strict";
import { type Check } from "../check.ts";
import { header, lines } from "../client.ts";
import { expectMark, expectRefusal, expectReplay, expectRun, show } from "../expect.ts";
import { answers, resets } from "../origin-answers.ts";

/** Whole seconds on both sides, and a clock that is the same: generous all the same. */
const CLOCK_SLACK_MS = 2000;

export const keyedAnswers: readonly Check[] = [
  {
    section: "6.1.1",
    title: "echoes the key as sent on executed, replayed and refused answers",
    run: async ({ path, send, key }) => {
      const [where, sent] = [path(), `"${key()}"`];
      const ask = { key: sent };
      const refused = { ...ask, json: "[]" };
      const seen = [await send(where, ask), await send(where, ask), await send(where, refused)];
      for (const answer of seen) assert.deepEqual(lines(answer, "idempotency-key"), [sent], show(answer));
    },
  },
  {
    section: "6.1.1",
    title: "echoes the client's key, whatever the origin says",
    run: async ({ scripted, send, key }) => {
      const [path, ask] = [scripted(answers(200, { "Idempotency-Key": "the-origins" })), { key: key() }];
      for (let round = 0; round < 2; round += 1) {
        const answer = await send(path, ask);
        assert.deepEqual(lines(answer, "idempotency-key"), [ask.key], show(answer));
      }
    },
  },
  {
    section: "6.1.2",
    title: "shows when an answer was recorded and when it expires, the same on each replay",
    run: async ({ path, send, key }) => {
      const [where, ask, before] = [path(), { key: key() }, Date.now()];
      const first = await send(where, ask);
      expectRun(first, 1);
      const { recorded, expires } = expectMark(first, "executed");
      assert.ok(recorded !== undefined && expires !== undefined, `expected both dates on ${show(first)}`);
      const offset = recorded.getTime() - before;
      assert.ok(offset > -CLOCK_SLACK_MS && recorded.getTime() < Date.now() + CLOCK_SLACK_MS, "recorded is not now");
      assert.ok(expires > recorded, "expires is not after recorded");
      const replay = expectMark(await send(where, ask), "replayed");
      assert.deepEqual([replay.recorded, replay.expires], [recorded, expires]);
    },
  },
  {
    section: "6.1.2",
    title: "shows when an outcome became unknown and when that ends",
    run: async ({ scripted, send, key }) => {
      const [path, ask] = [scripted(answers(502)), { key: key() }];
      const first = expectMark(await send(path, ask), "unknown");
      assert.ok(first.recorded !== undefined && first.expires !== undefined, "expected both dates");
      const retry = await send(path, ask);
      expectRefusal(retry, "outcome_unknown");
      const { recorded, expires } = expectMark(retry, "unknown");
      assert.deepEqual([recorded, expires], [first.recorded, first.expires]);
    },
  },
  {
    section: "6.1.2",
    title: "shows no dates of a record that is gone",
    run: async ({ scripted, send, key }) => {
      const answer = await send(scripted(answers(401)), { key: key() });
      assert.deepEqual(expectMark(answer, "released"), { word: "released", isDerived: false });
    },
  },
  {
    section: "6.1.4",
    title: "marks origin_unreachable as unknown",
    run: async ({ scripted, send, key }) => {
      const answer = await send(scripted(resets), { key: key() });
      expectRefusal(answer, "origin_unreachable");
      expectMark(answer, "unknown");
    },
  },
  {
    section: "6.2.1",
    title: "says Idempotent-Replayed on replays only",
    run: async ({ path, send, key }) => {
      const [where, ask] = [path(), { key: key() }];
      const first = await send(where, ask);
      assert.deepEqual(lines(first, "idempotent-replayed"), []);
      const replay = await send(where, ask);
      expectReplay(replay, first);
      assert.deepEqual(lines(replay, "idempotent-replayed"), ["true"]);
      const refused = await send(where, { ...ask, json: "[]" });
      assert.equal(header(refused, "idempotent-replayed"), undefined);
    },
  },
];
