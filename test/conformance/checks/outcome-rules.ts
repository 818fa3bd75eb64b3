// Section 5.2: the rules of a policy, which look at status, media type, headers, JSON and events of an answer.

import assert from "node:assert/strict";
import { type Check } from "../check.ts";
import { header } from "../client.ts";
import { expectBody, expectMark, expectRefusal, expectReplay, expectRun, expectRuns, expectStatus } from "../expect.ts";
import { answers, answersJson, cutsBody, tellsItsRun } from "../origin-answers.ts";
import { type OriginAnswer } from "../origin.ts";

type Outcome = "final" | "not-executed" | "unknown";

const NEEDS = "outcome rules";

/** An answer that comes whole, and what its outcome is. */
function becomes(section: string, title: string, status: number, answer: OriginAnswer, outcome: Outcome): Check {
  return {
    section,
    title,
    needs: NEEDS,
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answer, tellsItsRun);
      const ask = { key: key() };
      const first = await send(path, ask);
      expectStatus(first, status);
      assert.ok(first.complete, "expected the whole answer");
      expectMark(first, outcome === "final" ? "executed" : outcome === "unknown" ? "unknown" : "released");
      const retry = await send(path, ask);
      if (outcome === "final") expectReplay(retry, first);
      else if (outcome === "unknown") expectRefusal(retry, "outcome_unknown");
      else expectRun(retry, 2);
      expectRuns(origin, path, outcome === "not-executed" ? 2 : 1);
    },
  };
}

const lists: readonly (readonly [title: string, status: number, outcome: Outcome])[] = [
  ["takes a status of a list", 404, "unknown"],
  ["takes a status of a range", 506, "not-executed"],
  ["lets a rule go before the table", 429, "unknown"],
  ["lets the first rule count that matches", 418, "unknown"],
  ["takes a status of no rule by the table", 200, "final"],
];

/** What an origin says in a header or a body, whatever its status. */
const signals: readonly (readonly [title: string, answer: OriginAnswer, outcome: Outcome])[] = [
  ["a header with a value of the list", answers(200, { "grpc-status": "14" }), "not-executed"],
  ["a header with another value", answers(200, { "grpc-status": "0" }), "final"],
  ["a media type", answers(200, { "Content-Type": "text/html; charset=utf-8" }, "<p>Maintenance</p>"), "unknown"],
  ["a member of the list", graphql("PERSISTED_QUERY_NOT_FOUND"), "not-executed"],
  ["another member", graphql("FORBIDDEN"), "final"],
  ["no such member", answersJson(200, '{"data":{}}'), "final"],
  ["a member that is null", answersJson(200, '{"pending":null}'), "final"],
  ["a member with any value", answersJson(200, '{"pending":false}'), "unknown"],
  ["a number by its value", answersJson(200, '{"code":1.50e1}'), "not-executed"],
  ["a member of a body that comes in many pieces", answersJson(200, large('"THROTTLED"')), "not-executed"],
];

function graphql(code: string): OriginAnswer {
  return answersJson(200, `{"errors":[{"extensions":{"code":"${code}"}}]}`);
}

/** Far beyond what is in memory at a time, and below 1 MB. */
function large(code: string): string {
  return `{"padding":"${"x".repeat(700_000)}","errors":[{"extensions":{"code":${code}}}]}`;
}

const unreadable: readonly (readonly [title: string, answer: OriginAnswer])[] = [
  ["is invalid", answersJson(507, '{"charged":')],
  ["has a member twice", answersJson(507, '{"code":1,"code":2}')],
  ["is larger than 1 MB", answersJson(507, `{"padding":"${"x".repeat(1_000_000)}"}`)],
  ["is coded", answersJson(507, "{}", { "Content-Encoding": "dcb" })],
];

const SSE = { "Content-Type": "text/event-stream" };
const FAILED = "event: delta\ndata: 1\n\nevent: error\ndata: overloaded\n\n";
const DONE = "event: delta\ndata: event: error\n\n: event: error\n\nevent: done\ndata: 2\n\n";

export const outcomeRules: readonly Check[] = [
  ...lists.map(([title, status, outcome]) => becomes("5.2.4", title, status, answers(status, {}, "said"), outcome)),
  ...signals.map(([title, answer, outcome]) => becomes("5.2.4", `finds ${title}: ${outcome}`, 200, answer, outcome)),
  becomes("5.2.4", "leaves out what `unless` names", 510, answersJson(510, '{"charged":false}'), "final"),
  becomes("5.2.4", "takes all that `unless` does not name", 510, answersJson(510, '{"charged":true}'), "unknown"),
  becomes("5.2.5", "releases by a later rule where the body is read", 507, answersJson(507, "{}"), "not-executed"),
  becomes("5.2.5", "reads a body of no bytes as one without members", 507, answers(507), "not-executed"),
  ...unreadable.map(([title, answer]) =>
    becomes("5.2.5", `releases by no later rule where the body ${title}`, 507, answer, "unknown"),
  ),
  becomes(
    "5.2.5",
    "lets no condition of `unless` hold on a body that is invalid",
    510,
    answers(510, {}, "no"),
    "unknown",
  ),
  {
    section: "5.2.5",
    title: "releases by no later rule where the body is cut short",
    needs: NEEDS,
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(cutsBody(507, {}, 100, 50), tellsItsRun);
      const ask = { key: key() };
      expectRefusal(await send(path, ask), "origin_unreachable");
      expectRefusal(await send(path, ask), "outcome_unknown");
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "5.2.6",
    title: "passes a stream with the event on to its end, and does not replay it",
    needs: NEEDS,
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answers(200, SSE, FAILED), tellsItsRun);
      const ask = { key: key() };
      const first = await send(path, ask);
      expectMark(first, "executed");
      expectBody(first, FAILED);
      expectRefusal(await send(path, ask), "outcome_unknown");
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "5.2.6",
    title: "replays a stream without the event, whatever its data and comments are",
    needs: NEEDS,
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answers(200, SSE, DONE), tellsItsRun);
      const ask = { key: key() };
      const first = await send(path, ask);
      expectBody(first, DONE);
      const replay = await send(path, ask);
      expectReplay(replay, first);
      assert.equal(header(replay, "content-type"), "text/event-stream");
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "5.2.6",
    title: "runs a request again whose stream has an event that releases the key",
    needs: NEEDS,
    run: async ({ origin, scripted, send, key }) => {
      const refused = "event: refused\ndata: 1\n\n";
      const path = scripted(answers(200, SSE, refused), tellsItsRun);
      const ask = { key: key() };
      expectBody(await send(path, ask), refused);
      expectRun(await send(path, ask), 2);
      expectRuns(origin, path, 2);
    },
  },
];
