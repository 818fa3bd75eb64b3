// Section 5.5: outcomes that stay unknown.

import assert from "node:assert/strict";
import { signal } from "../bounded.ts";
import { type Check } from "../check.ts";
import { header } from "../client.ts";
import { type Context } from "../context.ts";
import {
  expectMark,
  expectRefusal,
  expectReplay,
  expectRun,
  expectRuns,
  expectSame,
  expectStatus,
  idempotencyStatus,
} from "../expect.ts";
import { answers, heldUntil, tellsItsRun } from "../origin-answers.ts";

/** What an operator reads from the forwarded requests. */
function attempts({ origin }: Context, path: string): readonly (string | undefined)[] {
  return origin.requests(path).map((received) => header(received, "oncegate-attempt"));
}

export const unknown: readonly Check[] = [
  {
    section: "5.5.1",
    title: "refuses every retry of an unknown outcome",
    run: async (context) => {
      const [path, ask] = [context.scripted(answers(502), tellsItsRun), { key: context.key() }];
      expectMark(await context.send(path, ask), "unknown");
      for (let retry = 0; retry < 3; retry += 1) expectRefusal(await context.send(path, ask), "outcome_unknown");
      expectRuns(context.origin, path, 1);
    },
  },
  {
    section: "5.5.2",
    title: "runs an unknown outcome again where the policy says so, and replays the answer",
    needs: "on_unknown retry",
    run: async (context) => {
      const [path, ask] = [context.scripted(answers(502), tellsItsRun), { key: context.key() }];
      expectMark(await context.send(path, ask), "unknown");
      const second = await context.send(path, ask);
      expectRun(second, 2);
      expectReplay(await context.send(path, ask), second);
      assert.deepEqual(attempts(context, path), ["1", "2"]);
    },
  },
  {
    section: "5.5.2",
    title: "stops after max_attempts attempts",
    needs: "on_unknown retry",
    run: async (context) => {
      const [path, ask] = [context.scripted(answers(502)), { key: context.key() }];
      for (let attempt = 1; attempt <= 3; attempt += 1) {
        const answer = await context.send(path, ask);
        expectStatus(answer, 502);
        expectMark(answer, "unknown");
      }
      expectRefusal(await context.send(path, ask), "attempts_exhausted");
      expectRefusal(await context.send(path, ask), "attempts_exhausted");
      assert.deepEqual(attempts(context, path), ["1", "2", "3"]);
    },
  },
  {
    section: "5.3.3",
    title: "does not count undone attempts",
    needs: "on_unknown retry",
    run: async (context) => {
      const script = [answers(502), answers(429), answers(429), answers(502), answers(502)];
      const [path, ask] = [context.scripted(...script), { key: context.key() }];
      const seen: string[] = [];
      for (let attempt = 0; attempt < script.length; attempt += 1) {
        const answer = await context.send(path, ask);
        seen.push(`${answer.status} ${idempotencyStatus(answer).word}`);
      }
      assert.deepEqual(seen, ["502 unknown", "429 unknown", "429 unknown", "502 unknown", "502 unknown"]);
      expectRefusal(await context.send(path, ask), "attempts_exhausted");
      expectRuns(context.origin, path, 5);
    },
  },
  {
    section: "5.5.2",
    title: "gives simultaneous retries of an unknown outcome one attempt",
    needs: "on_unknown retry",
    run: async (context) => {
      const release = signal();
      const path = context.scripted(answers(502), heldUntil(release.given, tellsItsRun));
      const ask = { key: context.key() };
      expectMark(await context.send(path, ask), "unknown");
      const second = context.open(path, ask);
      await context.origin.arrived(path, 2);
      const joiner = await context.join(path, ask);
      release.give();
      const answer = await second.answer;
      expectRun(answer, 2);
      const joined = await joiner.answer;
      expectMark(joined, "joined");
      expectSame(joined, answer);
      expectRuns(context.origin, path, 2);
    },
  },
];
