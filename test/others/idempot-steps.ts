// What the scenarios of idempot's feature file do and look at, and where they are.

import assert from "node:assert/strict";
import { type Answer, type Ask } from "../conformance/client.ts";
import { expectMark, show } from "../conformance/expect.ts";
import { answers, heldUntil } from "../conformance/origin-answers.ts";
import { type OriginAnswer } from "../conformance/origin.ts";
import { spoilNewestDatabase } from "./damage.ts";
import { type Difference, differs, type Place, same, type Scenario, type Source } from "./scenario.ts";
import { expectOwnProblem, expectType, json } from "./seen.ts";
import { type Stage } from "./stage.ts";

export const IDEMPOT: Source = {
  repository: "idempot-dev/idempot-js",
  commit: "fe0486f385941b27053c770b41b3a1c3efc42417",
  file: "tests/spec/idempotency.feature",
};

/** The last answer of a scenario, and how many orders there are. */
export type Seen = { readonly answer: Answer; readonly orders: number };

export type Play = (stage: Stage) => Promise<Seen>;

const FOO = '{"foo":"bar"}';

/** Makes an order of each request. */
export const makesOrder: OriginAnswer = async ({ received, response }) => {
  const body: unknown = JSON.parse((await received.whole).toString() || "{}");
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify({ success: true, body }));
};

/** Sends these, one after the other, to one path. */
async function inTurn({ fresh, send, origin }: Stage, asks: readonly Ask[]): Promise<Seen> {
  const path = fresh("/api");
  origin.on(path, makesOrder);
  let answer: Answer | undefined;
  for (const ask of asks) answer = await send(path, { json: FOO, ...ask });
  assert.ok(answer !== undefined);
  return { answer, orders: origin.count(path) };
}

export const once =
  (ask: Ask): Play =>
  (stage) =>
    inTurn(stage, [{ key: stage.key(), ...ask }]);

export const withoutKey: Play = (stage) => inTurn(stage, [{}]);
export const emptyKey: Play = once({ key: "" });
export const longKey: Play = once({ key: "a".repeat(256) });
export const keyWithCommas: Play = once({ key: "with,commas,and,more,than,twenty,characters" });

export const repeated =
  (times: number): Play =>
  (stage) => {
    const key = stage.key();
    return inTurn(
      stage,
      Array.from({ length: times }, () => ({ key })),
    );
  };

const otherKey: Play = (stage) => inTurn(stage, [{ key: stage.key() }, { key: stage.key() }]);

export const REUSED_KEY = "key-that-is-used-for-two";

export const otherBody: Play = (stage) =>
  inTurn(stage, [{ key: REUSED_KEY }, { key: REUSED_KEY, json: '{"baz":"qux"}' }]);

export const whileItRuns: Play = async ({ fresh, key, send, open, origin }) => {
  const path = fresh("/api");
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  origin.on(path, heldUntil(released, makesOrder));
  const ask = { key: key(), json: FOO };
  const first = open(path, ask);
  await origin.arrived(path);
  const answer = await send(path, ask);
  release();
  await first.answer;
  return { answer, orders: origin.count(path) };
};

/** The database of the key is no database. An attempt that is undone makes it, and leaves no record in it. */
export const withoutStore: Play = async ({ fresh, key, send, origin, crash }) => {
  const path = fresh("/api");
  let orders = 0;
  origin.on(path, answers(429), async (exchange) => {
    orders += 1;
    await makesOrder(exchange);
  });
  const ask = { key: key(), json: FOO };
  expectMark(await send(path, ask), "released");
  await crash(spoilNewestDatabase);
  return { answer: await send(path, ask), orders };
};

export type Check = (seen: Seen) => void;

export const all =
  (...checks: readonly Check[]): Check =>
  (seen) => {
    for (const check of checks) check(seen);
  };

export const hasStatus =
  (status: number): Check =>
  ({ answer }) =>
    assert.equal(answer.status, status, show(answer));

export const isProblem: Check = ({ answer }) => expectType(answer, "application/problem+json");

export const contains =
  (...texts: readonly string[]): Check =>
  ({ answer }) => {
    for (const text of texts) assert.ok(answer.body.toString().includes(text), `no ${text} in ${show(answer)}`);
  };

export const hasInstance: Check = ({ answer }) => assert.match(String(json(answer)["instance"]), /urn:uuid:/);

export const isRetryable =
  (retryable: boolean): Check =>
  ({ answer }) =>
    assert.equal(json(answer)["retryable"], retryable, show(answer));

export const hasOrders =
  (orders: number): Check =>
  (seen) =>
    assert.equal(seen.orders, orders);

const ownProblem =
  (status: number, code: string): Check =>
  ({ answer }) => {
    expectOwnProblem(answer, status, code);
    for (const name of ["title", "detail"]) assert.equal(typeof json(answer)[name], "string", show(answer));
  };

const place = (line: number): Place => ({ source: IDEMPOT, line });

type Common = {
  readonly line: number;
  readonly title: string;
  readonly play: Play;
  readonly theirs: Check;
  readonly alone?: true;
};

export function sameHere({ line, ...steps }: Common): Scenario {
  return same({ place: place(line), ...steps });
}

export function differsHere({
  line,
  ...steps
}: Common & { readonly difference: Difference; readonly ours: Check }): Scenario {
  return differs({ place: place(line), ...steps });
}

/** They name a section of the draft in the problem; ours leads to the host. */
export function differsInType(
  common: Common,
  { section, status, code }: { readonly section: string; readonly status: number; readonly code: string },
): Scenario {
  return differsHere({
    ...common,
    theirs: all(hasStatus(status), isProblem, contains(section), common.theirs),
    ours: ownProblem(status, code),
    difference: {
      theirs: `${status}, with a problem that names ${section.replace("-", " ")} of the draft`,
      ours: `${status}, with the code \`${code}\` and a type on the host itself`,
      why: "A type leads to the host's published policy (6.3.2).",
    },
  });
}

/** They also refuse the same content under another key. */
export function differsInKey(common: Omit<Common, "play">): Scenario {
  return differsHere({
    ...common,
    play: otherKey,
    theirs: all(hasStatus(409), common.theirs),
    ours: all(hasStatus(200), hasOrders(2)),
    difference: {
      theirs: "409",
      ours: "It runs: two orders",
      why: "The key names the operation (3.7.1). The draft's 2.2 forbids other content under one key, not the same content under two: a customer may buy the same twice.",
    },
  });
}
