// The scenarios of idempot's feature file that look into the store.

import assert from "node:assert/strict";
import { type Answer } from "../conformance/client.ts";
import { expectStatus } from "../conformance/expect.ts";
import { contains, hasOrders, hasStatus, IDEMPOT, makesOrder, once, sameHere } from "./idempot-steps.ts";
import { type Place, same, type Scenario } from "./scenario.ts";
import { at, json, type Members } from "./seen.ts";
import { type Stage } from "./stage.ts";

const place = (line: number): Place => ({ source: IDEMPOT, line });

type Stored = {
  readonly answer: Answer;
  /** What the operator API shows after each request. */
  readonly records: readonly Members[];
  /** The last one with its body. */
  readonly body: string;
};

/** Sends one request `times`, and looks at its record after each. */
async function recorded(stage: Stage, times: number, method = "POST"): Promise<Stored> {
  const { fresh, key, send, origin, operator } = stage;
  const path = fresh("/api");
  origin.on(path, makesOrder);
  const ask = { method, key: key(), json: '{"foo":"bar"}' };
  const records: Members[] = [];
  let answer: Answer | undefined;
  for (let time = 0; time < times; time += 1) {
    answer = await send(path, ask);
    const found = await operator("POST", "/records/find", { operation: `${method} ${path}`, key: ask.key });
    expectStatus(found, 200);
    records.push(json(found));
  }
  assert.ok(answer !== undefined);
  const shown = await operator("GET", `/records/${String(records.at(-1)?.["id"])}?body=1`);
  expectStatus(shown, 200);
  const body = Buffer.from(String(at(json(shown), "answer", "body_base64")), "base64").toString();
  return { answer, records, body };
}

export const recordScenarios: Readonly<Record<"first" | "retry" | "patch", readonly Scenario[]>> = {
  first: [
    same({
      title: "The first request leaves a completed record",
      place: place(119),
      play: (stage) => recorded(stage, 1),
      theirs: ({ records }) => assert.equal(records[0]?.["state"], "completed"),
    }),
    same({
      title: "The record has the status of the response",
      place: place(125),
      play: (stage) => recorded(stage, 1),
      theirs: ({ records }) => assert.equal(at(records[0], "answer", "status"), 200),
    }),
    same({
      title: "The record has the body of the response",
      place: place(130),
      play: (stage) => recorded(stage, 1),
      theirs: ({ answer, body }) => {
        assert.match(body, /success/);
        assert.equal(body, answer.body.toString());
      },
    }),
    sameHere({ line: 135, title: "The first request makes one order", play: once({}), theirs: hasOrders(1) }),
    sameHere({
      line: 140,
      title: "The first request gets the response",
      play: once({}),
      theirs: (seen) => {
        hasStatus(200)(seen);
        contains("success")(seen);
      },
    }),
  ],
  retry: [
    same({
      title: "A retry makes no second record",
      place: place(161),
      play: (stage) => recorded(stage, 2),
      theirs: ({ records: [before, after] }) => {
        assert.equal(after?.["id"], before?.["id"]);
        assert.equal(after?.["attempt"], 1);
      },
    }),
  ],
  patch: [
    same({
      title: "PATCH is protected",
      place: place(387),
      play: (stage) => recorded(stage, 1, "PATCH"),
      theirs: ({ answer, records }) => {
        expectStatus(answer, 200);
        assert.equal(records[0]?.["state"], "completed");
      },
    }),
  ],
};
