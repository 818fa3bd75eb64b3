// P2 and section 6.2: a replay is the first answer, byte for byte and header for header.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type Check } from "../check.ts";
import { header, lines } from "../client.ts";
import { type Context } from "../context.ts";
import { expectBody, expectReplay, expectRuns, expectStatus } from "../expect.ts";
import { answers, tellsItsRun, writesRaw } from "../origin-answers.ts";
import { type OriginAnswer } from "../origin.ts";
import { splitAnswer } from "../raw-client.ts";

/** Bytes that look random and are the same in every run. */
function noise(length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, index) =>
    createHash("sha256").update(String(index)).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, index) => index));

const bodies: readonly (readonly [title: string, type: string | undefined, body: string | Uint8Array])[] = [
  ["an empty body", "text/plain", ""],
  ["an empty body without a type", undefined, ""],
  ["one byte", "text/plain", "x"],
  ["JSON with odd spacing and numbers", "application/json", '{ "a" : 1.0,\r\n"n":9007199254740993 }\n'],
  ["UTF-8", "text/plain; charset=utf-8", "naïve – 日本語 – 😀"],
  ["a byte order mark", "text/plain; charset=utf-8", "\ufeffmarked"],
  ["Latin-1", "text/plain; charset=iso-8859-1", Buffer.from("caf\xe9", "latin1")],
  ["invalid UTF-8", "text/plain; charset=utf-8", Buffer.from([0xff, 0xfe, 0xc0, 0x80])],
  ["every byte value", "application/octet-stream", everyByte],
  ["bytes without a type", undefined, everyByte],
  ["only zero bytes", "application/octet-stream", Buffer.alloc(100)],
  ["only line ends", "text/plain", "\r\n\r\n\n\n\r"],
  ["CSV", "text/csv", "a,b\r\n1,2\r\n"],
  ["HTML", "text/html", "<!doctype html><script>1 < 2</script>"],
  ["a stream of events", "text/event-stream", "data: 1\n\ndata: 2\n\n"],
  ["what looks like an HTTP answer", "message/http", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"],
  ["65,537 bytes", "application/octet-stream", noise(65_537)],
  ["900,000 bytes", "application/octet-stream", noise(900_000)],
];

const largeBody = noise(4_500_000);

const inChunks: OriginAnswer = async ({ received, response }) => {
  await received.whole;
  response.writeHead(200, { "Content-Type": "text/plain" });
  for (const chunk of ["one,", "two,", "three"]) response.write(chunk);
  response.end();
};

const withTrailers: OriginAnswer = async ({ received, response }) => {
  await received.whole;
  response.writeHead(200, { "Content-Type": "text/plain", "Transfer-Encoding": "chunked", Trailer: "X-Checksum" });
  response.write("body");
  response.addTrailers({ "X-Checksum": "abc" });
  response.end();
};

function replays(title: string, answer: OriginAnswer, body: string | Uint8Array, status = 200): Check {
  return {
    section: "6.2.1",
    title: `replays ${title}`,
    run: async ({ origin, scripted, send, key }) => {
      const [path, ask] = [scripted(answer, tellsItsRun), { key: key() }];
      const first = await send(path, ask);
      expectStatus(first, status);
      expectBody(first, body);
      expectReplay(await send(path, ask), first);
      expectRuns(origin, path, 1);
    },
  };
}

const endToEnd = {
  "Content-Type": "application/json",
  "Content-Language": "en",
  "Content-Location": "/charges/ch_1",
  "Content-Disposition": 'attachment; filename="a, b.json"',
  Location: "/charges/ch_1",
  ETag: '"v1"',
  "Last-Modified": "Tue, 24 Nov 2026 00:00:00 GMT",
  "Cache-Control": "private, max-age=60",
  Expires: "Wed, 25 Nov 2026 00:00:00 GMT",
  Date: "Tue, 24 Nov 2026 01:02:03 GMT",
  Age: "7",
  Vary: "Accept, Origin",
  Link: ['</a>; rel="next"', '</b>; rel="prev"'],
  "WWW-Authenticate": "Basic realm=x",
  "X-Request-Id": "req_1",
  "X-Empty": "",
  "Access-Control-Allow-Origin": "*",
  "Strict-Transport-Security": "max-age=1",
  "RateLimit-Remaining": "9",
  Deprecation: "@1688169599",
} as const;

const bodiless = (status: number): Check => ({
  section: "6.2.2",
  title: `gives ${status} no body, first and replayed`,
  run: async (context) => {
    const path = context.scripted(answers(status, { "X-Kept": "yes" }), tellsItsRun);
    const key = context.key();
    for (const replayed of [false, true]) {
      const { head, rest } = await rawAnswer(context, path, key);
      assert.match(head, new RegExp(`^HTTP/1.1 ${status} `, "u"));
      assert.equal(/\r\nidempotent-replayed: true\r\n/iu.test(head), replayed, head);
      assert.match(head, /\r\nx-kept: yes\r\n/iu);
      // 205 must be framed as empty, which a chunked body without a chunk does as well.
      const empty = status === 205 && /\r\ntransfer-encoding: chunked\r\n/iu.test(head) ? "0\r\n\r\n" : "";
      assert.equal(rest.toString("latin1"), empty);
    }
    expectRuns(context.origin, path, 1);
  },
});

/** One keyed request without a body, read to the end of its connection. */
async function rawAnswer({ raw, url }: Context, path: string, key: string) {
  const connection = await raw();
  await connection.write(
    `POST ${path} HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: Bearer conformance\r\n` +
      `Idempotency-Key: ${key}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  );
  return splitAnswer(await connection.closed());
}

export const replayFidelity: readonly Check[] = [
  ...bodies.map(([title, type, body]) =>
    replays(title, answers(200, type === undefined ? {} : { "Content-Type": type }, body), body),
  ),
  { ...replays("4.5 MB", answers(200, {}, largeBody), largeBody), needs: "5 MB bodies" },
  replays("a chunked body", inChunks, "one,two,three"),
  replays("a body with trailers", withTrailers, "body"),
  replays(
    "a body that ends with its connection",
    writesRaw("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nuntil the end"),
    "until the end",
  ),
  replays("an answer to HTTP/1.0", writesRaw("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold"), "old"),
  replays("a redirect with its Location", answers(303, { Location: "/elsewhere?a=b" }, "see other"), "see other", 303),
  {
    section: "6.2.1",
    title: "replays every end-to-end header",
    run: async ({ origin, scripted, send, key }) => {
      const [path, ask] = [scripted(answers(201, endToEnd, "{}"), tellsItsRun), { key: key() }];
      const first = await send(path, ask);
      const replay = await send(path, ask);
      expectReplay(replay, first);
      for (const answer of [first, replay]) {
        for (const [name, value] of Object.entries(endToEnd)) {
          // These belong to each response (6.2.5).
          if (answer === replay && (name === "Date" || name === "Age")) continue;
          assert.equal(header(answer, name), typeof value === "string" ? value : value.join(", "), name);
        }
      }
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "6.2.1",
    title: "replays a header value beyond ASCII",
    run: async ({ origin, scripted, send, key }) => {
      // As UTF-8, which is what origins send who send such bytes at all.
      const value = Buffer.from("naïve – 日本").toString("latin1");
      const head = `HTTP/1.1 200 OK\r\nX-Name: ${value}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`;
      const [path, ask] = [scripted(writesRaw(head), tellsItsRun), { key: key() }];
      const first = await send(path, ask);
      assert.equal(header(first, "x-name"), value);
      expectReplay(await send(path, ask), first);
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "6.2.1",
    title: "declares the true length of a replayed body, if it declares any",
    run: async ({ scripted, send, key }) => {
      const [path, ask] = [scripted(answers(200, {}, "naïve")), { key: key() }];
      for (let round = 0; round < 2; round += 1) {
        const answer = await send(path, ask);
        expectBody(answer, "naïve");
        const declared = lines(answer, "content-length");
        if (declared.length > 0) assert.deepEqual(declared, ["6"]);
      }
    },
  },
  ...[204, 205, 304].map(bodiless),
];
