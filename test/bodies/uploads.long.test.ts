/** What clients can make the gateway hold by uploads that do not end: memory, time and connections. */

import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, inject, test } from "vitest";
import { type OriginAnswer } from "../conformance/origin.ts";
import { type RawConnection, connectRaw } from "../conformance/raw-client.ts";
import { residentMegabytes } from "../fault/node/memory.ts";
import { noise } from "./contents.ts";
import { type Operation, markOf, nameOf, setUpRig } from "./rig.ts";

const UPLOAD_MS = 3000;
const IDLE_MS = 1000;
const LARGEST = 25_000_000;

const rig = setUpRig({
  "plain.test": {},
  "large.test": { max_request_bytes: LARGEST },
  "times.test": { upload_timeout: `${UPLOAD_MS}ms`, upload_idle_timeout: `${IDLE_MS}ms`, max_request_bytes: LARGEST },
  "in-body.test": { key_from: ["/key"] },
  "in-body-shared.test": { key_from: ["/key"], anonymous: "shared", upload_idle_timeout: `${IDLE_MS}ms` },
  "derived.test": { key_from: ["/key"], derive_key: { window: "5m" } },
  "observe.test": { mode: "observe" },
  "silent.test": { wait: "1s", origin_timeout: "60s" },
});

/** Each way of a body out of the budget takes seconds of processor time, so a short run tries some of them. */
const IS_LONG = inject("runFactor") > 1;
const SHORT_RUN = ["executed", "joined", "of a client that leaves during its upload", "that takes too long"];

const connections: RawConnection[] = [];

afterEach(() => {
  for (const connection of connections.splice(0)) connection.reset();
});

/** Sends the head of a request, and nothing of the body that it declares. */
async function sendHead(host: string, path: string, fields: readonly string[]): Promise<RawConnection> {
  const connection = await connectRaw(rig.gateway.url);
  connections.push(connection);
  const lines = [`POST ${path} HTTP/1.1`, `host: ${host}`, ...fields];
  await connection.write(`${lines.join("\r\n")}\r\n\r\n`);
  return connection;
}

const keyed = (bytes: number): string[] => [
  "authorization: Bearer conformance",
  `idempotency-key: ${randomUUID()}`,
  "content-type: application/octet-stream",
  `content-length: ${bytes}`,
];

function memory(): number {
  return residentMegabytes(rig.gateway.folder) ?? 0;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("memory", () => {
  test.each([
    ["plain.test", 1_000_000],
    ["large.test", LARGEST],
  ])("at %s grows with what has arrived, not with the %s bytes that 200 heads declare", async (host, bytes) => {
    // The connections themselves take some, so they are there before.
    const { path } = rig.operation({ host });
    for (let nth = 0; nth < 20; nth++) await sendHead(host, path, keyed(bytes));
    await pause(500);
    const before = memory();
    for (let nth = 0; nth < 200; nth++) await sendHead(host, path, keyed(bytes));
    await pause(1500);
    expect(memory() - before).toBeLessThan(50);
  });

  test.runIf(IS_LONG)(
    "of 200 keys with 1 MB each at a silent origin is not that of their bodies",
    { timeout: 180_000 },
    async () => {
      const askMany = async (bytes: number): Promise<number> => {
        const before = memory();
        for (let nth = 0; nth < 10; nth++) {
          const operations = Array.from({ length: 20 }, () => rig.operation({ host: "silent.test" }, readsAndIsSilent));
          const exchanges = operations.map((operation) => operation.open({ body: noise(bytes), headers: OCTETS }));
          const refused = exchanges.map(({ head }) => head.catch(() => undefined));
          await Promise.race([Promise.all(operations.map(bodyArrived)), Promise.all(refused)]);
          for (const exchange of exchanges) exchange.answer.catch(() => undefined);
          expect(operations.map(({ executions }) => executions)).toEqual(operations.map(() => 1));
        }
        return memory() - before;
      };
      // Each object takes some memory of its own.
      const ofObjects = await askMany(100);
      expect((await askMany(1_000_000)) - ofObjects).toBeLessThan(350);
    },
  );
});

const OCTETS = [["content-type", "application/octet-stream"]] as const;

const readsAndIsSilent: OriginAnswer = async ({ received }) => {
  await received.whole;
};

const readsAll: OriginAnswer = async ({ received, response }) => {
  const body = await received.whole;
  response.writeHead(201).end(`${body.length} bytes`);
};

async function bodyArrived({ path }: Operation): Promise<void> {
  const received = await rig.origin.arrived(path);
  await received.whole;
}

describe("3.6.3: an upload that takes too long", () => {
  const expectTimeout = async (connection: RawConnection, operation: Operation, atLeastMs: number): Promise<void> => {
    const startedMs = performance.now();
    const answer = (await connection.closed(UPLOAD_MS + 15_000)).toString();
    expect(performance.now() - startedMs).toBeGreaterThan(atLeastMs);
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(answer).toContain('"code":"body_timeout"');
    expect(operation.executions).toBe(0);
  };

  test.each([1000, LARGEST])(
    "is refused where nothing of %s bytes arrives, and its connection closed",
    async (bytes) => {
      const operation = rig.operation({ host: "times.test" });
      const connection = await sendHead("times.test", operation.path, keyed(bytes));
      await expectTimeout(connection, operation, IDLE_MS - 200);
    },
  );

  test("is refused at the end of its time though it goes on, and the same key is free", async () => {
    const operation = rig.operation({ host: "times.test" }, readsAll);
    const fields = [
      ...keyed(1000).filter((field) => !field.startsWith("idempotency")),
      `idempotency-key: ${operation.key}`,
    ];
    const connection = await sendHead("times.test", operation.path, fields);
    const drip = setInterval(() => void connection.write("x"), IDLE_MS / 5);
    await expectTimeout(connection, operation, UPLOAD_MS - 500);
    clearInterval(drip);
    expect(markOf(await operation.ask())).toBe("executed");
  });

  test("that is slow and in time is executed", async () => {
    const operation = rig.operation({ host: "times.test" }, readsAll);
    const connection = await sendHead("times.test", operation.path, keyed(5));
    for (let nth = 0; nth < 5; nth++) {
      await connection.write("x");
      await pause(IDLE_MS / 5);
    }
    expect((await connection.until("bytes")).toString()).toMatch(/^HTTP\/1.1 201 /);
  });
});

describe("3.5.13: a body that may hold a key", () => {
  const JSON_HEAD = ["content-type: application/json", "content-length: 1000"];

  test.each(["in-body.test", "derived.test"])("is not read for a client that names no caller at %s", async (host) => {
    const operation = rig.operation({ host });
    const connection = await sendHead(host, operation.path, JSON_HEAD);
    expect((await connection.until('"caller_missing"')).toString()).toMatch(/^HTTP\/1.1 400 /);
    expect(operation.executions).toBe(0);
  });

  test("is read where anonymous requests are one caller", async () => {
    const operation = rig.operation({ host: "in-body-shared.test" });
    const connection = await sendHead("in-body-shared.test", operation.path, JSON_HEAD);
    expect((await connection.until('"body_timeout"')).toString()).toMatch(/^HTTP\/1.1 408 /);
  });

  test("of another media type has no key, so it passes through without a caller", async () => {
    const operation = rig.operation({ host: "in-body.test", caller: null, headers: OCTETS, body: "x" }, readsAll);
    expect((await operation.ask({ body: "x", headers: OCTETS })).status).toBe(201);
    const { path } = rig.operation({ host: "in-body.test" }, readsAll);
    const connection = await sendHead("in-body.test", path, ["content-type: application/json", "content-length: 0"]);
    expect((await connection.until("0 bytes")).toString()).toMatch(/^HTTP\/1.1 201 /);
  });
});

/** The largest body needs most of the budget, so it is refused where something of the budget is lost. */
async function expectRoom(): Promise<void> {
  const operation = rig.operation({ host: "large.test" }, readsAll);
  const answer = await operation.ask({ body: noise(LARGEST), headers: OCTETS, timeoutMs: 60_000 });
  expect([nameOf(answer), answer.body.toString()]).toEqual(["executed", `${LARGEST} bytes`]);
}

describe("the budget of held bodies", () => {
  const MEGABYTE = noise(1_000_000);
  const PATHS: readonly (readonly [what: string, send: () => Promise<void>])[] = [
    [
      "executed",
      async () => {
        const operation = rig.operation({ host: "plain.test" }, readsAll);
        expect(markOf(await operation.ask({ body: MEGABYTE, headers: OCTETS }))).toBe("executed");
      },
    ],
    [
      "replayed, and then refused as another request",
      async () => {
        const operation = rig.operation({ host: "plain.test" }, readsAll);
        await operation.ask({ body: "x" });
        expect(nameOf(await operation.ask({ body: MEGABYTE, headers: OCTETS }))).toBe("422 key_reused");
      },
    ],
    [
      "joined",
      async () => {
        const release = Promise.withResolvers<void>();
        const operation = rig.operation({ host: "plain.test" }, async (exchange) => {
          await release.promise;
          await readsAll(exchange);
        });
        const ask = { body: MEGABYTE, headers: OCTETS };
        const first = operation.open(ask);
        await operation.arrived();
        const joined = operation.open(ask);
        await joined.written;
        // Calls reach an object in order, so the one before has joined when this one is refused.
        const impatient = { ...ask, headers: [...OCTETS, ["prefer", "wait=0"]] as const };
        expect(nameOf(await operation.ask(impatient))).toBe("409 in_flight");
        release.resolve();
        expect([markOf(await first.answer), markOf(await joined.answer)]).toEqual(["executed", "joined"]);
      },
    ],
    [
      "broken off by the origin",
      async () => {
        const operation = rig.operation({ host: "plain.test" }, ({ response }) => void response.destroy());
        expect(nameOf(await operation.ask({ body: MEGABYTE, headers: OCTETS }))).toBe("502 origin_unreachable");
      },
    ],
    [
      "without a key, passed through",
      async () => {
        const operation = rig.operation({ host: "in-body.test" }, readsAll);
        const json = JSON.stringify({ padding: "x".repeat(900_000) });
        expect((await operation.ask({ json })).status).toBe(201);
      },
    ],
    [
      "without a key, passed through to an origin that is gone",
      async () => {
        const operation = rig.operation({ host: "in-body.test" }, ({ response }) => void response.destroy());
        const json = JSON.stringify({ padding: "x".repeat(900_000) });
        expect((await operation.ask({ json })).status).toBe(502);
      },
    ],
    [
      "observed",
      async () => {
        const operation = rig.operation({ host: "observe.test" }, readsAll);
        expect((await operation.ask({ body: MEGABYTE, headers: OCTETS })).status).toBe(201);
      },
    ],
    [
      "of a client that leaves during its upload",
      async () => {
        const { path } = rig.operation({ host: "plain.test" });
        const connection = await sendHead("plain.test", path, keyed(1_000_000));
        await connection.write(MEGABYTE.subarray(0, 999_000));
        await pause(500);
        connection.reset();
      },
    ],
    [
      "of a client that leaves while it waits",
      async () => {
        const operation = rig.operation({ host: "plain.test" }, () => undefined);
        const exchange = operation.open({ body: MEGABYTE, headers: OCTETS });
        exchange.answer.catch(() => undefined);
        await bodyArrived(operation);
        exchange.hangUp();
      },
    ],
    [
      "one of many small ones, of clients that leave while they wait",
      async () => {
        const operations = Array.from({ length: 12 }, () => rig.operation({ host: "plain.test" }, () => undefined));
        const exchanges = operations.map((operation) => operation.open({ body: noise(60_000), headers: OCTETS }));
        for (const exchange of exchanges) exchange.answer.catch(() => undefined);
        await Promise.all(operations.map(bodyArrived));
        for (const exchange of exchanges) exchange.hangUp();
      },
    ],
    [
      "that ends before its length",
      async () => {
        const { path } = rig.operation({ host: "plain.test" });
        const connection = await sendHead("plain.test", path, keyed(1_000_000));
        await connection.write(MEGABYTE.subarray(0, 999_000));
        connection.socket.end();
        await connection.until('"body_incomplete"');
      },
    ],
    [
      "that takes too long",
      async () => {
        const { path } = rig.operation({ host: "times.test" });
        const connection = await sendHead("times.test", path, keyed(1_000_000));
        await connection.write(MEGABYTE.subarray(0, 999_000));
        await connection.until('"body_timeout"');
      },
    ],
  ];

  const tried = PATHS.filter(([what]) => IS_LONG || SHORT_RUN.includes(what));

  test("is tried by each way of a short run", () => {
    expect(SHORT_RUN.filter((name) => !PATHS.some(([what]) => what === name))).toEqual([]);
  });

  test.each(tried)("gets back every body that is %s", { timeout: 120_000 }, async (_, send) => {
    // In all more than what the largest body leaves free.
    for (let nth = 0; nth < 4; nth++) await Promise.all(Array.from({ length: 8 }, send));
    await expectRoom();
  });

  test(
    "refuses what does not fit before anything runs, and is free again afterwards",
    { timeout: 120_000 },
    async () => {
      const operations = Array.from({ length: 100 }, () => rig.operation({ host: "plain.test" }));
      const uploads = operations.map(async ({ path }) => {
        const connection = await sendHead("plain.test", path, keyed(1_000_000));
        void connection.write(MEGABYTE.subarray(0, 999_000));
        return connection;
      });
      const open = await Promise.all(uploads);
      await expect
        .poll(() => open.filter((connection) => connection.received().includes('"overloaded"')).length, {
          timeout: 30_000,
        })
        .toBeGreaterThan(30);
      for (const connection of open) {
        const answer = connection.received().toString();
        if (answer !== "") expect(answer).toMatch(/^HTTP\/1.1 503 /);
      }
      expect(operations.map(({ executions }) => executions)).toEqual(operations.map(() => 0));
      for (const connection of open) connection.reset();
      await pause(500);
      await expectRoom();
    },
  );
});
