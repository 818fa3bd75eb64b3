// Section 5.7: an unknown outcome is settled by asking the origin.

import assert from "node:assert/strict";
import { pause, signal } from "../bounded.ts";
import { type Check } from "../check.ts";
import { type Answer, header } from "../client.ts";
import { type Context } from "../context.ts";
import {
  idempotencyStatus,
  expectBody,
  expectMark,
  expectRefusal,
  expectReplay,
  expectRun,
  expectRuns,
  expectStatus,
} from "../expect.ts";
import { answers, heldUntil, resets, runBody, tellsItsRun } from "../origin-answers.ts";
import { type OriginAnswer } from "../origin.ts";
import { PROBED_AT } from "../tenants.ts";

/** A key whose first attempt has left its record unknown, and where the origin is asked about it. */
type Unknown = { readonly path: string; readonly ask: { readonly key: string }; readonly probedAt: string };

async function leftUnknown(context: Context, probed: OriginAnswer, key = context.key()): Promise<Unknown> {
  const path = context.scripted(answers(502), tellsItsRun);
  const probedAt = `${PROBED_AT}/${encodeURIComponent(key)}`;
  context.origin.on(probedAt, probed);
  expectMark(await context.send(path, { key }), "unknown");
  return { path, ask: { key }, probedAt };
}

function says(outcome: string, status?: string): OriginAnswer {
  const fields = { "Oncegate-Outcome": outcome, ...(status === undefined ? {} : { "Oncegate-Status": status }) };
  return answers(200, { ...fields, "X-Kept": "1" }, "the kept answer");
}

const settleNothing: readonly (readonly [title: string, answer: OriginAnswer])[] = [
  ["unknown", says("unknown")],
  ["a word that it does not know", says("done", "201")],
  ["a 404 without Oncegate-Outcome", answers(404)],
  ["a 200 without Oncegate-Outcome", answers(200, { "Oncegate-Status": "201" }, "welcome")],
  ["final without a status", says("final")],
  ["a redirect", answers(302, { Location: "/elsewhere" })],
  ["a broken connection", resets],
];

function staysUnknown([title, answer]: (typeof settleNothing)[number]): Check {
  return {
    section: "5.7.2",
    title: `leaves the outcome unknown on ${title}`,
    needs: "on_unknown probe",
    run: async (context) => {
      const { path, ask, probedAt } = await leftUnknown(context, answer);
      expectAskedAgain(await context.send(path, ask));
      expectRuns(context.origin, path, 1);
      expectRuns(context.origin, probedAt, 1);
    },
  };
}

/** A refusal that says when the origin is asked again. Returns that time in seconds. */
function expectAskedAgain(answer: Answer): number {
  expectRefusal(answer, "outcome_unknown", true);
  const seconds = Number(header(answer, "retry-after"));
  assert.ok(seconds >= 1 && seconds <= 60, `expected Retry-After from 1 to 60, got ${seconds}`);
  return seconds;
}

export const probes: readonly Check[] = [
  ...settleNothing.map(staysUnknown),
  {
    section: "5.7.1",
    title: "asks by GET, with the caller's headers, the key and the attempt, and without the client's others",
    needs: "on_unknown probe",
    run: async (context) => {
      const { path, ask, probedAt } = await leftUnknown(
        context,
        says("unknown"),
        `order/1 of ${context.key()}`.replaceAll(" ", "+"),
      );
      await context.send(path, { ...ask, headers: [["X-Custom", "1"]] });
      const [asked] = context.origin.requests(probedAt);
      assert.ok(asked !== undefined, `nothing came to ${probedAt}`);
      assert.equal(asked.method, "GET");
      assert.equal(header(asked, "idempotency-key"), ask.key);
      assert.equal(header(asked, "oncegate-attempt"), "1");
      assert.notEqual(header(asked, "authorization"), undefined);
      assert.equal(header(asked, "x-custom"), undefined);
    },
  },
  {
    section: "5.7.2",
    title: "executes as the next attempt where none ran or ever will",
    needs: "on_unknown probe",
    run: async (context) => {
      const { path, ask } = await leftUnknown(context, says("not-executed"));
      const second = await context.send(path, ask);
      expectMark(second, "executed");
      expectRun(second, 2);
      expectReplay(await context.send(path, ask), second);
      const attempts = context.origin.requests(path).map((received) => header(received, "oncegate-attempt"));
      assert.deepEqual(attempts, ["1", "2"]);
    },
  },
  {
    section: "5.7.2",
    title: "keeps the answer that the origin gives, with its status",
    needs: "on_unknown probe",
    run: async (context) => {
      const { path, ask, probedAt } = await leftUnknown(context, says("final", "402"));
      for (let retry = 0; retry < 2; retry += 1) {
        const answer = await context.send(path, ask);
        expectStatus(answer, 402);
        expectMark(answer, "replayed");
        expectBody(answer, "the kept answer");
        assert.equal(header(answer, "x-kept"), "1");
        assert.equal(header(answer, "oncegate-status"), undefined);
      }
      expectRuns(context.origin, path, 1);
      expectRuns(context.origin, probedAt, 1);
    },
  },
  {
    section: "5.7.4",
    title: "asks once for requests that come together, and executes once",
    needs: "on_unknown probe",
    run: async (context) => {
      const release = signal();
      const { path, ask, probedAt } = await leftUnknown(context, heldUntil(release.given, says("not-executed")));
      const first = context.open(path, ask);
      await context.origin.arrived(probedAt);
      const second = await context.join(path, ask);
      expectRefusal(await context.send(path, { ...ask, body: "another body" }), "key_reused");
      release.give();
      const answersOf = await Promise.all([first.answer, second.answer]);
      for (const answer of answersOf) expectBody(answer, runBody(2));
      // Either of the two may have been the one that executed.
      const words = answersOf.map((answer) => idempotencyStatus(answer).word);
      assert.deepEqual(
        words.toSorted((a, b) => a.localeCompare(b)),
        ["executed", "joined"],
      );
      expectRuns(context.origin, path, 2);
      expectRuns(context.origin, probedAt, 1);
    },
  },
  {
    section: "5.7.9",
    title: "pauses after a probe that settles nothing, however often the request comes, and asks after Retry-After",
    needs: "on_unknown probe",
    run: async (context) => {
      const { path, ask, probedAt } = await leftUnknown(context, answers(500));
      const started = performance.now();
      let waitSeconds = 0;
      for (let retry = 0; retry < 50; retry += 1) waitSeconds = expectAskedAgain(await context.send(path, ask));
      // The pauses are 0.5 s, 1 s, 2 s and so on, so a slow machine sees more than one probe, and never one for each request.
      const most = 1 + Math.ceil(Math.log2(1 + (performance.now() - started) / 500));
      const asked = context.origin.count(probedAt);
      assert.ok(asked >= 1 && asked <= most, `expected at most ${most} probes, got ${asked}`);
      context.origin.on(probedAt, says("final", "201"));
      await pause(waitSeconds * 1000);
      expectMark(await context.send(path, ask), "replayed");
      assert.equal(context.origin.count(probedAt), asked + 1);
      expectRuns(context.origin, path, 1);
    },
  },
  {
    section: "5.7.5",
    title: "does not ask about a key that would change the path",
    needs: "on_unknown probe",
    run: async (context) => {
      const path = context.scripted(answers(502), tellsItsRun);
      const ask = { key: "..", authorization: `Bearer ${context.key()}` };
      expectMark(await context.send(path, ask), "unknown");
      expectRefusal(await context.send(path, ask), "outcome_unknown");
      expectRuns(context.origin, path, 1);
    },
  },
];
