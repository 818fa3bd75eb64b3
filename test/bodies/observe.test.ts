import { randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { bounded } from "../conformance/bounded.ts";
import { type Answer, type Ask, type Exchange, header, lines, open } from "../conformance/client.ts";
import { type OriginAnswer, type Received } from "../conformance/origin.ts";
import { connectRaw } from "../conformance/raw-client.ts";
import { noise } from "./contents.ts";
import { setUpRig } from "./rig.ts";
import { end, sendHead, stage, takeSocket, whenEntered, write } from "./stage.ts";

/** One host, so that all that differs is the mode. */
const rig = setUpRig({
  "api.test": {
    mode: "observe",
    max_request_bytes: 100_000,
    routes: [
      { match: "POST /off/*", key: "off" },
      { match: "POST /mode-off/*", mode: "off" },
    ],
  },
});

const WAYS = ["off", "mode-off", "observe"] as const;
let paths = 0;

function ask(path: string, change: Partial<Ask> = {}): Exchange {
  return open(rig.gateway.url, path, { host: "api.test", key: randomUUID(), ...change });
}

/** The same exchange in each way: what the origin saw, and what the client did. */
async function inEachWay(
  answer: OriginAnswer,
  exchange: (path: string) => Promise<Answer>,
): Promise<{ received: Received; answer: Answer }[]> {
  const all = [];
  const name = paths++;
  for (const way of WAYS) {
    const path = `/${way}/${name}`;
    rig.origin.on(path, answer);
    const answered = await exchange(path);
    const [received] = rig.origin.requests(path);
    if (received === undefined) throw new Error(`nothing arrived by ${path}`);
    all.push({ received, answer: answered });
  }
  return all;
}

function withoutDate(message: { readonly headers: Answer["headers"] }): Answer["headers"] {
  return message.headers.filter(([name]) => name.toLowerCase() !== "date");
}

async function expectEqual(all: readonly { received: Received; answer: Answer }[], body: Uint8Array): Promise<void> {
  const [plain] = all;
  const key = ({ headers }: Received): string[] =>
    headers.map(([name, value]) => (name.toLowerCase() === "idempotency-key" ? name : `${name}: ${value}`));
  for (const { received, answer } of all) {
    expect(Buffer.from(body).equals(await received.whole)).toBe(true);
    expect(plain && key(received)).toEqual(plain && key(plain.received));
    expect([answer.status, withoutDate(answer)]).toEqual([plain?.answer.status, plain && withoutDate(plain.answer)]);
    expect(plain?.answer.body.equals(answer.body)).toBe(true);
    expect(answer.complete).toBe(plain?.answer.complete);
    expect(lines(answer, "idempotency-status")).toEqual([]);
    expect(lines(answer, "idempotency-key")).toEqual([]);
  }
}

const OCTETS = [
  ["content-type", "application/octet-stream"],
  ["accept-encoding", "gzip, br"],
] as const;

describe("3.12 an observed request is, for origin and client, one that passes through", () => {
  // Within max_request_bytes, at it, and far beyond.
  test.each([0, 1, 99_999, 100_000, 100_001, 5_000_000])(
    "with a body of %s bytes, with its length and in chunks",
    async (bytes) => {
      const body = noise(bytes, bytes);
      const echo: OriginAnswer = async ({ received, response }) => {
        response.writeHead(201, { "content-type": "application/octet-stream", "x-app": "1" }).end(await received.whole);
      };
      const sized = await inEachWay(echo, (path) => ask(path, { body, headers: OCTETS }).answer);
      await expectEqual(sized, body);
      for (const { received } of sized) {
        expect(header(received, "content-length")).toBe(String(bytes));
        expect(header(received, "accept-encoding")).toBe("gzip, br");
      }
      const chunked = await inEachWay(echo, (path) => {
        const exchange = ask(path, { streamed: true, headers: OCTETS });
        exchange.request.end(body);
        return exchange.answer;
      });
      await expectEqual(chunked, body);
    },
  );

  test("with a coded answer, which stays coded as it was", async () => {
    const coded = gzipSync(noise(50_000, 1), { level: 1 });
    const all = await inEachWay(
      async ({ received, response }) => {
        await received.whole;
        response.writeHead(200, { "content-encoding": "gzip", etag: '"a"', "set-cookie": ["a=1", "b=2"] }).end(coded);
      },
      (path) => ask(path, { headers: OCTETS }).answer,
    );
    await expectEqual(all, Buffer.from('{"amount":100}'));
    for (const { answer } of all) {
      expect(answer.body.equals(coded)).toBe(true);
      expect(lines(answer, "set-cookie")).toEqual(["a=1", "b=2"]);
    }
  });

  test("with an answer that is cut", async () => {
    const all = await inEachWay(
      async ({ received, response }) => {
        await received.whole;
        response.writeHead(200, { "content-length": "100" });
        await write(response, "half");
        takeSocket(response).destroy();
      },
      (path) => ask(path).answer,
    );
    await expectEqual(all, Buffer.from('{"amount":100}'));
    for (const { answer } of all) expect([answer.body.toString(), answer.complete]).toEqual(["half", false]);
  });

  test.each(WAYS)("streaming both ways (%s)", async (way) => {
    const path = `/${way}/${paths++}`;
    const staged = stage();
    rig.origin.on(path, staged.answer);
    const exchange = ask(path, { streamed: true });
    exchange.request.write("first");
    const received = await rig.origin.arrived(path);
    expect((await received.firstChunk).toString()).toBe("first");
    exchange.request.end("last");
    const response = await whenEntered(staged.entered, exchange);
    sendHead(response, {});
    expect((await exchange.head).status).toBe(201);
    await write(response, "one");
    expect((await exchange.firstChunk).toString()).toBe("one");
    await end(response);
    expect((await exchange.answer).body.toString()).toBe("one");
    expect((await received.whole).toString()).toBe("firstlast");
  });

  test.each(WAYS)("cutting the origin off when its client leaves while it works (%s)", async (way) => {
    const path = `/${way}/${paths++}`;
    const staged = stage();
    rig.origin.on(path, staged.answer);
    const exchange = ask(path);
    exchange.answer.catch(() => undefined);
    exchange.head.catch(() => undefined);
    exchange.firstChunk.catch(() => undefined);
    await staged.entered;
    const [received] = rig.origin.requests(path);
    exchange.hangUp();
    await bounded(received?.gone ?? Promise.reject(new Error("nothing arrived")), 60_000, "the origin to be cut off");
  });

  test.each(WAYS)("cutting the origin off when its client leaves in the middle of an answer (%s)", async (way) => {
    const path = `/${way}/${paths++}`;
    const staged = stage();
    rig.origin.on(path, staged.answer);
    const exchange = ask(path);
    exchange.answer.catch(() => undefined);
    const response = await whenEntered(staged.entered, exchange);
    sendHead(response, {});
    await write(response, "one");
    await exchange.firstChunk;
    const [received] = rig.origin.requests(path);
    exchange.hangUp();
    const more = setInterval(() => response.write("more"), 20);
    await bounded(received?.gone ?? Promise.reject(new Error("nothing arrived")), 60_000, "the origin to be cut off");
    clearInterval(more);
  });

  test.each(WAYS)("cutting the origin off when the upload breaks (%s)", async (way) => {
    const path = `/${way}/${paths++}`;
    rig.origin.on(path, stage().answer);
    const connection = await connectRaw(rig.gateway.url);
    const fields = ["host: api.test", "authorization: x", `idempotency-key: ${randomUUID()}`, "content-length: 1000"];
    await connection.write(`POST ${path} HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\nhalf`);
    const received = await rig.origin.arrived(path);
    await received.firstChunk;
    connection.reset();
    await bounded(received.gone, 60_000, "the origin to be cut off");
  });
});
