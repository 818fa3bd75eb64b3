// Requests as bytes, on the bare runtime: what a client can send there and no `Request` can hold.

import { type IncomingMessage, createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Gateway, startGateway } from "./gateway.ts";

const received: IncomingMessage[] = [];
const origin = createServer({ maxHeaderSize: 200_000 }, (request, response) => {
  received.push(request);
  response.end("ok");
});
let gateway: Gateway;

beforeAll(async () => {
  await new Promise<void>((resolve) => void origin.listen(0, "127.0.0.1", resolve));
  const { port } = origin.address() as AddressInfo;
  gateway = await startGateway({ "*": { origin: `http://127.0.0.1:${port}/tenants/acme`, caller: ["x-user"] } });
});

afterAll(async () => {
  await gateway.stop();
  origin.close();
});

beforeEach(() => {
  received.length = 0;
});

/** Sends `head` as Latin-1 bytes, and resolves with the whole answer. */
async function send(...head: readonly string[]): Promise<string> {
  const socket = connect(Number(gateway.url.port), "127.0.0.1");
  socket.end([...head, "Host: api.test", "Connection: close", "", ""].join("\r\n"), "latin1");
  socket.setEncoding("latin1");
  let answer = "";
  for await (const text of socket) answer += String(text);
  return answer;
}

function statusOf(answer: string): number {
  return Number(answer.split(" ")[1]);
}

test("3.2.4 TRACE gets 405, and CONNECT is refused by the runtime", async () => {
  expect(statusOf(await send("TRACE /x HTTP/1.1"))).toBe(405);
  expect(statusOf(await send("CONNECT api.test:443 HTTP/1.1"))).toBe(500);
  expect(received).toHaveLength(0);
});

test("3.2.6 an encoded parent segment is refused", async () => {
  for (const path of ["/..%2fvictim", "/..%5cvictim", "/..;/victim"]) {
    expect(await send(`GET ${path} HTTP/1.1`), path).toContain('"path_refused"');
  }
  expect(received).toHaveLength(0);
});

describe("3.7.3 bytes that are not UTF-8", () => {
  test.each(["X-User: M\u00FCller", 'X-User: a\r\nIf-Match: "\u00FC"', "X-User: a\r\nContent-Type: \u00FC"])(
    "are refused: %j",
    async (fields) => {
      const answer = await send("POST /x HTTP/1.1", fields, "Idempotency-Key: k", "Content-Length: 0");
      expect(answer).toContain('"header_unreadable"');
      expect(received).toHaveLength(0);
    },
  );
});

test("7.2.6 no header says where a client is, and the peer's address is sent", async () => {
  await send("GET /x HTTP/1.1", "CF-Connecting-IP: 10.0.0.1", "X-Forwarded-For: 10.0.0.2", "True-Client-IP: 10.0.0.3");
  const sent = ["x-forwarded-for", "cf-connecting-ip", "true-client-ip"].map((name) => received[0]?.headers[name]);
  expect(sent).toEqual(["127.0.0.1", undefined, undefined]);
});

test("7.1.1 Connection takes no caller away from the origin", async () => {
  await send("POST /x HTTP/1.1", "Connection: x-user, x-other", "X-User: 42", "X-Other: 1", "Content-Length: 0");
  expect([received[0]?.headers["x-user"], received[0]?.headers["x-other"]]).toEqual(["42", undefined]);
});

test("3.9 a CDN-Loop of 60 KB is read at once", async () => {
  expect(statusOf(await send("GET /x HTTP/1.1", `CDN-Loop: "${String.raw`\"`.repeat(30_000)}`))).toBe(200);
});
