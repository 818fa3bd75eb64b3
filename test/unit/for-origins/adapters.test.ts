// 5.1 and 10: what an app answers with the adapters.

import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  answerProbe,
  fenced,
  final,
  memoryStore,
  nodeHead,
  notExecuted,
  responseOf,
  sendAnswer,
} from "../../../src/for-origins/index.ts";
import { fenceOver } from "./requests.ts";

const HEADERS = { authorization: "Bearer alice", "idempotency-key": "k-1", "oncegate-attempt": "1" };
const PROBE = { authorization: "Bearer alice", "oncegate-attempt": "1", "oncegate-operation": "POST /v1/charges" };

function verdict({ status, headers }: Response): string {
  return `${status} ${headers.get("oncegate-outcome")} ${headers.get("cache-control")}`;
}

describe("in Hono", () => {
  const app = new Hono()
    .use(fenced(fenceOver(memoryStore())))
    .get("/fault", () => {
      throw new Error("a bug");
    })
    .get("/refused", () => {
      throw new HTTPException(400);
    })
    .get("/known", () => {
      const res = responseOf({ status: 503, headers: { "Oncegate-Outcome": "not-executed" }, body: "" });
      throw new HTTPException(503, { res });
    })
    .get("/failed", (c) => c.text("kept", 500));
  app.onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.text("oh", 500)));

  test.each([
    ["marks the 500 of a handler that threw", "/fault", "500 unknown no-store"],
    ["leaves a 4xx that an app throws", "/refused", "400 null null"],
    ["leaves an outcome that an app names", "/known", "503 not-executed null"],
    ["leaves a 500 that an app answers", "/failed", "500 null null"],
    ["answers a probe", "/v1/idempotency/k-1", "200 not-executed no-store"],
  ])("%s", async (_, path, expected) => {
    expect(verdict(await app.request(path, { headers: PROBE }))).toBe(expected);
  });
});

test("a response without a body has none", async () => {
  const response = responseOf({ status: 204, body: "" });
  expect([response.status, response.body]).toEqual([204, null]);
});

describe("in Node.js", () => {
  async function start() {
    const fence = fenceOver(memoryStore());
    const charge = async (request: Parameters<typeof nodeHead>[0]) =>
      fence.run(nodeHead(request), () => final({ status: 201, headers: { "X-App": "1" }, body: "charged" }));
    const server = createServer((request, response) => {
      void (async () => {
        if (await answerProbe(fence, request, response)) return;
        const answer =
          request.method === "POST" ? await charge(request) : notExecuted({ status: 404, body: "" }).answer;
        sendAnswer(response, answer);
      })();
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test("answers an attempt and its probe, and leaves other requests to the app", async () => {
    const url = await start();

    const charged = await fetch(`${url}/v1/charges`, { method: "POST", headers: HEADERS, body: "{}" });
    const probed = await fetch(`${url}/v1/idempotency/k-1`, { headers: PROBE });
    const other = await fetch(`${url}/v1/other`, { headers: PROBE });

    expect([verdict(charged), charged.headers.get("x-app"), await charged.text()]).toEqual([
      "201 final null",
      "1",
      "charged",
    ]);
    expect([verdict(probed), probed.headers.get("oncegate-status"), await probed.text()]).toEqual([
      "200 final null",
      "201",
      "charged",
    ]);
    expect(verdict(other)).toBe("404 null null");
  });

  test("reads several lines of a field as one value, in any letter case", () => {
    const { headers } = nodeHead({ headers: { "x-user": ["a", "b"], authorization: "Bearer a" } });
    expect([headers.get("X-User"), headers.get("Authorization"), headers.get("cookie")]).toEqual([
      "a, b",
      "Bearer a",
      null,
    ]);
  });
});
