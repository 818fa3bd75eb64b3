import { createServer } from "node:http";
import { describe, expect, test } from "vitest";
import { send } from "../../../scripts/demo/client.ts";
import { startLossyProxy } from "../../../scripts/demo/lossy-proxy.ts";
import { closing } from "./stub-gateway.ts";

const CHARGE = { key: "k-1", body: { amount: 1 } };

/** A server that records the requests and answers 201 after `latencyMs`. */
async function startServer(latencyMs = 0) {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      bodies.push(body);
      setTimeout(() => response.writeHead(201).end('{"id":"ch_1"}'), latencyMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing({
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  });
  const address = server.address();
  return { bodies, url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}` };
}

describe("the lossy proxy", () => {
  test("passes requests and answers through its normal port", async () => {
    const server = await startServer();
    const proxy = closing(await startLossyProxy(server.url));

    expect(await send(proxy, CHARGE, { kind: "none" })).toMatchObject({ status: 201, chargeId: "ch_1" });
    expect(proxy.answersLost()).toBe(0);
  });

  test("resets the connection instead of passing the answer through its lossy port", async () => {
    const server = await startServer();
    const proxy = closing(await startLossyProxy(server.url));

    const answer = fetch(proxy.lossyUrl, { method: "POST", body: "x" });

    await expect(answer).rejects.toMatchObject({ cause: { code: "ECONNRESET" } });
    expect(server.bodies).toEqual(["x"]);
    expect(proxy.answersLost()).toBe(1);
  });

  test("makes the client see a lost answer", async () => {
    const server = await startServer();
    const proxy = closing(await startLossyProxy(server.url));

    expect(await send(proxy, CHARGE, { kind: "answer-lost" })).toEqual({ kind: "lost" });
  });

  test("delivers the request of a client that hangs up", async () => {
    const server = await startServer(500);
    const proxy = closing(await startLossyProxy(server.url));

    expect(await send(proxy, CHARGE, { kind: "hang-up", afterMs: 20 })).toEqual({ kind: "hung-up" });

    await expect.poll(() => server.bodies).toEqual(['{"amount":1}']);
  });

  test("makes the client see an unreachable server as a failure", async () => {
    const doors = { url: "http://127.0.0.1:1", lossyUrl: "http://127.0.0.1:1" };

    expect(await send(doors, CHARGE, { kind: "none" })).toMatchObject({ kind: "failed" });
  });
});
