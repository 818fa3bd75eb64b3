// Requests as bytes, on the bare runtime: what a client can send there and no `Request` can hold.

import { type IncomingMessage, createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
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
  const entry = { origin: `http://127.0.0.1:${port}/tenants/acme`, caller: ["x-user"] };
  const small = { max_request_bytes: 1000, upload_timeout: "1s", upload_idle_timeout: "500ms" };
  const tools = { ...entry, profile: "mcp", routes: [{ match: "POST /mcp tools/call:pay", key: "required" }] };
  gateway = await startGateway({ "*": entry, "small.test": { ...entry, ...small }, "tools.test": tools });
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

/** Sends `first`, then `second` once an answer has come, and resolves with all that comes. */
async function exchange(first: string, second: string): Promise<string> {
  const socket = connect(Number(gateway.url.port), "127.0.0.1");
  socket.setEncoding("latin1");
  socket.write(first, "latin1");
  let answers = "";
  try {
    for await (const text of socket) {
      if (answers === "" && socket.writable) socket.end(second, "latin1");
      answers += String(text);
    }
  } catch {
    // The gateway has ended the connection before it has read all.
  }
  return answers;
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

test.each([
  ["GET /x HTTP/1.1", "Content-Length: 2"],
  ["GET /x HTTP/1.1", "X-Other: 1"],
  ["POST /x HTTP/1.1", "Content-Length: 0"],
])("3.7.3 bytes that are not UTF-8 reach the origin as they are where no key is: %s, %s", async (line, field) => {
  const [note, cookie] = ["X-Note: M\u00FCller", "Cookie: user=\u00F6"];
  const loop = ["Via: 1.1 \u00E4", "Connection: X-Away", "X-Away: \u00FC", "Proxy-Note: \u00FC"];
  const both = ["Set-Cookie: a=1", "Set-Cookie: b=\u00FC"];
  const body = field.endsWith("2") ? "hi" : "";
  await send(
    line,
    "X-User: 42",
    note,
    cookie,
    ...loop,
    ...both,
    field,
    "Host: api.test",
    "Connection: close",
    "",
    body,
  );
  const { headers } = received[0] ?? {};
  expect([headers?.["x-note"], headers?.cookie, headers?.via]).toEqual([
    "M\u00FCller",
    "user=\u00F6",
    "1.1 \u00E4, 1.1 oncegate",
  ]);
  expect(headers?.["set-cookie"]).toEqual(["a=1", "b=\u00FC"]);
  expect([headers?.["x-away"], headers?.["proxy-note"], headers?.["x-user"]]).toEqual([undefined, undefined, "42"]);
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

test.each<[string, number, string[]]>([
  ["a target", 414, [`GET /${"a".repeat(300_000)} HTTP/1.1`]],
  ["a field", 431, ["GET /x HTTP/1.1", `X-Long: ${"a".repeat(300_000)}`]],
  ["many fields", 431, ["GET /x HTTP/1.1", ...Array.from({ length: 30_000 }, (_, nth) => `X-${nth}: a`)]],
])("9 a head that is too large for the runtime is refused by it: %s", async (_, status, head) => {
  const answer = await send(...head);
  expect([statusOf(answer), received.length]).toEqual([status, 0]);
});

describe("a body that is no request", () => {
  const smuggled = "GET /smuggled HTTP/1.1\r\nHost: api.test\r\n\r\n";

  test.each([
    ["too large", 413, "POST /x HTTP/1.1", "Idempotency-Key: k", "Content-Length: 5000"],
    ["of a TRACE", 405, "TRACE /x HTTP/1.1", "Content-Length: 5000"],
    ["of a key that is not valid", 400, "POST /x HTTP/1.1", 'Idempotency-Key: "', "Content-Length: 5000"],
  ])("is not read as one where it is %s", async (_, status, ...head) => {
    const answer = await exchange([...head, "Host: small.test", "X-User: 42", "", smuggled].join("\r\n"), smuggled);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual([`HTTP/1.1 ${status}`]);
    expect(received).toHaveLength(0);
  });

  test("is dropped up to its end, where the next request on its connection begins", async () => {
    const head = ["POST /x HTTP/1.1", "Host: small.test", "X-User: 42", "Idempotency-Key: k", "Content-Length: 90000"];
    const [body, next] = [smuggled.repeat(3000).slice(0, 90_000), "GET /next HTTP/1.1\r\nHost: api.test\r\n"];
    const answer = await exchange([...head, "", body + next + "Connection: close\r\n\r\n"].join("\r\n"), "");
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 413", "HTTP/1.1 200"]);
    expect(received.map(({ url }) => url)).toEqual(["/tenants/acme/next"]);
  });

  test.each(["PUT", "POST"])("is not read as one by the origin where two lengths are declared: %s", async (method) => {
    const length = ["Content-Length: 5", "Transfer-Encoding: chunked", `Idempotency-Key: two-lengths-${method}`];
    const chunks = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
    const head = [`${method} /x HTTP/1.1`, "Host: api.test", "X-User: 42", "Connection: close", ...length];
    const answer = await exchange([...head, "", chunks].join("\r\n"), "");
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200"]);
    await send("GET /other HTTP/1.1");
    expect(received.map(({ url }) => url)).toEqual(["/tenants/acme/x", "/tenants/acme/other"]);
  });

  test.each(["Content-Length: 0", "content-length: 00", "Content-Length: 5"])(
    "evades no route for its call where chunks come with %s",
    async (length) => {
      const call = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "pay" } });
      const chunks = `${call.length.toString(16)}\r\n${call}\r\n0\r\n\r\n`;
      const type = "Content-Type: application/json";
      const head = ["POST /mcp HTTP/1.1", "Host: tools.test", "X-User: 42", type, length, "Transfer-Encoding: chunked"];
      const answer = await exchange([...head, "Connection: close", "", chunks].join("\r\n"), "");
      expect([answer, received.length]).toEqual([expect.stringMatching(/"code":"key_missing"|^HTTP\/1\.1 400/), 0]);
    },
  );

  test.each([
    ["Transfer-Encoding : chunked"],
    ["Transfer-Encoding: \u000Bchunked"],
    ["Transfer-Encoding: chunked, identity"],
    ["Transfer-Encoding: xchunked"],
    ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
    ["X-Folded: a\r\n Transfer-Encoding: chunked"],
    ["X-Folded: a\rTransfer-Encoding: chunked"],
    ["Content-Length: +5"],
    ["Content-Length: 5, 5"],
    ["Content-Length: 0"],
    ["Content-Length: 0x5"],
    ["Content-Length: 18446744073709551621"],
  ])("is not read as one where its length has two readings: %j", async (...fields) => {
    const head = ["POST /x HTTP/1.1", "Host: api.test", "X-User: 42", "Content-Length: 5", "Connection: close"];
    const answer = await exchange([...head, ...fields, "", `0\r\n\r\n${smuggled}`].join("\r\n"), "");
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 400"]);
    expect(received).toHaveLength(0);
  });

  test("is not read as one where it comes too late", async () => {
    const head = ["POST /x HTTP/1.1", "Idempotency-Key: k", "Content-Length: 500", "Host: small.test", "X-User: 42"];
    const answer = await exchange([...head, "", ""].join("\r\n"), smuggled);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 408"]);
    expect(received).toHaveLength(0);
  });

  test.each(["Content-Length: 1000", "Transfer-Encoding: chunked"])(
    "does not become a part of another client's request: %s",
    async (framing) => {
      const socket = connect(Number(gateway.url.port), "127.0.0.1");
      const start = framing.startsWith("T") ? "5\r\nGET /\r\n" : "GET /";
      socket.write(["POST /broken HTTP/1.1", "Host: api.test", framing, "", start].join("\r\n"));
      await vi.waitFor(() => expect(received).toHaveLength(1), { timeout: 10_000 });
      socket.destroy();
      await send("GET /other HTTP/1.1", "X-User: victim");
      expect(received.map(({ url }) => url)).toEqual(["/tenants/acme/broken", "/tenants/acme/other"]);
    },
  );
});

test("3.9 a CDN-Loop of 60 KB is read at once", async () => {
  expect(statusOf(await send("GET /x HTTP/1.1", `CDN-Loop: "${String.raw`\"`.repeat(30_000)}`))).toBe(200);
});
