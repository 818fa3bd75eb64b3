import { describe, expect, test } from "vitest";
import { type Answer } from "../conformance/client.ts";
import { noise } from "./contents.ts";
import { markOf, nameOf, setUpRig } from "./rig.ts";
import { stage, takeSocket, whenEntered, write } from "./stage.ts";

const rig = setUpRig({
  "plain.test": {},
  "stream.test": { stream: true },
});

const HEAD = "HTTP/1.1 201 Created\r\ncontent-type: application/octet-stream\r\n";
/** In one row, and in rows of its own. */
const SIZES = [100, 300_000];
const MODES = ["plain.test", "stream.test"];

describe.each(MODES)("5.2.2: at %s an origin that promises more than it sends", (host) => {
  test.each(SIZES)(
    "leaves the outcome unknown, though %s bytes came, and nobody takes them for the whole",
    async (bytes) => {
      const { answer, entered } = stage();
      const operation = rig.operation({ host }, answer);
      const first = operation.open();
      const socket = takeSocket(await whenEntered(entered, first));
      const joined = operation.open();
      await joined.written;
      await operation.settled();
      const body = noise(bytes);
      await write(socket, `${HEAD}content-length: ${bytes + 1}\r\n\r\n`);
      await write(socket, body);
      socket.end();

      for (const { answer } of [first, joined]) {
        const received = await answer;
        if (host === "plain.test") expect(nameOf(received)).toBe("502 origin_unreachable");
        else expectCut(received, body);
      }
      expect(nameOf(await operation.ask())).toBe("409 outcome_unknown");
      expect(nameOf(await operation.ask({ json: '{"amount":2}' }))).toBe("422 key_reused");
      expect(operation.executions).toBe(1);
    },
  );
});

describe.each(MODES)("P2: at %s an origin that sends more than it promises", (host) => {
  test.each(SIZES)("has answered with the %s bytes of its promise, for all alike", async (bytes) => {
    const { answer, entered } = stage();
    const operation = rig.operation({ host }, answer);
    const first = operation.open();
    const socket = takeSocket(await whenEntered(entered, first));
    const body = noise(bytes);
    await write(socket, `${HEAD}content-length: ${bytes}\r\n\r\n`);
    await write(socket, Buffer.concat([body, Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nstray")]));

    const answers = [await first.answer, await operation.ask()];
    expect(answers.map(markOf)).toEqual(["executed", "replayed"]);
    for (const received of answers) {
      expect([received.status, received.complete, received.body.length]).toEqual([201, true, bytes]);
      expect(received.body.equals(body)).toBe(true);
    }
    // The stray bytes are nobody's answer.
    const next = rig.operation({ host }, ({ response }) => void response.end("its own"));
    expect((await next.ask()).body.toString()).toBe("its own");
    expect([operation.executions, next.executions]).toEqual([1, 1]);
  });
});

/** What has come is the beginning of what was sent, and the connection shows that it is not the whole. */
function expectCut({ complete, body }: Answer, sent: Buffer): void {
  expect(complete).toBe(false);
  expect(body.equals(sent.subarray(0, body.length))).toBe(true);
}
