// Section 5.1: what an answer of the origin means for the record.

import assert from "node:assert/strict";
import { type Check } from "../check.ts";
import { header } from "../client.ts";
import {
  expectBody,
  expectMark,
  expectRefusal,
  expectReplay,
  expectRetryAdvice,
  expectRun,
  expectRuns,
  expectStatus,
} from "../expect.ts";
import { answers, closes, cutsBody, cutsChunks, resets, tellsItsRun, writesRaw } from "../origin-answers.ts";
import { type OriginAnswer } from "../origin.ts";

const finalStatuses = [
  [200, 201, 202, 203, 204, 205, 206, 207, 226, 299],
  [300, 301, 302, 303, 304, 307, 308],
  [400, 402, 404, 406, 409, 410, 412, 416, 418, 422, 423, 424, 499],
  [500, 501, 505, 506, 507, 508, 510, 511, 519, 527, 599],
].flat();
const notExecutedStatuses = [
  [401, 403, 405, 407, 411, 413, 414, 415, 417, 421, 425, 426, 428, 429, 431, 451],
  [521, 523, 525, 526, 529, 530],
].flat();
const unknownStatuses = [408, 502, 503, 504, 520, 522, 524];

const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);
const bodyOf = (status: number): string => (NO_BODY.has(status) ? "" : `status ${status}`);
const marked = { "X-Origin": "here", "Content-Type": "text/plain" };

function isFinal(status: number): Check {
  return {
    section: "5.1",
    title: `takes ${status} for final and replays it`,
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answers(status, marked, bodyOf(status)), tellsItsRun);
      const ask = { key: key() };
      const first = await send(path, ask);
      expectStatus(first, status);
      expectBody(first, bodyOf(status));
      expectMark(first, "executed");
      assert.equal(header(first, "x-origin"), "here");
      expectReplay(await send(path, ask), first);
      expectRuns(origin, path, 1);
    },
  };
}

function isNotExecuted(title: string, status: number, headers: Readonly<Record<string, string>>): Check {
  return {
    section: "5.1",
    title: `takes ${title} for not executed, passes it on and frees the key`,
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answers(status, { ...marked, ...headers }, bodyOf(status)), tellsItsRun);
      const ask = { key: key() };
      const first = await send(path, ask);
      expectStatus(first, status);
      expectBody(first, bodyOf(status));
      expectMark(first, "released");
      expectRun(await send(path, ask), 2);
      expectRuns(origin, path, 2);
    },
  };
}

function isUnknown(status: number): Check {
  return {
    section: "5.1",
    title: `takes ${status} for unknown, passes it on marked and never runs it again`,
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answers(status, marked, bodyOf(status)), tellsItsRun);
      const ask = { key: key() };
      const first = await send(path, ask);
      expectStatus(first, status);
      expectBody(first, bodyOf(status));
      expectMark(first, "unknown");
      expectRetryAdvice(first, false);
      expectRefusal(await send(path, ask), "outcome_unknown");
      expectRefusal(await send(path, ask), "outcome_unknown");
      expectRuns(origin, path, 1);
    },
  };
}

const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";

/** What an origin does without giving a whole, valid answer. */
const failures: readonly (readonly [title: string, answer: OriginAnswer])[] = [
  ["a connection that is reset after the request", resets],
  ["a connection that is closed after the request", closes],
  ["an answer that is no HTTP", writesRaw("it is done\r\n\r\n")],
  ["a status line without an end", writesRaw("HTTP/1.1 200 O")],
  ["a head without an end", writesRaw(HEAD)],
  ["status 600", writesRaw("HTTP/1.1 600 Odd\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")],
  ["status 999", writesRaw("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")],
  ["a body cut short of its Content-Length", cutsBody(200, marked, 100, 50)],
  ["a 502 whose body is cut short", cutsBody(502, marked, 100, 50)],
  ["a body of which nothing came", cutsBody(200, marked, 100, 0)],
  ["a body cut between chunks", cutsChunks(200, marked)],
  ["a body cut in good order", writesRaw(`${HEAD}Content-Length: 100\r\nConnection: close\r\n\r\n${"x".repeat(50)}`)],
];

export const outcomes: readonly Check[] = [
  ...finalStatuses.map(isFinal),
  ...notExecutedStatuses.map((status) => isNotExecuted(String(status), status, {})),
  isNotExecuted("503 with Retry-After", 503, { "Retry-After": "1" }),
  isNotExecuted("402 with a challenge", 402, { "WWW-Authenticate": 'Payment id="p1"' }),
  isNotExecuted("402 with PAYMENT-REQUIRED", 402, { "PAYMENT-REQUIRED": "e30=" }),
  ...unknownStatuses.map(isUnknown),
  ...failures.map(([title, answer]): Check => ({
    section: "5.1",
    title: `takes ${title} for unknown and never runs it again`,
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answer, tellsItsRun);
      const ask = { key: key() };
      expectRefusal(await send(path, ask), "origin_unreachable");
      expectRefusal(await send(path, ask), "outcome_unknown");
      expectRuns(origin, path, 1);
    },
  })),
];
