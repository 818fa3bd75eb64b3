import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nameOf } from "../workerd/invariants.ts";
import { count, printTallyAtEnd } from "../workerd/tally.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { KeyedClient } from "./keyed-client.ts";
import { type Behaviour, type RawOrigin, startRawOrigin, wellFormed } from "./raw-origin.ts";
import { type SmallDisk, mountSmallDisk } from "./small-disk.ts";

printTallyAtEnd("disk");

/** Far more than any request needs: with as many pages the disk is not full for it. */
const PAGES_MAX = 150;

const mounted = mountSmallDisk();
const whyNot = typeof mounted === "string" ? `a file system can't be mounted here: ${mounted}` : null;

interface Rig {
  readonly disk: SmallDisk;
  readonly origin: RawOrigin;
  readonly gateway: Gateway;
}

let rig: Rig | null = null;
const clients: KeyedClient[] = [];

beforeAll(async () => {
  if (typeof mounted === "string") return;
  const origin = await startRawOrigin();
  const settings = { origin: `http://127.0.0.1:${origin.port}`, caller: [], wait: "5s" };
  rig = { disk: mounted, origin, gateway: await startGateway({ "*": settings }, mounted.folder) };
});

afterAll(async () => {
  await rig?.gateway.stop();
  await rig?.origin.stop();
  if (typeof mounted !== "string") mounted.remove();
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

/** One request while `pages` are free. Names the first answer, and what a retry meets when there is room again. */
async function strike({ disk, origin, gateway }: Rig, behaviour: Behaviour, pages: number) {
  const client = new KeyedClient(gateway.url, `/${clients.length}`);
  clients.push(client);
  origin.on(client.path, client.history, behaviour);
  disk.leave(pages);
  const first = nameOf(await client.ask());
  disk.free();
  origin.recovers(client.path);
  return { first, retry: nameOf(await client.aftermath()), violations: client.violations() };
}

describe("P1, P3: a disk that is really full", () => {
  test.for(SCENARIOS)(
    "for %s, page by page, until there is room enough",
    async ([name, behaviour, succeeds], { skip }) => {
      if (rig === null) return skip(whyNot ?? "");
      const broken: string[] = [];
      for (let pages = 0, done = false; !done; pages++) {
        expect(pages).toBeLessThan(PAGES_MAX);
        const { first, retry, violations } = await strike(rig, behaviour, pages);
        count(`the disk is full, ${name}`, retry);
        broken.push(...violations.map((violation) => `${pages} pages: ${violation}`));
        done = first === succeeds;
      }
      expect(broken).toEqual([]);
    },
  );

  test("a new process knows all that clients have seen before", async ({ skip }) => {
    if (rig === null) return skip(whyNot ?? "");
    await rig.gateway.restart();
    for (const client of clients) {
      const retry = await client.aftermath();
      count("the disk was full, and then the process died", nameOf(retry));
    }
    expect(clients.flatMap((client) => client.violations())).toEqual([]);
  });
});
