import { type ClientRequest } from "node:http";
import { describe, expect, test } from "vitest";
import { type Ask, type Exchange, header } from "../conformance/client.ts";
import { type OriginAnswer } from "../conformance/origin.ts";
import { connectRaw } from "../conformance/raw-client.ts";
import { cut, noise } from "./contents.ts";
import { type Operation, markOf, nameOf, setUpRig } from "./rig.ts";

const LARGEST = 25_000_000;

const rig = setUpRig({
  "plain.test": {},
  "large.test": { max_request_bytes: LARGEST },
  "bytes.test": { max_request_bytes: LARGEST, fingerprint: "bytes" },
});

const OCTETS = [["content-type", "application/octet-stream"]] as const;
const JSON_TYPE = [["content-type", "application/json"]] as const;

/** The size up to which a body travels to the key object as it is, and beyond which as a stream. */
const PIECE = 65_536;
const SIZES = [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 262_145, 1_000_000, 10_000_000, LARGEST];

const readsAll: OriginAnswer = async ({ received, response }) => {
  const body = await received.whole;
  response.writeHead(201).end(`${body.length} bytes`);
};

/** Sends a body in chunks, cut at odd places. */
async function sendChunked(operation: Operation, body: Buffer, ask: Partial<Ask> = {}): Promise<Exchange> {
  const exchange = operation.open({ streamed: true, ...ask });
  await writeAll(exchange.request, cut(body));
  return exchange;
}

async function writeAll(request: ClientRequest, pieces: readonly Buffer[]): Promise<void> {
  // A gateway that has read enough may close before it has all.
  request.on("error", () => undefined);
  for (const piece of pieces) await new Promise<void>((resolve) => request.write(piece, () => resolve()));
  request.end();
}

function flipped(body: Buffer, at: number): Buffer {
  const other = Buffer.from(body);
  other[at] = (other[at] ?? 0) ^ 1;
  return other;
}

describe("P2: a request's body", () => {
  test.each(SIZES)("of %s bytes arrives at the origin exactly, with a Content-Length and in chunks", async (bytes) => {
    const body = noise(bytes, bytes);
    for (const way of ["length", "chunks"]) {
      const operation = rig.operation({ host: "large.test", headers: OCTETS }, readsAll);
      const exchange = way === "length" ? operation.open({ body }) : await sendChunked(operation, body);
      const answer = await exchange.answer;
      expect([markOf(answer), answer.body.toString()]).toEqual(["executed", `${bytes} bytes`]);
      const [received] = rig.origin.requests(operation.path);
      const arrived = await received?.whole;
      expect(arrived?.length).toBe(bytes);
      expect(arrived?.equals(body)).toBe(true);
      if (received !== undefined) expect(header(received, "content-type")).toBe("application/octet-stream");
    }
  });

  test.each([PIECE - 1, PIECE, PIECE + 1, 1_000_000])(
    "of %s bytes is the same request in whatever chunks it comes, also while the original runs",
    async (bytes) => {
      const body = noise(bytes, bytes);
      const release = Promise.withResolvers<void>();
      const operation = rig.operation({ host: "large.test", headers: OCTETS }, async (exchange) => {
        await release.promise;
        await readsAll(exchange);
      });
      const first = operation.open({ body });
      await operation.arrived();
      const joined = await sendChunked(operation, body);
      const probe = await sendChunked(operation, body, { headers: [...OCTETS, ["prefer", "wait=0"]] });
      expect(nameOf(await probe.answer)).toBe("409 in_flight");
      release.resolve();
      const retry = async () => (await sendChunked(operation, body)).answer;
      const answers = [await first.answer, await joined.answer, await retry(), await operation.ask({ body })];
      expect(answers.map(markOf)).toEqual(["executed", "joined", "replayed", "replayed"]);
      for (const answer of answers) expect(answer.body.toString()).toBe(`${bytes} bytes`);
      expect(operation.executions).toBe(1);
    },
  );

  describe.each(["large.test", "bytes.test"])("at %s", (host) => {
    test.each([1, PIECE, PIECE + 1, 1_000_000])(
      "of %s bytes with one bit flipped is another request: at the start, in the middle, at the end",
      async (bytes) => {
        const body = noise(bytes, bytes);
        const operation = rig.operation({ host, headers: OCTETS }, readsAll);
        expect(markOf(await operation.ask({ body }))).toBe("executed");
        for (const at of [0, Math.floor(bytes / 2), bytes - 1]) {
          expect(nameOf(await operation.ask({ body: flipped(body, at) }))).toBe("422 key_reused");
        }
        expect(nameOf(await operation.ask({ body: body.subarray(0, -1) }))).toBe("422 key_reused");
        expect(nameOf(await operation.ask({ body: Buffer.concat([body, Buffer.alloc(1)]) }))).toBe("422 key_reused");
        expect(markOf(await operation.ask({ body }))).toBe("replayed");
        expect(operation.executions).toBe(1);
      },
    );
  });

  test("of JSON above 64 KiB is still compared by meaning", async () => {
    const padding = "x".repeat(100_000);
    const operation = rig.operation({ host: "large.test", headers: JSON_TYPE }, readsAll);
    const body = `{"amount":1,"padding":"${padding}"}`;
    expect(markOf(await operation.ask({ body }))).toBe("executed");
    expect(markOf(await operation.ask({ body: `{ "padding": "${padding}", "amount": 1.0 }` }))).toBe("replayed");
    expect(nameOf(await operation.ask({ body: `{"amount":2,"padding":"${padding}"}` }))).toBe("422 key_reused");
    expect(operation.executions).toBe(1);
  });
});

describe("3.6.1: a request's body beyond max_request_bytes", () => {
  const CAPS = [
    ["plain.test", 1_000_000],
    ["large.test", LARGEST],
  ] as const;

  test.each(CAPS)(
    "at %s, %s, is refused by its length before it is read, and the origin hears nothing",
    async (host, cap) => {
      const operation = rig.operation({ host, headers: OCTETS }, readsAll);
      const connection = await connectRaw(rig.gateway.url);
      const fields = [
        `host: ${host}`,
        "authorization: x",
        `idempotency-key: ${operation.key}`,
        `content-length: ${cap + 1}`,
      ];
      await connection.write(`POST ${operation.path} HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`);
      const received = await connection.until('"code":"body_too_large"');
      connection.reset();
      expect(received.toString()).toMatch(/^HTTP\/1.1 413 /);
      expect(operation.executions).toBe(0);
    },
  );

  test.each(CAPS)("at %s, %s, is refused as soon as one byte too many has come", async (host, cap) => {
    const operation = rig.operation({ host, headers: OCTETS }, readsAll);
    const exchange = operation.open({ streamed: true });
    const refused = exchange.answer;
    await writeAll(exchange.request, cut(noise(cap + 1), [65_536]));
    expect(nameOf(await refused)).toBe("413 body_too_large");
    expect(operation.executions).toBe(0);
    // The key is as free as it was.
    expect(markOf(await operation.ask({ body: "small" }))).toBe("executed");
  });
});
