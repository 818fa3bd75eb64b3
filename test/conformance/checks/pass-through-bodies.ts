// Sections 3.3.2 to 3.3.4: bodies, headers and failures of what passes through.

import assert from "node:assert/strict";
import { gunzipSync, gzipSync } from "node:zlib";
import { signal } from "../bounded.ts";
import { type Check } from "../check.ts";
import { header } from "../client.ts";
import { expectBody, expectRuns, expectStatus, show } from "../expect.ts";
import { answers, cutsBody, resets, tellsItsRun, writesRaw } from "../origin-answers.ts";
import { type OriginAnswer } from "../origin.ts";

const failures: readonly (readonly [title: string, answer: OriginAnswer])[] = [
  ["status 600", writesRaw("HTTP/1.1 600 Odd\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")],
  ["status 999", writesRaw("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")],
  ["a reset connection", resets],
  ["an answer that is no HTTP", writesRaw("it is done\r\n\r\n")],
];

/** HTTP gives a body of a GET no meaning, and forbids none. `wrangler dev` drops it, so only the way through counts. */
const framedGets: readonly (readonly [title: string, header: readonly [string, string], body: string])[] = [
  ["a Content-Length of 0", ["Content-Length", "0"], ""],
  ["a body", ["Content-Length", "5"], "hello"],
  ["a chunked body", ["Transfer-Encoding", "chunked"], "hello"],
];

function passesGet([title, framing, body]: (typeof framedGets)[number]): Check {
  return {
    section: "3.3.2",
    title: `passes a GET with ${title} on`,
    run: async ({ path, open }) => {
      const exchange = open(path(), { method: "GET", streamed: true, headers: [framing] });
      exchange.request.end(body);
      expectStatus(await exchange.answer, 201);
    },
  };
}

export const passThroughBodies: readonly Check[] = [
  ...framedGets.map(passesGet),
  {
    section: "3.3.2",
    title: "passes the first bytes of an answer on before the last ones are there",
    run: async ({ scripted, open }) => {
      const release = signal();
      const path = scripted(async ({ received, response }) => {
        await received.whole;
        response.writeHead(200, { "Content-Type": "text/event-stream" });
        response.write("data: 1\n\n");
        await release.given;
        response.end("data: 2\n\n");
      });
      const exchange = open(path);
      assert.equal((await exchange.firstChunk).toString(), "data: 1\n\n");
      release.give();
      expectBody(await exchange.answer, "data: 1\n\ndata: 2\n\n");
    },
  },
  {
    section: "3.3.2",
    title: "passes the first bytes of an upload on before the last ones are there",
    run: async ({ origin, path, open }) => {
      const where = path();
      const exchange = open(where, { streamed: true });
      exchange.request.write("first,");
      const received = await origin.arrived(where);
      assert.equal((await received.firstChunk).toString(), "first,");
      exchange.request.end("last");
      expectStatus(await exchange.answer, 201);
      assert.equal((await received.whole).toString(), "first,last");
    },
  },
  {
    section: "3.3.2",
    title: "has no cap for a body without a key",
    needs: "max_request_bytes of 1000",
    run: async ({ origin, path, send }) => {
      const where = path();
      const body = Buffer.alloc(300_000, "x");
      expectStatus(await send(where, { body }), 201);
      assert.ok((await (await origin.arrived(where)).whole).equals(body));
    },
  },
  {
    section: "3.3.2",
    title: "passes bodies through untouched",
    run: async ({ origin, scripted, send }) => {
      const bytes = Buffer.from(Array.from({ length: 1024 }, (_, index) => index % 256));
      const path = scripted(answers(200, { "Content-Type": "application/octet-stream", ETag: '"v1"' }, bytes));
      const answer = await send(path, { body: bytes, headers: [["Content-Type", "application/octet-stream"]] });
      expectBody(answer, bytes);
      assert.equal(header(answer, "etag"), '"v1"');
      assert.ok((await (await origin.arrived(path)).whole).equals(bytes));
    },
  },
  {
    section: "3.3.3",
    title: "leaves the content coding of a keyless answer alone",
    run: async ({ scripted, send }) => {
      const plain = "plain ".repeat(100);
      const path = scripted(answers(200, { "Content-Encoding": "gzip", ETag: '"v1"' }, gzipSync(plain)));
      const answer = await send(path, { headers: [["Accept-Encoding", "gzip"]] });
      assert.equal(header(answer, "content-encoding"), "gzip");
      assert.equal(gunzipSync(answer.body).toString(), plain);
      assert.equal(header(answer, "etag"), '"v1"');
    },
  },
  {
    section: "3.3.3",
    title: "leaves the Accept-Encoding of a keyless request alone",
    needs: "the Accept-Encoding header",
    run: async ({ origin, path, send }) => {
      const where = path();
      expectStatus(await send(where, { headers: [["Accept-Encoding", "gzip;q=0.5"]] }), 201);
      assert.equal(header(await origin.arrived(where), "accept-encoding"), "gzip;q=0.5");
    },
  },
  {
    section: "3.3.3",
    title: "does not echo a key or mark an answer where there is no record",
    run: async ({ scripted, send }) => {
      const answer = await send(scripted(tellsItsRun), { method: "PUT", key: "some-key" });
      assert.equal(header(answer, "idempotency-key"), undefined);
      assert.equal(header(answer, "idempotency-status"), undefined);
    },
  },
  ...failures.map(([title, answer]): Check => ({
    section: "3.3.4",
    title: `answers 502 to a keyless request that meets ${title}`,
    run: async ({ origin, scripted, send }) => {
      const path = scripted(answer);
      expectStatus(await send(path), 502);
      expectRuns(origin, path, 1);
    },
  })),
  {
    section: "3.3.4",
    title: "lets a keyless client see that a body was cut short",
    run: async ({ scripted, send }) => {
      const answer = await send(scripted(cutsBody(200, {}, 100, 50))).catch(() => undefined);
      // Either the connection breaks, or the body ends early, or there is a 502: never a whole answer of 200.
      if (answer !== undefined && answer.status === 200) assert.equal(answer.complete, false, show(answer));
    },
  },
];
