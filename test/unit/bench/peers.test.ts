import { describe, expect, test } from "vitest";
import { LINES } from "../../../bench/comparison/lines.ts";
import { pictureOf } from "../../../bench/comparison/picture.ts";
import { type ProbedOrigin } from "../../../bench/comparison/probed-origin.ts";
import { type Asked, PROBES, type Peered, type Response, faultsOfProbes } from "../../../bench/comparison/probes.ts";
import { type PeersResult, tableOf } from "../../../bench/comparison/report.ts";

const served = (perSecond: number) => ({ requests: 100, perSecond, p50Ms: 2, p99Ms: 9 });

const RESULT: PeersResult = {
  facts: { date: "2026-11-27T10:00:00.000Z", machine: "2 × CPU", versions: {}, commit: "abc", command: "" },
  settings: { rounds: 3, seconds: 5, warmUpSeconds: 2, connections: 16 },
  redis: false,
  lines: {
    oncegate: { fresh: [served(100), served(200), served(300)], known: [served(900)], faults: [] },
    "oncegate, disk": { fresh: [served(50)], known: [served(800)], faults: [] },
    "node-idempotency": {
      fresh: [served(3000)],
      known: [served(9000)],
      faults: ["another caller's response", "records lost in a crash"],
    },
  },
};
const SHOWN = LINES.filter(({ name }) => name in RESULT.lines);

/** A peer that keeps each response by its key alone, if it keeps any, in front of an origin without a network. */
function peerOf({ keeps }: { readonly keeps: boolean }): Peered {
  const runs = new Map<string, number>();
  const kept = new Map<string, Response>();
  const origin: ProbedOrigin = {
    url: "",
    runsOf: (path) => runs.get(path) ?? 0,
    ran: async () => {},
    stop: async () => {},
  };
  const ask = async ({ path, key }: Asked): Promise<Response> => {
    const known = kept.get(key);
    if (known !== undefined) return known;
    const run = origin.runsOf(path) + 1;
    runs.set(path, run);
    const response = { status: 201, body: `run ${run}`, fields: [`x-charge: ${run}`] };
    if (keeps) kept.set(key, response);
    return response;
  };
  return { origin, ask };
}

describe("the probes", () => {
  test("find what a peer without records does wrong", async () => {
    expect(await faultsOfProbes(peerOf({ keeps: false }))).toEqual([
      "a second execution",
      "a changed response",
      "another request runs beside the first",
      "a retry does not wait for the running request",
      "lost when the client hangs up",
      "a second execution after a broken connection",
    ]);
  });

  test("find what a peer does wrong that looks at the key alone", async () => {
    expect(await faultsOfProbes(peerOf({ keeps: true }))).toEqual([
      "another caller's response",
      "the response to another request",
      "a 503 with Retry-After is kept",
    ]);
  });

  test("have names of their own", () => {
    expect(new Set(PROBES.map(({ name }) => name)).size).toBe(PROBES.length);
  });
});

describe("the peers", () => {
  test("have a line for each store, the fastest first", () => {
    expect(LINES.map(({ name }) => name)).toEqual([
      "oncegate",
      "oncegate, disk",
      "three-calls",
      "three-calls, disk",
      "node-idempotency",
      "node-idempotency-redis",
      "node-idempotency-redis, synced",
      "express-idempotency",
    ]);
  });

  test("make one table, each beside what goes wrong, and with the price of its store", () => {
    const table = tableOf(SHOWN, RESULT);
    expect(table).toContain(
      "| Oncegate | SQLite in memory | 200 |  | 2.0 | 9.0 | 900 | none of these |\n| Oncegate | SQLite on disk | 50 | 0.25 |",
    );
    expect(table).toContain("| 9000 | another caller's response; records lost in a crash |");
    expect(table).toContain("no redis-server on this machine");
    expect(table).toContain("Equal guarantees would take:\n\n- @node-idempotency/core 1.0.11: a store");
  });

  test("make one picture that needs no other file", () => {
    const picture = pictureOf(SHOWN, RESULT);
    expect(picture).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/u);
    expect(picture).toContain("3000, 2 faults");
    expect(picture).toContain("200, no fault");
    expect(picture).toMatch(/<\/svg>\n$/u);
  });
});
