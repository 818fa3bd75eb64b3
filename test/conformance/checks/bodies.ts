// Section 3.6: the body on its way in.

import assert from "node:assert/strict";
import { bounded } from "../bounded.ts";
import { type Check } from "../check.ts";
import { type Context } from "../context.ts";
import { expectMark, expectProblem, expectRefusal, expectReplay, expectRun, expectRuns } from "../expect.ts";
import { splitAnswer } from "../raw-client.ts";

const CAP = 1000;

const UPLOAD = JSON.stringify({ text: "x".repeat(80) });
const HALF = UPLOAD.slice(0, 20);

const brokenUploads: readonly (readonly [title: string, hasLength: boolean, half: string])[] = [
  ["with a Content-Length", true, HALF],
  ["in chunks", false, `${HALF.length.toString(16)}\r\n${HALF}\r\n`],
];

export const bodies: readonly Check[] = [
  {
    section: "3.6.1",
    title: "takes a body of exactly max_request_bytes",
    needs: "max_request_bytes of 1000",
    run: async ({ origin, path, send, key }) => {
      const where = path();
      expectRun(await send(where, { key: key(), body: "x".repeat(CAP) }), 1);
      assert.equal((await (await origin.arrived(where)).whole).length, CAP);
    },
  },
  {
    section: "3.6.1",
    title: "refuses a body whose Content-Length is beyond max_request_bytes",
    needs: "max_request_bytes of 1000",
    run: async ({ origin, path, send, key }) => {
      const [where, sent] = [path(), key()];
      expectRefusal(await send(where, { key: sent, body: "x".repeat(CAP + 1) }), "body_too_large");
      expectRuns(origin, where, 0);
      // The refusal left no record behind.
      expectRun(await send(where, { key: sent, body: "x" }), 1);
    },
  },
  {
    section: "3.6.1",
    title: "counts the bytes of a body without a Content-Length",
    needs: "max_request_bytes of 1000",
    run: async ({ origin, path, open, key }) => {
      const where = path();
      const exchange = open(where, { key: key(), streamed: true });
      for (let chunk = 0; chunk < 11; chunk += 1) exchange.request.write("x".repeat(100));
      exchange.request.end();
      expectRefusal(await exchange.answer, "body_too_large");
      expectRuns(origin, where, 0);
    },
  },
  {
    section: "3.6.1",
    title: "takes a chunked body within max_request_bytes",
    needs: "max_request_bytes of 1000",
    run: async ({ origin, path, open, key }) => {
      const where = path();
      const exchange = open(where, { key: key(), streamed: true });
      for (let chunk = 0; chunk < 10; chunk += 1) exchange.request.write("x".repeat(100));
      exchange.request.end();
      expectRun(await exchange.answer, 1);
      assert.equal((await (await origin.arrived(where)).whole).toString(), "x".repeat(CAP));
    },
  },
  {
    section: "3.6",
    title: "forwards the body byte for byte",
    run: async ({ origin, path, send, key }) => {
      const where = path();
      const body = Buffer.from(Array.from({ length: 1024 }, (_, index) => index % 256));
      const headers = [["Content-Type", "application/octet-stream"]] as const;
      expectRun(await send(where, { key: key(), body, headers }), 1);
      assert.ok((await (await origin.arrived(where)).whole).equals(body), "expected the bytes that were sent");
    },
  },
  {
    section: "3.6",
    title: "forwards a JSON body as it was written",
    run: async ({ origin, path, send, key }) => {
      const where = path();
      const json = '{ "b" : 1.0,\n "a":"\\u00e9\\/", "n": 9007199254740993 }\n';
      expectRun(await send(where, { key: key(), json }), 1);
      assert.equal((await (await origin.arrived(where)).whole).toString(), json);
    },
  },
  {
    section: "3.6",
    title: "forwards an empty body as an empty one",
    run: async ({ origin, path, send, key }) => {
      const where = path();
      expectRun(await send(where, { key: key(), body: "" }), 1);
      assert.equal((await (await origin.arrived(where)).whole).length, 0);
    },
  },
  {
    section: "3.6",
    title: "serves a client that waits for 100 Continue",
    run: async (context) => {
      const [where, body] = [context.path(), '{"amount":100}'];
      const connection = await context.raw();
      await connection.write(requestHead(context, where, context.key(), body.length, "Expect: 100-continue\r\n"));
      // Clients send the body after a while even where no 100 comes (RFC 9110, 10.1.1).
      await connection.until("\r\n\r\n", 1000).catch(() => undefined);
      await connection.write(body);
      const bytes = await connection.until('{"run":1}');
      connection.reset();
      assert.equal(splitAnswer(bytes).status, 201);
      expectRuns(context.origin, where, 1);
    },
  },
  ...brokenUploads.map(([title, hasLength, half]): Check => ({
    section: "3.6.2",
    title: `gives an upload ${title} that is reset half-way no effect`,
    run: async (context) => {
      const [where, key] = [context.path(), context.key()];
      const connection = await context.raw();
      await connection.write(requestHead(context, where, key, hasLength ? UPLOAD.length : undefined));
      await connection.write(half);
      connection.reset();
      // Neither a record nor a lock is left: the full request runs, and it runs with its full body.
      const first = await context.send(where, { key, json: UPLOAD });
      expectRun(first, 1);
      assert.equal((await (await context.origin.arrived(where)).whole).toString(), UPLOAD);
      expectReplay(await context.send(where, { key, json: UPLOAD }), first);
      expectRuns(context.origin, where, 1);
    },
  })),
  {
    section: "3.6.2",
    title: "does not forward an upload whose client closed its sending side half-way",
    run: async (context) => {
      const [where, key] = [context.path(), context.key()];
      const connection = await context.raw();
      await connection.write(requestHead(context, where, key, UPLOAD.length));
      await connection.write(HALF);
      connection.socket.end();
      // Some servers never notice a half-closed connection: one second of silence is no fault.
      const bytes = await bounded(connection.closed(), 1000, "the answer").catch(() => Buffer.alloc(0));
      connection.reset();
      // A front may see the end first and answer in its own way; the gateway's own answer has one form only.
      if (bytes.length > 0) {
        const { status, head, rest } = splitAnswer(bytes);
        assert.ok(status >= 400, head);
        if (head.includes("application/problem+json")) assert.match(rest.toString(), /"code":\s*"body_incomplete"/u);
      }
      expectRuns(context.origin, where, 0);
      expectRun(await context.send(where, { key, json: UPLOAD }), 1);
    },
  },
  {
    section: "6.4",
    title: "refuses an oversized body with a problem document also where the record has an answer",
    needs: "max_request_bytes of 1000",
    run: async ({ origin, path, send, key }) => {
      const [where, sent] = [path(), key()];
      expectRun(await send(where, { key: sent, body: "x" }), 1);
      const answer = await send(where, { key: sent, body: "x".repeat(CAP + 1) });
      expectProblem(answer, "body_too_large");
      expectMark(answer, "refused");
      expectRuns(origin, where, 1);
    },
  },
];

/** The head of a JSON request by the suite's caller; without a length it announces chunks. */
function requestHead(context: Context, path: string, key: string, length: number | undefined, more = ""): string {
  const framing = length === undefined ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`;
  return (
    `POST ${path} HTTP/1.1\r\nHost: ${context.url.host}\r\nAuthorization: Bearer conformance\r\n` +
    `Idempotency-Key: ${key}\r\nContent-Type: application/json\r\nConnection: close\r\n${framing}\r\n${more}\r\n`
  );
}
