/** What clients can make the gateway hold by responses that they do not read. */

import { type ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { type RawConnection, connectRaw } from "../conformance/raw-client.ts";
import { noise } from "./contents.ts";
import { type Reader } from "./reader.ts";
import { markOf, nameOf, setUpRig } from "./rig.ts";
import { BINARY, start } from "./running.ts";
import { end, sendHead, stage, whenEntered, write } from "./stage.ts";

const IDLE_MS = 2000;
const CAP = 300_000;

const rig = setUpRig({
  "plain.test": { stream: true },
  "idle.test": { stream: true, idle_timeout: `${IDLE_MS}ms`, max_response_bytes: 50_000_000 },
  "cap.test": { max_response_bytes: CAP },
  "unknown.test": {},
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Larger than all that the sockets between gateway and client hold. */
const LARGE = noise(20_000_000);

/** Resolves when the gateway has given the origin's connection up. */
function givenUp(response: ServerResponse): Promise<number> {
  const startedMs = performance.now();
  return new Promise((resolve) => response.once("close", () => resolve(performance.now() - startedMs)));
}

describe("at most 1,000 readers of one record", () => {
  const ask = async (path: string, key: string): Promise<RawConnection> => {
    const connection = await connectRaw(rig.gateway.url);
    const fields = [
      "host: plain.test",
      "authorization: Bearer conformance",
      `idempotency-key: ${key}`,
      "content-length: 0",
    ];
    await connection.write(`POST ${path} HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`);
    // What is not taken from the socket stays at the gateway.
    await connection.until("\r\n\r\n", 60_000);
    connection.socket.pause();
    return connection;
  };

  test("replay it; another is refused, and served when one has left", { timeout: 180_000 }, async () => {
    const body = noise(2_000_000);
    const operation = rig.operation({ host: "plain.test", body: "" }, ({ response }) => {
      response.writeHead(201, BINARY).end(body);
    });
    expect(markOf(await operation.ask({ body: "" }))).toBe("executed");
    const connections: RawConnection[] = [];
    for (let nth = 0; nth < 1000; nth += 50) {
      connections.push(...(await Promise.all(Array.from({ length: 50 }, () => ask(operation.path, operation.key)))));
    }
    expect(connections.map((one) => one.received().toString("latin1", 9, 12))).toEqual(connections.map(() => "201"));
    expect(nameOf(await operation.ask({ body: "" }))).toBe("503 unavailable");
    for (const connection of connections) connection.reset();
    await expect.poll(async () => nameOf(await operation.ask({ body: "" })), { timeout: 30_000 }).toBe("replayed");
    expect(operation.executions).toBe(1);
  });
});

describe("a reader that hangs up while nothing arrives", () => {
  test("gives its place back", { timeout: 120_000 }, async () => {
    const { operation, first, response } = await start(rig, "plain.test", BINARY);
    await write(response, noise(1000));
    await first.until(1000);
    const readers: Reader[] = [];
    for (let nth = 0; nth < 999; nth += 37) {
      const some = Array.from({ length: 37 }, () => operation.reader());
      await Promise.all(some.map((reader) => reader.until(1000)));
      readers.push(...some);
    }
    const impatient = { headers: [["prefer", "wait=0"]] } as const;
    expect(nameOf(await operation.ask(impatient))).toBe("409 in_flight");
    for (const reader of readers) reader.leave();
    await pause(2000);
    const again = operation.reader();
    await again.until(1000);
    expect(markOf(await again.head)).toBe("joined");
    await end(response);
    for (const reader of [first, again]) expect((await reader.answer()).complete).toBe(true);
  });
});

// These wait side by side.
describe.concurrent("a reader that takes nothing for idle_timeout", () => {
  test.each(["replay", "stream"])("is cut: of a %s", { timeout: 60_000 }, async (what) => {
    const { operation, first, response } = await start(rig, "idle.test", BINARY);
    await write(response, LARGE.subarray(0, 1000));
    await first.until(1000);
    const joined = what === "stream" ? operation.reader() : null;
    await joined?.until(1000);
    await write(response, LARGE.subarray(1000));
    await end(response);
    await first.answer();
    const stalled: Reader = joined ?? operation.reader();
    await stalled.until(1);
    await pause(IDLE_MS + 1500);
    const cut = await stalled.answer();
    expect(cut.complete).toBe(false);
    expect(cut.body.equals(LARGE.subarray(0, cut.body.length))).toBe(true);
    // Who reads gets it as before.
    const answer = await operation.ask();
    expect([markOf(answer), answer.body.length]).toEqual(["replayed", LARGE.length]);
  });
});

describe.concurrent("an origin's body that is neither recorded nor read is given up", () => {
  test("after 1 MB, past max_response_bytes, where the client has left", async () => {
    const { operation, first, response } = await start(rig, "cap.test", BINARY);
    await write(response, noise(CAP + 1));
    await first.until(CAP + 1);
    const over = givenUp(response);
    first.leave();
    const sending = setInterval(() => response.write(noise(100_000)), 20);
    await over;
    clearInterval(sending);
    expect(nameOf(await operation.ask())).toBe("409 replay_unavailable");
  });

  test.each(["past max_response_bytes", "of a response that is not kept"])(
    "after 10 s, %s, where the client has left",
    { timeout: 60_000 },
    async (which) => {
      const isKept = which === "past max_response_bytes";
      const { answer, entered } = stage();
      const operation = rig.operation({ host: isKept ? "cap.test" : "unknown.test" }, answer);
      const first = operation.reader();
      const response = await whenEntered(entered, first);
      if (isKept) sendHead(response, BINARY);
      else response.writeHead(502, BINARY).flushHeaders();
      await write(response, noise(CAP + 1));
      await first.until(CAP + 1);
      const over = givenUp(response);
      first.leave();
      expect(await over).toBeGreaterThan(9000);
    },
  );

  test("but a recording never is, whichever reader has left", { timeout: 60_000 }, async ({ expect }) => {
    const { operation, first, response } = await start(rig, "plain.test", BINARY);
    await write(response, noise(1000));
    await first.until(1000);
    first.leave();
    for (let nth = 0; nth < 12; nth++) {
      await pause(1000);
      await write(response, noise(200_000));
    }
    await end(response);
    await expect.poll(async () => markOf(await operation.ask()), { timeout: 10_000 }).toBe("replayed");
  });
});
