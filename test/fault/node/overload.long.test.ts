import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { printFigures } from "../../support/figures.ts";
import { type Seen, nameOf } from "../workerd/invariants.ts";
import { count, printTallyAtEnd } from "../workerd/tally.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { KeyedClient } from "./keyed-client.ts";
import { peakMegabytes } from "./memory.ts";
import { type RawOrigin, held, startRawOrigin, wellFormed } from "./raw-origin.ts";

printTallyAtEnd("overload");

/** Each object that lives has a database of its own, of some 0.4 MB of memory; 2,000 live at once. */
const PEAK_MEGABYTES_MAX = 1500;
/** Two cores need 12 s for 2,000 keys, and minutes where both are busy with other work. */
const ASK = { timeoutMs: 240_000 };

let origin: RawOrigin;
let gateway: Gateway;

beforeAll(async () => {
  origin = await startRawOrigin();
  const settings = { caller: ["authorization"], wait: "60s", origin_timeout: "200s" };
  gateway = await startGateway({ "*": { origin: `http://127.0.0.1:${origin.port}`, ...settings } });
});

afterAll(async () => {
  await gateway.stop();
  await origin.stop();
});

/** The most memory that the process has held, in MB. */
function printMemory(name: string, beforeMegabytes: number | null): void {
  printFigures({ name, beforeMegabytes, peakMegabytes: peakMegabytes(gateway.folder) });
}

/** How often each answer was given. */
function tallied(seen: readonly Seen[]): Record<string, number> {
  const tally: Record<string, number> = {};
  for (const name of seen.map(nameOf)) tally[name] = (tally[name] ?? 0) + 1;
  return tally;
}

describe("P1, P7: overload", () => {
  test("executes each of 2,000 keys that come at once, and answers nobody with another's answer", async () => {
    const before = peakMegabytes(gateway.folder);
    const clients = Array.from({ length: 2000 }, (_, n) => new KeyedClient(gateway.url, `/many/${n}`, ASK));
    for (const { path, history } of clients) {
      origin.on(path, history, { act: (socket) => void socket.write(wellFormed(`the answer at ${path}`)) });
    }
    const seen = await Promise.all(clients.map((client) => client.ask()));
    printMemory("many-keys", before);
    expect(tallied(seen)).toEqual({ executed: 2000 });
    expect(seen.map(({ content }) => content)).toEqual(clients.map(({ path }) => `the answer at ${path}`));
    for (const client of clients) client.history.push({ what: "healed" });
    const retries = await Promise.all(clients.map((client) => client.ask()));
    for (const retry of retries) count("2,000 keys at once", nameOf(retry));
    expect(clients.flatMap((client) => client.violations())).toEqual([]);
    expect(clients.map(({ key }) => origin.received.get(key))).toEqual(clients.map(() => 1));
    expect(peakMegabytes(gateway.folder)).toSatisfy((peak) => peak === null || Number(peak) < PEAK_MEGABYTES_MAX);
  }, 600_000);

  test("executes one key of 1,500 requests once, lets 1,000 wait and refuses the rest and all other bodies", async () => {
    const before = peakMegabytes(gateway.folder);
    const client = new KeyedClient(gateway.url, "/storm", ASK);
    const { behaviour, release } = held(wellFormed("run 1"));
    origin.on(client.path, client.history, behaviour);
    const asked = Array.from({ length: 1500 }, async () => client.see(await client.open().answer));
    const others = Array.from({ length: 200 }, () => client.ask("other"));
    // When all who can't wait are sent away, all who can have arrived.
    let sentAway = 0;
    for (const one of asked) void one.then(({ code }) => code === "in_flight" && ++sentAway === 499 && release());
    const seen = await Promise.all(asked);
    expect(tallied(seen)).toEqual({ executed: 1, joined: 1000, "409 in_flight": 499 });
    expect(tallied(await Promise.all(others))).toEqual({ "422 key_reused": 200 });
    printMemory("one-key", before);
    for (const one of seen) count("1,500 requests at once for one key, at first", nameOf(one));
    count("1,500 requests at once for one key", nameOf(await client.aftermath()));
    expect(client.violations()).toEqual([]);
    expect(origin.received.get(client.key)).toBe(1);
    expect(peakMegabytes(gateway.folder)).toSatisfy((peak) => peak === null || Number(peak) < PEAK_MEGABYTES_MAX);
  }, 600_000);
});
