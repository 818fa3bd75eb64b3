import { describe, expect, test } from "vitest";
import { type Answer } from "../conformance/client.ts";
import { noise } from "./contents.ts";
import { type Reader } from "./reader.ts";
import { type Operation, markOf, nameOf, setUpRig } from "./rig.ts";
import { BINARY, type Running, pass, start } from "./running.ts";
import { end, sendHead, stage, whenEntered, write } from "./stage.ts";

const rig = setUpRig({
  "plain.test": { max_response_bytes: 100_000_000 },
  "stream.test": { stream: true, max_response_bytes: 100_000_000 },
  "idle.test": { idle_timeout: "3s" },
  // Long enough for a busy machine to read some megabytes before it.
  "deadline.test": { origin_timeout: "6s", origin_deadline: "6s" },
  "retry.test": { on_unknown: "retry" },
});

const PIECE = "data: 1\n\n";

type Break = readonly [how: string, host: string, act: (running: Running) => void | Promise<void>];

/** How a stream can end that does not come to its proper end. Their tests wait side by side. */
const BREAKS: readonly Break[] = [
  ["is reset by its origin", "plain.test", ({ response }) => void response.socket?.resetAndDestroy()],
  ["is closed by its origin", "plain.test", ({ response }) => void response.socket?.destroy()],
  ["is half-closed by its origin", "plain.test", ({ response }) => void response.socket?.end()],
  ["is silent for idle_timeout", "idle.test", () => undefined],
  ["is not at its end at origin_deadline", "deadline.test", () => undefined],
];

/** It ends all streams of the gateway, so its tests run alone. */
const LOSS: readonly Break[] = [["loses the process", "plain.test", () => rig.gateway.restart()]];

/** All of it is what was sent, none of it says that it is all. */
function expectCut({ complete, body }: Answer, sent: Buffer | string): void {
  expect(complete).toBe(false);
  expect(body.equals(Buffer.from(sent).subarray(0, body.length))).toBe(true);
}

async function expectUnknown(operation: Operation): Promise<void> {
  expect(nameOf(await operation.ask())).toBe("409 outcome_unknown");
  expect(nameOf(await operation.ask({ json: '{"amount":2}' }))).toBe("422 key_reused");
  expect(nameOf(await operation.ask())).toBe("409 outcome_unknown");
  expect(operation.executions).toBe(1);
}

/** What the first client got; null where the connection broke before the head. */
function cutOf(reader: Reader): Promise<Answer | null> {
  return reader.answer().catch(() => null);
}

async function cutForAll(_: string, host: string, act: Break[2]): Promise<void> {
  const running = await start(rig, host);
  const { operation, first, response } = running;
  await pass(response, first, PIECE);
  const second = operation.reader();
  expect(markOf(await second.head)).toBe("joined");
  await second.until(PIECE.length);
  await act(running);
  for (const reader of [first, second]) {
    const answer = await reader.answer();
    expectCut(answer, PIECE);
    // What was passed on before was the origin's, to the last byte.
    expect(answer.body.toString()).toBe(PIECE);
  }
  await expectUnknown(operation);
}

async function cutBeforeBody(_: string, host: string, act: Break[2]): Promise<void> {
  const running = await start(rig, host);
  await running.first.head;
  await act(running);
  const answer = await running.first.answer();
  expect([answer.complete, answer.body.length]).toEqual([false, 0]);
  await expectUnknown(running.operation);
}

async function cutBehindMegabytes(_: string, host: string, act: Break[2]): Promise<void> {
  const body = noise(3_000_000);
  const running = await start(rig, host, { "content-type": "text/event-stream" });
  const { operation, first, response } = running;
  await write(response, body.subarray(0, 1000));
  await first.until(1000);
  // Reads along before the rest comes: what breaks by itself may break before a slow machine has read it.
  const second = operation.reader();
  await second.until(1000);
  await write(response, body.subarray(1000));
  await first.until(1_000_000);
  await act(running);
  for (const reader of [first, second]) expectCut(await reader.answer(), body);
  await expectUnknown(operation);
}

async function cutWithLength(_: string, host: string, act: Break[2]): Promise<void> {
  const running = await start(rig, host, { "content-type": "text/event-stream", "content-length": "20" });
  await write(running.response, PIECE);
  await running.first.until(PIECE.length);
  await act(running);
  const answer = await running.first.answer();
  expect([answer.complete, answer.body.toString()]).toEqual([false, PIECE]);
  await expectUnknown(running.operation);
}

async function neverSeen(how: string, host: string, act: Break[2]): Promise<void> {
  const body = noise(1_000_000);
  const running = await start(rig, host, BINARY);
  const joined = running.operation.reader();
  await write(running.response, body);
  if (host === "plain.test") await running.operation.settled();
  await act(running);
  for (const reader of [running.first, joined]) {
    const answer = await cutOf(reader);
    if (how === "loses the process") expect(answer).toBeNull();
    else expect(answer === null ? null : nameOf(answer)).toMatch(/^502 origin_unreachable|504 origin_timeout$/);
  }
  await expectUnknown(running.operation);
}

type Check = (how: string, host: string, act: Break[2]) => Promise<void>;

/** What must hold of each break, by what came before it. */
const CHECKS: readonly (readonly [name: string, check: Check])[] = [
  ["a stream that % is cut for all its readers, and never replayed as if it were whole", cutForAll],
  ["a stream that % before anything of its body has come is cut as well", cutBeforeBody],
  ["a stream that % behind 3 MB is cut as well, whatever of it was passed on", cutBehindMegabytes],
  ["a stream that % with a Content-Length has fewer bytes than that", cutWithLength],
  ["an answer that is kept before it is passed on and % is never seen, and its outcome unknown", neverSeen],
];

const checksOf = (breaks: readonly Break[]): readonly (readonly [string, () => Promise<void>])[] =>
  CHECKS.flatMap(([name, check]) =>
    breaks.map(([how, host, act]) => [name.replace("%", how), () => check(how, host, act)] as const),
  );

describe("P6", () => {
  test.concurrent.each(checksOf(BREAKS))("%s", (_, check) => check());
  test.each(checksOf(LOSS))("%s", (_, check) => check());
});

describe("P6: a stream that", () => {
  test("is cut while nobody reads it is as unknown", async () => {
    const { operation, first, response } = await start(rig, "plain.test");
    await pass(response, first, PIECE);
    first.leave();
    response.socket?.destroy();
    const retry = operation.reader();
    const answer = await retry.answer();
    // Either it came before the gateway noticed, or it was refused.
    if (markOf(answer) === "joined") expectCut(answer, PIECE);
    else expect(nameOf(answer)).toBe("409 outcome_unknown");
    await expectUnknown(operation);
  });

  test('is cut runs again with on_unknown = "retry", and the first part is never mixed with the second answer', async () => {
    const stages = [stage(), stage()];
    const operation = rig.operation({ host: "retry.test" }, ...stages.map(({ answer }) => answer));
    const [one, two] = stages;
    if (one === undefined || two === undefined) throw new Error("there are two");
    const first = operation.reader();
    const response = await whenEntered(one.entered, first);
    sendHead(response, { "content-type": "text/event-stream" });
    await pass(response, first, "data: of the first\n\n");
    response.socket?.destroy();
    expectCut(await first.answer(), "data: of the first\n\n");

    const second = operation.reader();
    const again = await whenEntered(two.entered, second);
    sendHead(again, { "content-type": "text/event-stream" });
    await pass(again, second, "data: of the second\n\n");
    const third = operation.reader();
    expect(markOf(await third.head)).toBe("joined");
    await end(again);
    const answers = [await second.answer(), await third.answer(), await operation.ask()];
    expect(answers.map(markOf)).toEqual(["executed", "joined", "replayed"]);
    for (const { complete, body } of answers) {
      expect([complete, body.toString()]).toEqual([true, "data: of the second\n\n"]);
    }
    expect(operation.executions).toBe(2);
  });
});

describe("idle_timeout", () => {
  test("counts from the last byte, so a slow stream that goes on is not broken", async () => {
    const { operation, first, response } = await start(rig, "idle.test");
    // In all longer than idle_timeout, which no pause is.
    for (let nth = 0; nth < 10; nth++) {
      await pass(response, first, PIECE);
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    await end(response);
    const answer = await first.answer();
    expect([answer.complete, answer.body.toString()]).toEqual([true, PIECE.repeat(10)]);
    expect(markOf(await operation.ask())).toBe("replayed");
  });
});
