// Section 3.3.1: what goes straight to the origin.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type Check } from "../check.ts";
import { type Ask, header } from "../client.ts";
import { expectBody, expectProblem, expectReplay, expectRun, expectRuns, expectStatus, show } from "../expect.ts";

/** RFC 6455, 4.2.2. */
function webSocketAccept(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

/** Requests that are forwarded each time, with the key they carry left alone. */
const passing: readonly (readonly [title: string, ask: Ask])[] = [
  ["a POST without a key", {}],
  ["a PATCH without a key", { method: "PATCH" }],
  ["a GET", { method: "GET" }],
  ["a GET with a key", { method: "GET", key: "some-key" }],
  ["a GET with an invalid key", { method: "GET", key: "a,b" }],
  ["a PUT with a key", { method: "PUT", key: "some-key" }],
  ["a DELETE with a key", { method: "DELETE", key: "some-key" }],
  ["an OPTIONS request with a key", { method: "OPTIONS", key: "some-key" }],
  ["a GET without a caller", { method: "GET", key: "some-key", caller: null }],
];

function passes(title: string, ask: Ask, needs?: "key off" | "key required"): Check {
  return {
    section: "3.3.1",
    title: `forwards ${title} each time, without a record`,
    ...(needs === undefined ? {} : { needs }),
    run: async ({ origin, path, send }) => {
      const where = path();
      for (const run of [1, 2]) {
        const answer = await send(where, ask);
        expectStatus(answer, 201);
        expectBody(answer, `{"run":${run}}`);
        assert.equal(header(answer, "idempotency-status"), undefined, show(answer));
        assert.equal(header(answer, "idempotent-replayed"), undefined, show(answer));
      }
      for (const received of origin.requests(where)) {
        assert.equal(header(received, "idempotency-key"), ask.key);
        assert.equal(header(received, "oncegate-attempt"), undefined);
        assert.equal(received.method, ask.method ?? "POST");
      }
      expectRuns(origin, where, 2);
    },
  };
}

const preflight: Ask = {
  method: "OPTIONS",
  caller: null,
  headers: [
    ["Origin", "https://app.example"],
    ["Access-Control-Request-Method", "POST"],
    ["Access-Control-Request-Headers", "idempotency-key"],
  ],
};

export const passThrough: readonly Check[] = [
  ...passing.map(([title, ask]) => passes(title, ask)),
  passes("a POST with a key where keys are off", { key: "some-key" }, "key off"),
  passes("a POST with an invalid key where keys are off", { key: "a,b" }, "key off"),
  passes("a CORS preflight where a key is required", preflight, "key required"),
  {
    section: "3.3.1",
    title: "covers the methods that the policy names",
    needs: "PUT and DELETE covered",
    run: async ({ origin, path, send, key }) => {
      for (const method of ["PUT", "DELETE"]) {
        const [where, ask] = [path(), { method, key: key() }];
        expectProblem(await send(where, { method }), "key_missing");
        const first = await send(where, ask);
        expectRun(first, 1);
        expectReplay(await send(where, ask), first);
        expectRuns(origin, where, 1);
      }
    },
  },
  {
    section: "3.3.1",
    title: "forwards a POST where the policy names other methods only",
    needs: "PUT and DELETE covered",
    run: async ({ origin, path, send, key }) => {
      const [where, ask] = [path(), { key: key() }];
      for (const run of [1, 2]) expectBody(await send(where, ask), `{"run":${run}}`);
      expectRuns(origin, where, 2);
    },
  },
  {
    section: "3.3.1",
    title: "answers HEAD as the origin does",
    run: async ({ origin, path, send, key }) => {
      const where = path();
      const answer = await send(where, { method: "HEAD", key: key() });
      expectStatus(answer, 201);
      expectBody(answer, "");
      assert.equal(origin.requests(where)[0]?.method, "HEAD");
    },
  },
  {
    section: "3.3.1",
    title: "passes a WebSocket upgrade through, also where a key is required",
    needs: "key required",
    run: async ({ origin, path, raw, url }) => {
      const where = path();
      origin.onUpgrade(where, (request, socket) => {
        socket.write(
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
            `Sec-WebSocket-Accept: ${webSocketAccept(request.headers["sec-websocket-key"] ?? "")}\r\n\r\n`,
        );
        // An unmasked text frame.
        socket.write(Buffer.concat([Buffer.from([0x81, 5]), Buffer.from("hello")]));
      });
      const connection = await raw();
      await connection.write(
        `GET ${where} HTTP/1.1\r\nHost: ${url.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
      );
      const bytes = (await connection.until("hello")).toString("latin1");
      connection.reset();
      assert.match(bytes, /^HTTP\/1\.1 101 /u);
      assert.match(bytes, /hello$/u);
    },
  },
];
