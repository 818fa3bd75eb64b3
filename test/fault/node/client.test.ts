import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RawConnection, connectRaw } from "../../conformance/raw-client.ts";
import { nameOf } from "../workerd/invariants.ts";
import { count, printTallyAtEnd } from "../workerd/tally.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { KeyedClient } from "./keyed-client.ts";
import { type RawOrigin, held, startRawOrigin, wellFormed } from "./raw-origin.ts";

printTallyAtEnd("client");

const LARGE_BYTES = 5_000_000;
const LARGE = wellFormed("run 1 ".padEnd(LARGE_BYTES, "."));

let origin: RawOrigin;
let gateway: Gateway;
let paths = 0;

beforeAll(async () => {
  origin = await startRawOrigin();
  const routes = [{ match: "POST /tombstone/:n", max_response_bytes: 1000 }];
  gateway = await startGateway({
    "*": { origin: `http://127.0.0.1:${origin.port}`, caller: ["authorization"], wait: "10s", routes },
  });
});

afterAll(async () => {
  await gateway.stop();
  await origin.stop();
});

/** How a client leaves. One that half-closes still reads. */
const ENDINGS: readonly (readonly [how: string, end: (connection: RawConnection) => void])[] = [
  ["resets", ({ socket }) => void socket.resetAndDestroy()],
  ["closes", ({ socket }) => void socket.destroy()],
  ["half-closes", ({ socket }) => void socket.end()],
];

function clientAt(folder = "plain"): KeyedClient {
  return new KeyedClient(gateway.url, `/${folder}/${paths++}`);
}

async function sendWhole({ raw }: KeyedClient): Promise<RawConnection> {
  const connection = await connectRaw(gateway.url);
  await connection.write(`${raw.head}content-length: ${raw.body.length}\r\n\r\n${raw.body}`);
  return connection;
}

/** The parts of a request, in chunks or by length, of which only those before the end are sent. */
const UNFINISHED: readonly (readonly [where: string, bytes: (client: KeyedClient) => string])[] = [
  ["in the middle of the head", ({ raw }) => raw.head],
  ["behind the head", ({ raw }) => `${raw.head}content-length: ${raw.body.length}\r\n\r\n`],
  [
    "in the middle of the body",
    ({ raw }) => `${raw.head}content-length: ${raw.body.length}\r\n\r\n${raw.body.slice(0, 5)}`,
  ],
  [
    "one byte before the end",
    ({ raw }) => `${raw.head}content-length: ${raw.body.length}\r\n\r\n${raw.body.slice(0, -1)}`,
  ],
  [
    "in the middle of a chunk",
    ({ raw }) => `${raw.head}transfer-encoding: chunked\r\n\r\n40\r\n${raw.body.slice(0, 5)}`,
  ],
  [
    "before the last chunk",
    ({ raw }) => `${raw.head}transfer-encoding: chunked\r\n\r\n${raw.body.length.toString(16)}\r\n${raw.body}\r\n`,
  ],
];

describe.each(ENDINGS)("P1, P3: a client that %s", (how, end) => {
  test.each(UNFINISHED)("%s has sent nothing, and the origin gets nothing", async (where, bytes) => {
    const client = clientAt();
    origin.on(client.path, client.history);
    const connection = await connectRaw(gateway.url);
    await connection.write(bytes(client));
    end(connection);
    // A client that still reads sees the refusal, if there was a head to answer to.
    if (how === "half-closes" && where !== "in the middle of the head") {
      expect((await connection.closed()).toString("latin1")).toMatch(/^HTTP\/1.1 400 .*"code":"body_incomplete"/s);
    }
    const retry = nameOf(await client.aftermath());
    count(`the client ${how} before its request is complete`, retry);
    expect([retry, client.violations()]).toEqual(["executed", []]);
    expect(origin.received.get(client.key)).toBe(1);
  });

  test("as soon as all is sent has its request executed once, if at all", async () => {
    const client = clientAt();
    origin.on(client.path, client.history);
    end(await sendWhole(client));
    const retry = nameOf(await client.aftermath());
    count(`the client ${how} behind its request`, retry);
    expect(["executed", "joined", "replayed"]).toContain(retry);
    expect(client.violations()).toEqual([]);
    expect(origin.received.get(client.key)).toBe(1);
  });

  test("while the origin works changes nothing", async () => {
    const client = clientAt();
    const { behaviour, release } = held(wellFormed("run 1"));
    origin.on(client.path, client.history, behaviour);
    const connection = await sendWhole(client);
    await origin.arrived(client.path);
    end(connection);
    const joined = client.open();
    await joined.written;
    release();
    client.see(await joined.answer);
    const retry = nameOf(await client.aftermath());
    count(`the client ${how} while the origin works`, retry);
    expect([retry, client.violations()]).toEqual(["replayed", []]);
    expect(origin.received.get(client.key)).toBe(1);
  });

  test("while it waits for another's attempt leaves the other alone", async () => {
    const client = clientAt();
    const { behaviour, release } = held(wellFormed("run 1"));
    origin.on(client.path, client.history, behaviour);
    const first = client.open();
    await origin.arrived(client.path);
    end(await sendWhole(client));
    release();
    expect(client.see(await first.answer)).toMatchObject({ mark: "executed", content: "run 1" });
    const retry = nameOf(await client.aftermath());
    count(`the client ${how} while it waits for another's attempt`, retry);
    expect([retry, client.violations()]).toEqual(["replayed", []]);
  });

  test.each([
    ["an answer", "plain", "executed", "replayed"],
    ["a replayed answer", "plain", "replayed", "replayed"],
    ["an answer that is too large to keep", "tombstone", "executed", "409 replay_unavailable"],
  ])("in the middle of %s, which it reads slowly, changes nothing", async (what, folder, mark, expected) => {
    const client = clientAt(folder);
    origin.on(client.path, client.history, { act: (socket) => void socket.write(LARGE) });
    if (mark === "replayed") await client.ask();
    const connection = await sendWhole(client);
    const head = (await connection.until(`idempotency-status: ${mark}`)).toString("latin1");
    connection.socket.pause();
    expect(head).toContain("HTTP/1.1 201 Created");
    end(connection);
    const retry = nameOf(await client.aftermath());
    connection.socket.destroy();
    count(`the client ${how} in the middle of ${what}`, retry);
    expect([retry, client.violations({ keepsAnswer: folder === "plain" })]).toEqual([expected, []]);
    expect(origin.received.get(client.key)).toBe(1);
  });
});
