import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nameOf } from "../invariants.ts";
import { count, printTallyAtEnd } from "../tally.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { KeyedClient } from "./keyed-client.ts";
import { type Behaviour, type RawOrigin, startRawOrigin, wellFormed } from "./raw-origin.ts";
import { type SmallDisk, mountSmallDisk } from "./small-disk.ts";

printTallyAtEnd();

/** Far more than any request needs: with as many pages the disk is not full for it. */
const PAGES_MAX = 120;

const mounted = mountSmallDisk();
const whyNot = typeof mounted === "string" ? mounted : null;

let disk: SmallDisk;
let origin: RawOrigin;
let gateway: Gateway;
const clients: KeyedClient[] = [];

beforeAll(async () => {
  if (typeof mounted === "string") return;
  disk = mounted;
  origin = await startRawOrigin();
  const settings = { origin: `http://127.0.0.1:${origin.port}`, caller: [], wait: "5s" };
  gateway = await startGateway({ "*": settings }, disk.folder);
});

afterAll(async () => {
  if (whyNot !== null) return;
  await gateway.stop();
  await origin.stop();
  disk.remove();
});

const answer = (bytes: number): Behaviour => ({
  act: (socket, run) => void socket.write(wellFormed(`run ${run} `.padEnd(bytes, "."))),
});
const undo: Behaviour = {
  ran: false,
  act: (socket) => void socket.write(wellFormed("later", "429 Too Many Requests")),
};

const SCENARIOS: readonly (readonly [name: string, behaviour: Behaviour, succeeds: string])[] = [
  ["a small answer", answer(100), "executed"],
  ["an answer in its row", answer(60_000), "executed"],
  ["an answer in rows of its own", answer(100_000), "executed"],
  ["an attempt that is undone", undo, "released"],
];

describe("P1, P3: a disk that is really full", () => {
  test.each(SCENARIOS)(
    "with each number of free pages, until there is enough for %s",
    async (name, behaviour, succeeds) => {
      const broken: string[] = [];
      for (let pages = 0, first = ""; first !== succeeds; pages++) {
        const client = new KeyedClient(gateway.url, `/${clients.length}`);
        clients.push(client);
        origin.on(client.path, client.history, behaviour);
        disk.leave(pages);
        first = nameOf(await client.ask());
        if (client.mayHaveRun) await client.ask("other");
        disk.free();
        origin.recovers(client.path);
        const retry = nameOf(await client.aftermath());
        count(`the disk is full: ${name}`, retry);
        broken.push(...client.violations().map((violation) => `${pages} pages: ${violation}`));
        expect(pages).toBeLessThan(PAGES_MAX);
      }
      expect(broken).toEqual([]);
    },
  );

  test("and a new process later knows all that was told", async () => {
    await gateway.restart();
    for (const client of clients) await client.aftermath();
    expect(clients.flatMap((client) => client.violations())).toEqual([]);
  });
});
