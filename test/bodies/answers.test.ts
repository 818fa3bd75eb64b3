import { type ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { type Answer, header } from "../conformance/client.ts";
import { CONTENTS, type Content, UNKNOWN_CODING } from "./contents.ts";
import { type Operation, markOf, setUpRig } from "./rig.ts";
import { end, stage, whenEntered, write } from "./stage.ts";

const rig = setUpRig({
  "plain.test": {},
  "stream.test": { stream: true },
});

/** How an origin says where its body ends. */
const FRAMINGS: readonly (readonly [how: string, frame: (response: ServerResponse, coded: number) => void])[] = [
  ["with a Content-Length", (response, coded) => void response.setHeader("content-length", coded)],
  ["in chunks", (response) => void response.setHeader("transfer-encoding", "chunked")],
  [
    "until it closes",
    (response) => {
      response.useChunkedEncodingByDefault = false;
      response.shouldKeepAlive = false;
    },
  ],
];

const MODES = [
  ["by default", "plain.test"],
  ["with stream = true", "stream.test"],
] as const;

const checked: { readonly operation: Operation; readonly content: Content }[] = [];

async function play({ type, pieces, sent }: Content, response: ServerResponse, frame: (typeof FRAMINGS)[0][1]) {
  const coded = pieces.reduce((sum, piece) => sum + piece.length, 0);
  response.statusCode = 201;
  response.setHeader("content-type", type);
  for (const [name, value] of Object.entries(sent)) response.setHeader(name, value);
  frame(response, coded);
  response.flushHeaders();
  for (const piece of pieces) await write(response, piece);
  await end(response);
}

/** Compared by length and digest of both first: a difference of a megabyte would not be readable. */
function expectExact(answer: Answer, { bytes, type, got }: Content): void {
  expect(answer.complete).toBe(true);
  expect(answer.status).toBe(201);
  expect(answer.body.length).toBe(bytes.length);
  expect(answer.body.equals(bytes)).toBe(true);
  expect(header(answer, "content-type")).toBe(type);
  for (const [name, value] of Object.entries(got)) expect([name, header(answer, name) ?? null]).toEqual([name, value]);
}

function isStreamed(host: string, { type }: Content): boolean {
  return host === "stream.test" || /^(text\/event-stream|application\/x-ndjson)/.test(type);
}

describe.each(MODES)("P2, 6.2.1: %s the first client, one that joins and a retry get exactly", (_, host) => {
  describe.each(FRAMINGS)("what the origin sends %s:", (_how, frame) => {
    test.each(CONTENTS)("$what", async (content) => {
      const { answer, entered } = stage();
      const operation = rig.operation({ host }, answer);
      const first = operation.open();
      const response = await whenEntered(entered, first);
      const joined = operation.open();
      await joined.written;
      await operation.settled();
      await play(content, response, frame);

      const answers = [await first.answer, await joined.answer, await operation.ask()];
      expect(answers.map(markOf)).toEqual(["executed", "joined", "replayed"]);
      for (const one of answers) expectExact(one, content);
      expect(answers.map((one) => header(one, "idempotent-replayed"))).toEqual([undefined, "true", "true"]);
      // What is kept before it is passed on has a length, also for the first client.
      const length = isStreamed(host, content) ? undefined : String(content.bytes.length);
      if (length !== undefined)
        expect(answers.map((one) => header(one, "content-length"))).toEqual([length, length, length]);
      expect(operation.executions).toBe(1);
      checked.push({ operation, content });
    });
  });
});

describe.each(MODES)("5.6: %s a response in a coding that the gateway does not know", (_, host) => {
  test.each(FRAMINGS)("reaches its first client as it is, and no other, when sent %s", async (_how, frame) => {
    const { answer, entered } = stage();
    const operation = rig.operation({ host }, answer);
    const first = operation.open();
    await play(UNKNOWN_CODING, await whenEntered(entered, first), frame);
    const executed = await first.answer;
    expect(markOf(executed)).toBe("executed");
    expectExact(executed, UNKNOWN_CODING);
    const retry = await operation.ask();
    expect([retry.status, JSON.parse(retry.body.toString()).code]).toEqual([409, "replay_unavailable"]);
    expect(operation.executions).toBe(1);
  });
});

describe("P2, P3: another process with the same storage", () => {
  test("replays all of these exactly", async () => {
    expect(checked).toHaveLength(CONTENTS.length * FRAMINGS.length * MODES.length);
    await rig.gateway.restart();
    for (const { operation, content } of checked) {
      const answer = await operation.ask();
      expect([content.what, markOf(answer)]).toEqual([content.what, "replayed"]);
      expectExact(answer, content);
      expect(operation.executions).toBe(1);
    }
  });
});
