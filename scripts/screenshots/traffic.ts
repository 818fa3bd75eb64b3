// The requests whose records the pictures show, and the API that they go to.

import { type Server, createServer, request } from "node:http";
import { type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export const HOST = "api.localhost";
export const SHOP = "shop.localhost";
export const TOKEN = "token-of-the-pictures";

const ANSWER = JSON.stringify({ id: "ch_1042", amount: 1999, currency: "eur", status: "succeeded" }, null, 2);

/** Keys decide what the API does with a request: `lost` is a 502, and `cut` a connection that breaks. */
export async function startOrigin(): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const server: Server = createServer((incoming, response) => {
    const key = String(incoming.headers["idempotency-key"] ?? "");
    incoming.resume();
    if (key.includes("cut")) return void response.destroy();
    response.writeHead(key.includes("lost") ? 502 : 201, { "content-type": "application/json" });
    response.end(key.includes("lost") ? "" : ANSWER);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { url: `http://127.0.0.1:${port}`, stop };
}

export const KNOWN_KEY = "order-1042";

const SENT: readonly (readonly [host: string, path: string, key: string | null, body: string])[] = [
  [HOST, "/v1/charges", "order-1001-lost", '{"amount":1999}'],
  [HOST, "/v1/transfers", "9d1c2f0e-8a56-4b55-9f3c-5b1f-cut", '{"amount":25000}'],
  [HOST, "/v1/charges", "order-1007-lost", '{"amount":4250}'],
  [
    HOST,
    "/v1/customers/cus_8JkWz31mBq/subscriptions/sub_1Nh2c9LkdIwHu7ix/invoices",
    `${"renewal-2026-11-".repeat(6)}cut`,
    "{}",
  ],
  [HOST, "/v1/charges", KNOWN_KEY, '{"amount":1999}'],
  [HOST, "/v1/charges", KNOWN_KEY, '{"amount":1999}'],
  [HOST, "/v1/charges", KNOWN_KEY, '{"amount":2999}'],
  [HOST, "/v1/refunds", null, "{}"],
  [SHOP, "/v1/orders", "basket-1", "{}"],
  [SHOP, "/v1/orders", "basket-1", "{}"],
];

/** It ends when the journal should have all of it: key objects and counts report in the background. */
export async function traffic(port: number): Promise<void> {
  for (const [host, path, key, body] of SENT) await send(port, host, path, key, body);
  await sleep(JOURNAL_MS);
}

/** Counts are collected for some seconds. */
const JOURNAL_MS = 12_000;

function send(port: number, host: string, path: string, key: string | null, body: string): Promise<void> {
  const headers = { host, authorization: "Bearer alice", "content-type": "application/json" };
  const options = { port, host: "127.0.0.1", path, method: "POST" };
  return new Promise((resolve, reject) => {
    const sending = request(
      { ...options, headers: key === null ? headers : { ...headers, "idempotency-key": key } },
      (answer) => answer.resume().once("end", () => resolve()),
    );
    sending.once("error", reject).end(body);
  });
}
