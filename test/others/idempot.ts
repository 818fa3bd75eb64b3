// The scenarios of idempot's feature file, in its order.

import assert from "node:assert/strict";
import { header } from "../conformance/client.ts";
import { expectMark, show } from "../conformance/expect.ts";
import { recordScenarios } from "./idempot-records.ts";
import {
  all,
  type Check,
  contains,
  differsHere,
  differsInKey,
  differsInType,
  emptyKey,
  hasInstance,
  hasOrders,
  hasStatus,
  IDEMPOT,
  isProblem,
  isRetryable,
  keyWithCommas,
  longKey,
  once,
  otherBody,
  type Play,
  repeated,
  REUSED_KEY,
  sameHere,
  whileItRuns,
  withoutKey,
  withoutStore,
} from "./idempot-steps.ts";
import { type Scenario, type Suite } from "./scenario.ts";
import { expectHeader, expectOwnProblem, json } from "./seen.ts";

const nothing: Check = () => undefined;
const rfc9457 = contains('"type"', '"title"', '"detail"');

/** Each refusal has an id, and says whether sending again helps. */
function memberScenarios(
  what: string,
  {
    play,
    status,
    retryable,
    lines,
    alone,
  }: { play: Play; status: number; retryable: boolean; lines: readonly [number, number]; alone?: true },
): readonly Scenario[] {
  const common = { play, ...(alone && { alone }) };
  return [
    sameHere({
      ...common,
      line: lines[0],
      title: `${what}: the problem has an instance`,
      theirs: all(hasStatus(status), hasInstance),
    }),
    sameHere({
      ...common,
      line: lines[1],
      title: `${what}: it says whether a retry can help`,
      theirs: all(hasStatus(status), isRetryable(retryable)),
    }),
  ];
}

const keyScenarios: readonly Scenario[] = [
  differsInType(
    { line: 16, title: "Without the required key", play: withoutKey, theirs: nothing },
    { section: "section-2.1", status: 400, code: "key_missing" },
  ),
  ...memberScenarios("Without the key", { play: withoutKey, status: 400, retryable: false, lines: [22, 28] }),
  differsInType(
    { line: 34, title: "An empty key", play: emptyKey, theirs: rfc9457 },
    { section: "section-2.1", status: 400, code: "key_invalid" },
  ),
  ...memberScenarios("An empty key", { play: emptyKey, status: 400, retryable: false, lines: [44, 51] }),
  differsHere({
    line: 58,
    title: "An empty key: the problem repeats it",
    play: emptyKey,
    theirs: all(hasStatus(400), contains("idempotency_key")),
    ours: ({ answer }) => {
      expectOwnProblem(answer, 400, "key_invalid");
      expectHeader(answer, "idempotency-key", undefined);
    },
    difference: {
      theirs: "A member `idempotency_key` in the problem",
      ours: "No key is repeated",
      why: "A valid key is repeated, as a header (6.1.1); an invalid one is not.",
    },
  }),
  differsInType(
    { line: 64, title: "A key of 256 characters", play: longKey, theirs: rfc9457 },
    { section: "section-2.1", status: 400, code: "key_invalid" },
  ),
  ...memberScenarios("A key of 256 characters", { play: longKey, status: 400, retryable: false, lines: [74, 81] }),
  differsInType(
    { line: 88, title: "A key with commas", play: keyWithCommas, theirs: rfc9457 },
    { section: "section-2.1", status: 400, code: "key_invalid" },
  ),
  ...memberScenarios("A key with commas", { play: keyWithCommas, status: 400, retryable: false, lines: [98, 105] }),
  sameHere({ line: 112, title: "A valid key is accepted", play: once({}), theirs: hasStatus(200) }),
];

const isReplay: Check = ({ answer }) => {
  expectHeader(answer, "x-idempotent-replayed", "true");
  expectMark(answer, "replayed");
};

const retryScenarios: readonly Scenario[] = [
  sameHere({
    line: 148,
    title: "A retry gets the kept response",
    play: repeated(2),
    theirs: all(hasStatus(200), contains("success")),
  }),
  sameHere({ line: 155, title: "A retry is marked as a replay", play: repeated(2), theirs: isReplay }),
];

const moreRetryScenarios: readonly Scenario[] = [
  sameHere({ line: 167, title: "A retry makes no second order", play: repeated(2), theirs: hasOrders(1) }),
  sameHere({
    line: 173,
    title: "Several retries make no second order",
    play: repeated(4),
    theirs: all(hasStatus(200), hasOrders(1)),
  }),
];

const otherKeyScenarios: readonly Scenario[] = [
  differsInKey({
    line: 184,
    title: "The same content under another key",
    theirs: all(isProblem, contains("section-2.2")),
  }),
  differsInKey({
    line: 193,
    title: "The same content under another key: a message",
    theirs: all(isProblem, contains("section-2.2", "title")),
  }),
  differsInKey({
    line: 203,
    title: "The same content under another key makes no order",
    theirs: all(isProblem, contains("section-2.2"), hasOrders(1)),
  }),
  differsInKey({ line: 213, title: "The same content under another key: an instance", theirs: hasInstance }),
  differsInKey({ line: 222, title: "The same content under another key: not retryable", theirs: isRetryable(false) }),
];

const reuseScenarios: readonly Scenario[] = [
  differsInType(
    { line: 233, title: "Other content under the key", play: otherBody, theirs: nothing },
    { section: "section-2.2", status: 422, code: "key_reused" },
  ),
  differsInType(
    { line: 241, title: "Other content under the key: a message", play: otherBody, theirs: contains("title") },
    { section: "section-2.2", status: 422, code: "key_reused" },
  ),
  ...memberScenarios("Other content", { play: otherBody, status: 422, retryable: false, lines: [250, 258] }),
  differsHere({
    line: 266,
    title: "Other content under the key: the problem repeats the key",
    play: otherBody,
    theirs: ({ answer }) => {
      assert.equal(answer.status, 422, show(answer));
      assert.equal(json(answer)["idempotency_key"], REUSED_KEY, show(answer));
    },
    ours: ({ answer }) => {
      expectOwnProblem(answer, 422, "key_reused");
      assert.equal(header(answer, "idempotency-key"), REUSED_KEY);
    },
    difference: {
      theirs: "A member `idempotency_key` in the problem",
      ours: "The key is repeated in the header `Idempotency-Key`",
      why: "Every response to a request with a valid key has it there (6.1.1).",
    },
  }),
];

const concurrentScenarios: readonly Scenario[] = [
  differsInType(
    { line: 276, title: 'While the first runs (here by `in_flight = "refuse"`)', play: whileItRuns, theirs: nothing },
    { section: "section-2.6", status: 409, code: "in_flight" },
  ),
  differsInType(
    { line: 284, title: "While the first runs: a message", play: whileItRuns, theirs: contains("processed") },
    { section: "section-2.6", status: 409, code: "in_flight" },
  ),
  ...memberScenarios("While the first runs", { play: whileItRuns, status: 409, retryable: true, lines: [293, 301] }),
];

const formatScenarios: readonly Scenario[] = [
  sameHere({
    line: 311,
    title: "Without the key: type, title and detail",
    play: withoutKey,
    theirs: all(hasStatus(400), isProblem, rfc9457),
  }),
  sameHere({
    line: 319,
    title: "Other content under the key: type, title and detail",
    play: otherBody,
    theirs: all(hasStatus(422), isProblem, rfc9457),
  }),
  differsInKey({
    line: 329,
    title: "The same content under another key: type, title and detail",
    theirs: all(isProblem, rfc9457),
  }),
];

const storeScenarios: readonly Scenario[] = [
  sameHere({
    line: 342,
    title: "The store cannot be reached: 503, and nothing runs",
    alone: true,
    play: withoutStore,
    theirs: all(hasStatus(503), isProblem, hasOrders(0)),
  }),
  ...memberScenarios("The store cannot be reached", {
    play: withoutStore,
    status: 503,
    retryable: true,
    lines: [349, 357],
    alone: true,
  }),
];

const edgeScenarios: readonly Scenario[] = [
  sameHere({ line: 367, title: "GET passes through", play: once({ method: "GET" }), theirs: hasStatus(200) }),
  sameHere({ line: 372, title: "PUT passes through", play: once({ method: "PUT" }), theirs: hasStatus(200) }),
  sameHere({ line: 377, title: "DELETE passes through", play: once({ method: "DELETE" }), theirs: hasStatus(200) }),
  sameHere({ line: 382, title: "An empty object as content", play: once({ json: "{}" }), theirs: hasStatus(200) }),
];

export const idempot: Suite = {
  name: "idempot",
  about:
    "The feature file of [idempot](https://github.com/idempot-dev/idempot-js), middleware for Hono, Express and Fastify. Where it looks into its store, the operator API is asked here.",
  source: IDEMPOT,
  host: "idempot.example",
  entry: {
    caller: [],
    key: "required",
    in_flight: "refuse",
    replayed_header: "X-Idempotent-Replayed",
  },
  scenarios: [
    ...keyScenarios,
    ...recordScenarios.first,
    ...retryScenarios,
    ...recordScenarios.retry,
    ...moreRetryScenarios,
    ...otherKeyScenarios,
    ...reuseScenarios,
    ...concurrentScenarios,
    ...formatScenarios,
    ...storeScenarios,
    ...edgeScenarios,
    ...recordScenarios.patch,
  ],
};
