import { once } from "node:events";
import { type Socket, connect, createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { listen } from "../raw-origin.ts";
import { newFolder, post, startLauncher } from "./rig.ts";

interface Received {
  readonly connection: number;
  readonly key: string;
}

/** An API that keeps connections open, and does with the requests after the first of each what `again` does. */
async function startKeepingApi(again: (socket: Socket) => void) {
  const received: Received[] = [];
  const idleMs: number[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    const connection = ++connections;
    let [requests, answeredAt] = [0, 0];
    socket.on("error", () => undefined);
    socket.on("end", () => idleMs.push(performance.now() - answeredAt));
    socket.on("data", (bytes) => {
      received.push({ connection, key: /^idempotency-key: (.*)\r$/im.exec(bytes.toString())?.[1] ?? "" });
      answeredAt = performance.now();
      requests += 1;
      if (requests > 1) again(socket);
      else socket.write("HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok");
    });
  });
  const port = await listen(server);
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${port}`, received, idleMs };
}

const KEPT = { status: 201, mark: "executed", text: "ok" };

describe("P1: a connection to the origin that is used again", () => {
  test.each<[string, (socket: Socket) => void]>([
    ["reset", (socket) => void socket.resetAndDestroy()],
    ["closed", (socket) => void socket.end()],
  ])("and is %s at that moment: the request is not sent again, and its outcome is unknown", async (_, again) => {
    const api = await startKeepingApi(again);
    const { url } = await startLauncher(["run", `--storage=${newFolder()}`], { ORIGIN: api.url });
    expect(await post(url, "first")).toEqual(KEPT);
    expect(await post(url, "second")).toMatchObject({ status: 502, mark: "unknown" });
    expect(await post(url, "second")).toMatchObject({ status: 409, mark: "unknown" });
    expect(api.received).toEqual([
      { connection: 1, key: "first" },
      { connection: 1, key: "second" },
    ]);
  });

  test("is closed by the runtime after 5 seconds without a request", async () => {
    const api = await startKeepingApi((socket) => void socket.resetAndDestroy());
    const { url } = await startLauncher(["run", `--storage=${newFolder()}`], { ORIGIN: api.url });
    expect(await post(url, "first")).toEqual(KEPT);
    await expect.poll(() => api.idleMs.length, { timeout: 30_000 }).toBe(1);
    expect(api.idleMs[0]).toBeGreaterThan(4500);
    expect(api.idleMs[0]).toBeLessThan(15_000);
    expect(await post(url, "second")).toEqual(KEPT);
    expect(api.received.map(({ connection }) => connection)).toEqual([1, 2]);
  });
});

test("a client's connection is closed by the runtime after 15 seconds without a request", async () => {
  const { url } = await startLauncher(["run", `--storage=${newFolder()}`], { ORIGIN: "http://127.0.0.1:9" });
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write("GET /_oncegate/health HTTP/1.1\r\nhost: localhost\r\n\r\n");
  await once(socket, "data");
  const answeredAt = performance.now();
  await once(socket, "close");
  expect(performance.now() - answeredAt).toBeGreaterThan(14_000);
  expect(performance.now() - answeredAt).toBeLessThan(25_000);
});
