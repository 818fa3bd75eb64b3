// Sections 5.2, 5.3 and 10: who has the last word on an outcome, and what becomes of an undone attempt.

import assert from "node:assert/strict";
import { type Check } from "../check.ts";
import { header } from "../client.ts";
import {
  expectMark,
  expectProblem,
  expectRefusal,
  expectReplay,
  expectRun,
  expectRuns,
  expectStatus,
} from "../expect.ts";
import { answers, cutsBody, tellsItsRun } from "../origin-answers.ts";
import { type OriginAnswer } from "../origin.ts";

type Outcome = "final" | "not-executed" | "unknown";

/** What the origin answers and what comes of it: the answer's mark and whether the request may run again. */
function becomes(
  section: string,
  title: string,
  status: number,
  headers: Readonly<Record<string, string>>,
  outcome: Outcome,
  needs?: "outcome rules",
): Check {
  return {
    section,
    title,
    ...(needs === undefined ? {} : { needs }),
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answers(status, headers, "said"), tellsItsRun);
      const ask = { key: key() };
      const first = await send(path, ask);
      expectStatus(first, status);
      assert.equal(header(first, "oncegate-outcome"), undefined, "clients do not see Oncegate-Outcome");
      expectMark(first, outcome === "final" ? "executed" : outcome === "unknown" ? "unknown" : "released");
      const retry = await send(path, ask);
      if (outcome === "final") expectReplay(retry, first);
      else if (outcome === "unknown") expectRefusal(retry, "outcome_unknown");
      else expectRun(retry, 2);
      expectRuns(origin, path, outcome === "not-executed" ? 2 : 1);
    },
  };
}

const said = (value: string): Readonly<Record<string, string>> => ({ "Oncegate-Outcome": value });

const cutNotExecuted: readonly (readonly [title: string, answer: OriginAnswer])[] = [
  ["a 429", cutsBody(429, {}, 100, 50)],
  ["an answer that the origin called not executed", cutsBody(200, said("not-executed"), 100, 50)],
];

export const outcomeOrder: readonly Check[] = [
  becomes("10.1", "takes 502 for final where the origin says so", 502, said("final"), "final"),
  becomes("10.1", "takes 429 for final where the origin says so", 429, said("final"), "final"),
  becomes("10.1", "takes 200 for not executed where the origin says so", 200, said("not-executed"), "not-executed"),
  becomes("10.1", "takes 500 for not executed where the origin says so", 500, said("not-executed"), "not-executed"),
  becomes("10.1", "takes 502 for not executed where the origin says so", 502, said("not-executed"), "not-executed"),
  becomes("10.1", "takes 200 for unknown where the origin says so", 200, said("unknown"), "unknown"),
  becomes("10.1", "takes 401 for unknown where the origin says so", 401, said("unknown"), "unknown"),
  becomes("10.1", "takes 200 with an unintelligible outcome for unknown", 200, said("done"), "unknown"),
  becomes("10.1", "takes 200 with an empty outcome for unknown", 200, said(""), "unknown"),
  becomes("10.1", "takes 200 with two outcomes for unknown", 200, said("final, not-executed"), "unknown"),
  becomes("5.2.1", "lets the origin's outcome go before a rule: unknown", 404, said("final"), "final", "outcome rules"),
  becomes("5.2.1", "lets it go before a rule: not executed", 504, said("final"), "final", "outcome rules"),
  {
    section: "5.2.2",
    title: "takes an answer for unknown that the origin called final but cut short",
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(cutsBody(200, said("final"), 100, 50), tellsItsRun);
      const ask = { key: key() };
      expectRefusal(await send(path, ask), "origin_unreachable");
      expectRefusal(await send(path, ask), "outcome_unknown");
      expectRuns(origin, path, 1);
    },
  },
  ...cutNotExecuted.map(([title, answer]): Check => ({
    section: "5.2.2",
    title: `leaves ${title} not executed where its body is cut short`,
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answer, tellsItsRun);
      const ask = { key: key() };
      const first = await send(path, ask);
      expectProblem(first, "unavailable");
      expectMark(first, "released");
      expectRun(await send(path, ask), 2);
      expectRuns(origin, path, 2);
    },
  })),
  ...[409, 425].map((status): Check => ({
    section: "5.2.3",
    title: `leaves the record unknown where attempt 2 meets ${status}`,
    needs: "on_unknown retry",
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answers(502), answers(status), tellsItsRun);
      const ask = { key: key() };
      expectMark(await send(path, ask), "unknown");
      const second = await send(path, ask);
      expectStatus(second, status);
      expectMark(second, "unknown");
      expectRun(await send(path, ask), 3);
      expectRuns(origin, path, 3);
    },
  })),
  {
    section: "5.2.3",
    title: "takes the 409 of attempt 2 for final where the origin says so",
    needs: "on_unknown retry",
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answers(502), answers(409, said("final"), "conflict"), tellsItsRun);
      const ask = { key: key() };
      expectMark(await send(path, ask), "unknown");
      const second = await send(path, ask);
      expectMark(second, "executed");
      expectReplay(await send(path, ask), second);
      expectRuns(origin, path, 2);
    },
  },
  {
    section: "5.3.2",
    title: "frees the key of an undone attempt for any other request",
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answers(401), tellsItsRun);
      const ask = { key: key() };
      expectMark(await send(path, ask), "released");
      const other = { ...ask, json: '{"amount":999}' };
      const second = await send(path, other);
      expectRun(second, 2);
      expectReplay(await send(path, other), second);
      expectRefusal(await send(path, ask), "key_reused");
      assert.equal(header(origin.requests(path)[1] ?? { headers: [] }, "oncegate-attempt"), "1");
    },
  },
  {
    section: "5.3.1",
    title: "returns an unknown record to its former term when attempt 2 is undone",
    needs: "on_unknown retry",
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answers(502), answers(429, {}, "slow down"), tellsItsRun);
      const ask = { key: key() };
      const { recorded, expires } = expectMark(await send(path, ask), "unknown");
      const undone = await send(path, ask);
      expectStatus(undone, 429);
      const after = expectMark(undone, "unknown");
      assert.ok(expires !== undefined, "expected expires on an answer marked unknown");
      assert.deepEqual([after.recorded, after.expires], [recorded, expires]);
      expectRun(await send(path, ask), 3);
      expectRuns(origin, path, 3);
    },
  },
];
