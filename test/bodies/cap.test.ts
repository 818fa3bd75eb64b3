import { describe, expect, test } from "vitest";
import { noise } from "./contents.ts";
import { type Operation, markOf, nameOf, setUpRig } from "./rig.ts";
import { BINARY, start } from "./running.ts";
import { end, write } from "./stage.ts";

const CAP = 300_000;

const rig = setUpRig({
  "plain.test": { max_response_bytes: CAP },
  "stream.test": { stream: true, max_response_bytes: CAP },
  "small.test": { stream: true, max_response_bytes: 1000 },
});

async function expectTombstone(operation: Operation): Promise<void> {
  expect(nameOf(await operation.ask())).toBe("409 replay_unavailable");
  expect(nameOf(await operation.ask({ json: '{"amount":2}' }))).toBe("422 key_reused");
  expect(operation.executions).toBe(1);
}

describe.each(["plain.test", "stream.test"])("5.6: at %s an answer", (host) => {
  test("of exactly max_response_bytes is kept", async () => {
    const body = noise(CAP);
    const { operation, first, response } = await start(rig, host, BINARY);
    await write(response, body);
    await end(response);
    const answers = [await first.answer(), await operation.ask()];
    expect(answers.map(markOf)).toEqual(["executed", "replayed"]);
    for (const answer of answers) expect([answer.complete, answer.body.equals(body)]).toEqual([true, true]);
  });

  test.each([CAP + 1, 10 * CAP])("of %s bytes reaches the first client whole, and is not kept", async (bytes) => {
    const body = noise(bytes);
    const { operation, first, response } = await start(rig, host, BINARY);
    await write(response, body);
    await end(response);
    const answer = await first.answer();
    expect([markOf(answer), answer.complete, answer.body.length]).toEqual(["executed", true, bytes]);
    expect(answer.body.equals(body)).toBe(true);
    await expectTombstone(operation);
  });

  test("is known to have run as soon as a byte past max_response_bytes is seen, should the process die then", async () => {
    const body = noise(2 * CAP);
    const { operation, first, response } = await start(rig, host, BINARY);
    await write(response, body);
    await first.until(CAP + 1);
    await rig.gateway.restart();
    const answer = await first.answer();
    expect(answer.complete).toBe(false);
    expect(answer.body.equals(body.subarray(0, answer.body.length))).toBe(true);
    await expectTombstone(operation);
  });

  test("that breaks off past max_response_bytes is cut for the first client, and known to have run", async () => {
    const body = noise(2 * CAP);
    const { operation, first, response } = await start(rig, host, BINARY);
    await write(response, body);
    await first.until(CAP + 1);
    response.socket?.destroy();
    const answer = await first.answer();
    expect(answer.complete).toBe(false);
    expect(answer.body.equals(body.subarray(0, answer.body.length))).toBe(true);
    await expectTombstone(operation);
  });

  test("that its first client leaves past max_response_bytes is known to have run", async () => {
    const { operation, first, response } = await start(rig, host, BINARY);
    await write(response, noise(CAP + 1));
    await first.until(CAP + 1);
    first.leave();
    await expectTombstone(operation);
    response.destroy();
  });
});

describe.each([
  ["stream.test", CAP],
  ["small.test", 1000],
])("5.6: at %s, past max_response_bytes of %s,", (host, cap) => {
  test("those who joined are cut, and the first client gets the rest", async () => {
    const body = noise(2 * cap);
    const { operation, first, response } = await start(rig, host, BINARY);
    await write(response, body.subarray(0, cap - 1));
    await first.until(cap - 1);
    const joined = operation.reader();
    await joined.until(cap - 1);
    expect(markOf(await joined.head)).toBe("joined");
    await write(response, body.subarray(cap - 1));
    const cut = await joined.answer();
    expect(cut.complete).toBe(false);
    expect(cut.body.length).toBeLessThanOrEqual(cap);
    expect(cut.body.equals(body.subarray(0, cut.body.length))).toBe(true);
    // The stream still runs for the first client, and is nothing for others.
    await first.until(cap + 1);
    expect(nameOf(await operation.ask({ headers: [["prefer", "wait=0"]] }))).toBe("409 replay_unavailable");
    await end(response);
    const answer = await first.answer();
    expect([answer.complete, answer.body.length]).toEqual([true, 2 * cap]);
    expect(answer.body.equals(body)).toBe(true);
    await expectTombstone(operation);
  });
});
