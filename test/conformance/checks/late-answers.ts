// Section 5.4: answers that come after origin_timeout, or not by origin_deadline.

import assert from "node:assert/strict";
import { bounded, eventually, signal } from "../bounded.ts";
import { type Check } from "../check.ts";
import { header } from "../client.ts";
import { type Context } from "../context.ts";
import { expectMark, expectRefusal, expectReplay, expectRun, expectRuns, expectStatus, show } from "../expect.ts";
import { answers, cutsBody, heldUntil, tellsItsRun } from "../origin-answers.ts";
import { type OriginAnswer } from "../origin.ts";

const NO_WAIT = [["Prefer", "wait=0"]] as const;

/** A request that got origin_timeout and whose attempt goes on until `release`. */
async function timedOut({ scripted, send, key }: Context, late: OriginAnswer) {
  const release = signal();
  const path = scripted(heldUntil(release.given, late), tellsItsRun);
  const ask = { key: key() };
  const first = await send(path, ask);
  expectRefusal(first, "origin_timeout");
  return { path, ask, first, release: release.give };
}

/** Sends the head at once and the body when the time is over or the connection gone. */
function sendsBodyAfter(ms: number): OriginAnswer {
  return async ({ received, response }) => {
    await received.whole;
    response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": 9 });
    response.flushHeaders();
    const timer = setTimeout(() => response.end("late body"), ms);
    void received.gone.then(() => clearTimeout(timer));
  };
}

export const lateAnswers: readonly Check[] = [
  {
    section: "5.4.1",
    title: "answers origin_timeout in time and lets the attempt go on",
    needs: "origin_timeout of 3 s",
    run: async (context) => {
      const { path, ask, first, release } = await timedOut(context, tellsItsRun);
      assert.ok(first.elapsedMs >= 2900 && first.elapsedMs < 20_000, `it took ${Math.round(first.elapsedMs)} ms`);
      expectRefusal(await context.send(path, { ...ask, headers: NO_WAIT }), "in_flight");
      release();
      expectStatus(await context.send(path, ask), 201);
      expectRuns(context.origin, path, 1);
    },
  },
  {
    section: "5.4.2",
    title: "replays an answer that came after origin_timeout",
    needs: "origin_timeout of 3 s",
    run: async (context) => {
      const { path, ask, release } = await timedOut(context, tellsItsRun);
      const joiner = await context.join(path, ask);
      release();
      const joined = await joiner.answer;
      expectMark(joined, "joined");
      assert.equal(joined.body.toString(), '{"run":1}');
      expectReplay(await context.send(path, ask), joined);
      expectRuns(context.origin, path, 1);
    },
  },
  {
    section: "5.4.2",
    title: "keeps a late answer that no client waits for",
    needs: "origin_timeout of 3 s",
    run: async (context) => {
      const { path, ask, release } = await timedOut(context, tellsItsRun);
      release();
      const what = { withinMs: 60_000, everyMs: 50, what: "the late answer to be replayed", saw: () => last };
      let last = "nothing";
      const replay = await eventually(async () => {
        const answer = await context.send(path, { ...ask, headers: NO_WAIT });
        last = show(answer);
        return answer.status === 201 ? answer : undefined;
      }, what);
      assert.equal(header(replay, "idempotent-replayed"), "true");
      expectRuns(context.origin, path, 1);
    },
  },
  {
    section: "5.4.2",
    title: "frees the key where the late answer was not executed",
    needs: "origin_timeout of 3 s",
    run: async (context) => {
      const { path, ask, release } = await timedOut(context, answers(429, {}, "slow down"));
      const joiner = await context.join(path, ask);
      release();
      const joined = await joiner.answer;
      expectStatus(joined, 429);
      expectMark(joined, "released");
      expectRun(await context.send(path, ask), 2);
    },
  },
  {
    section: "5.4.2",
    title: "leaves the outcome unknown where the late answer does",
    needs: "origin_timeout of 3 s",
    run: async (context) => {
      const { path, ask, release } = await timedOut(context, answers(502, {}, "bad gateway"));
      const joiner = await context.join(path, ask);
      release();
      const joined = await joiner.answer;
      expectStatus(joined, 502);
      expectMark(joined, "unknown");
      expectRefusal(await context.send(path, ask), "outcome_unknown");
      expectRuns(context.origin, path, 1);
    },
  },
  {
    section: "5.4.2",
    title: "leaves the outcome unknown where the late answer is cut short",
    needs: "origin_timeout of 3 s",
    run: async (context) => {
      const { path, ask, release } = await timedOut(context, cutsBody(200, {}, 100, 50));
      const joiner = await context.join(path, ask);
      release();
      expectRefusal(await joiner.answer, "origin_unreachable");
      expectRefusal(await context.send(path, ask), "outcome_unknown");
      expectRuns(context.origin, path, 1);
    },
  },
  {
    section: "5.4.1",
    title: "aborts the attempt at origin_deadline and leaves the outcome unknown",
    needs: "origin_deadline of 700 ms",
    run: async (context) => {
      const { path, ask, release } = await timedOut(context, tellsItsRun);
      const [received] = context.origin.requests(path);
      assert.ok(received !== undefined, "expected one request at the origin");
      await bounded(received.gone, 60_000, "the connection to the origin to be aborted");
      expectRefusal(await context.send(path, ask), "outcome_unknown");
      release();
      expectRefusal(await context.send(path, ask), "outcome_unknown");
      expectRuns(context.origin, path, 1);
    },
  },
  {
    section: "5.4.1",
    title: "runs nothing again before the attempt has ended, also where the policy retries",
    needs: "on_unknown retry, origin_timeout of 3 s",
    run: async (context) => {
      const { path, ask, release } = await timedOut(context, answers(502));
      expectRefusal(await context.send(path, { ...ask, headers: NO_WAIT }), "in_flight");
      const joiner = await context.join(path, ask);
      expectRuns(context.origin, path, 1);
      release();
      expectMark(await joiner.answer, "unknown");
      expectRun(await context.send(path, ask), 2);
      assert.equal(header(await context.origin.arrived(path, 2), "oncegate-attempt"), "2");
    },
  },
  {
    section: "5.1",
    title: "counts origin_timeout up to the headers, not to the end of the body",
    needs: "origin_timeout of 5 s",
    run: async (context) => {
      const path = context.scripted(sendsBodyAfter(5600));
      const ask = { key: context.key() };
      const first = await context.send(path, ask);
      expectStatus(first, 200);
      expectMark(first, "executed");
      assert.equal(first.body.toString(), "late body");
      expectReplay(await context.send(path, ask), first);
      expectRuns(context.origin, path, 1);
    },
  },
  {
    section: "5.4.1",
    title: "aborts a body that does not end by origin_deadline, and leaves the outcome unknown",
    needs: "origin_deadline of 700 ms",
    run: async (context) => {
      const path = context.scripted(sendsBodyAfter(60_000), tellsItsRun);
      const ask = { key: context.key() };
      const first = await context.send(path, ask);
      assert.ok(first.status === 502 || first.status === 504, `expected 502 or 504, got ${show(first)}`);
      expectMark(first, "unknown");
      await bounded(
        context.origin.requests(path)[0]?.gone ?? Promise.resolve(),
        60_000,
        "the connection to be aborted",
      );
      expectRefusal(await context.send(path, ask), "outcome_unknown");
      expectRuns(context.origin, path, 1);
    },
  },
  {
    section: "6.1.3",
    title: "answers origin_timeout to all who wait for the attempt by then",
    // Time for the joiner to arrive, on a busy machine too.
    needs: "origin_timeout of 5 s",
    run: async (context) => {
      const release = signal();
      const path = context.scripted(heldUntil(release.given, tellsItsRun));
      const ask = { key: context.key() };
      const original = context.open(path, ask);
      await context.origin.arrived(path);
      const joiner = context.open(path, ask);
      expectRefusal(await original.answer, "origin_timeout");
      expectRefusal(await joiner.answer, "origin_timeout");
      release.give();
      expectRuns(context.origin, path, 1);
    },
  },
];
