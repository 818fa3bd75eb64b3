import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pictureOf } from "../../../bench/gateway/picture.ts";
import { type BenchResult, ratioOf, summaryOf, tableOf } from "../../../bench/gateway/report.ts";
import { FIRST_PAGE, README, fillIn } from "../../../bench/support/document.ts";
import { resultFile } from "../../../bench/support/facts.ts";
import { assertWritable, namesOf, numberOf } from "../../../bench/support/options.ts";
import { quantile, spreadOf } from "../../../bench/support/statistics.ts";

const round = (perSecond: number, cpuMsPerRequest: number) => {
  return { perSecond, cpuMsPerRequest, requests: 100, p50Ms: 2, p99Ms: 9, busy: 1 };
};

const RESULT: BenchResult = {
  facts: {
    date: "2026-11-27T10:00:00.000Z",
    machine: "2 × CPU",
    versions: { node: "v24" },
    commit: "abc",
    command: "",
  },
  settings: { rounds: 3, seconds: 6, warmUpSeconds: 3, connections: 16 },
  cases: [
    {
      name: "new",
      what: "a new key",
      storage: "memory",
      connections: 16,
      bars: { perSecond: 0.9, cpuMsPerRequest: 1.2, p50Ms: 1.1 },
      sides: [
        { worker: "bare-kv", rounds: [round(100, 2), round(200, 2), round(100, 1)] },
        { worker: "guarded", rounds: [round(90, 2), round(90, 2), round(90, 2)] },
        { worker: "oncegate", rounds: [round(95, 3), round(100, 3), round(96, 3)] },
      ],
    },
  ],
};

describe("figures of several rounds", () => {
  test("are summarized by their median and their spread", () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, from: 1, to: 3 });
    expect([0, 0.5, 0.99, 1].map((share) => quantile([4, 3, 2, 1], share))).toEqual([1, 2, 4, 4]);
    expect(quantile([], 0.5)).toBeNaN();
  });

  test("are compared within the same round", () => {
    const [one] = RESULT.cases;
    expect(one && ratioOf(one, "perSecond")).toEqual({ median: 0.95, from: 0.5, to: 0.96 });
    expect(one && ratioOf(one, "cpuMsPerRequest")).toEqual({ median: 1.5, from: 1.5, to: 3 });
  });

  test("make a table with the target and the context of the measurement", () => {
    const table = tableOf(RESULT);
    expect(table).toContain("| a new key | memory | bare-kv | 100 | 2.0 | 9.0 | 2.00 |  |  |  |");
    expect(table).toContain("|  |  | guarded | 90 | 2.0 | 9.0 | 2.00 | **0.90** (0.45–0.90) | **1.00** (1.00–1.00) |");
    expect(table).toContain("|  |  | oncegate | 96 | 2.0 | 9.0 | 3.00 | **0.95** (0.50–0.96); meets 0.9 |");
    expect(table).toContain("| **1.00** (1.00–1.00); meets 1.1 | **1.50** (1.50–3.00); above 1.2 |");
    expect(table).toContain("2026-11-27, 2 × CPU; node v24; commit abc");
  });

  test("make a small table for the first page", () => {
    const alone = { name: "new-alone", what: "a new key, one request at a time", bars: {} };
    const cases = RESULT.cases.flatMap((one) => [one, { ...one, ...alone }, { ...one, storage: "disk" as const }]);
    expect(summaryOf({ ...RESULT, cases })).toBe(
      `| times a minimal Worker's | processor time | throughput | median, one at a time |
|---|---|---|---|
| a new key | 1.50 | 0.95 | 1.00 |
| replay |  |  |  |
| keyless |  |  |  |

\`npm run bench\`, 2026-11-27, 2 × CPU; storage in memory.`,
    );
  });

  test("make a picture that needs no other file", () => {
    const picture = pictureOf(RESULT);
    expect(picture).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/u);
    expect(picture).toContain("Throughput of Oncegate, as a share of the bare mechanism's");
    expect(picture).toContain("a new key, memory");
    expect(picture).toContain("2026-11-27");
    expect(picture).toMatch(/<\/svg>\n$/u);
  });
});

describe("a document", () => {
  let file = "";
  beforeAll(() => {
    file = join(mkdtempSync(join(tmpdir(), "oncegate-bench-test-")), "README.md");
  });
  afterAll(() => rmSync(join(file, ".."), { recursive: true }));

  test("gets the results between its markers, and stays the same elsewhere", () => {
    writeFileSync(file, "before\n<!-- a: begin -->\n<!-- a: end -->\n<!-- b: begin -->\nkept\n<!-- b: end -->\n");
    fillIn(file, "a", "first");
    fillIn(file, "a", "second");
    expect(readFileSync(file, "utf8")).toBe(
      "before\n<!-- a: begin -->\n\nsecond\n\n<!-- a: end -->\n<!-- b: begin -->\nkept\n<!-- b: end -->\n",
    );
    expect(() => fillIn(file, "c", "x")).toThrow("has no place for c");
  });

  test("has markers for all results", () => {
    const placesIn = (file: string): string[] =>
      [...readFileSync(file, "utf8").matchAll(/<!-- (\w+): begin -->[^]*<!-- \1: end -->/gu)].map(
        ([, name = ""]) => name,
      );
    expect(placesIn(FIRST_PAGE)).toEqual(["bench"]);
    expect(placesIn(README)).toEqual([
      "bench",
      "profile",
      "operations",
      "memory",
      "bodies",
      "growth",
      "peers",
      "startup",
    ]);
  });

  test("is written by runs with the default settings only", () => {
    const options = { rounds: { default: "9" }, cases: { default: "new,replay" }, json: {}, write: { default: false } };
    const write = (changed: object) => () =>
      assertWritable({ rounds: "9", cases: "new,replay", write: true, ...changed }, options);
    expect(write({})).not.toThrow();
    expect(write({ rounds: "8" })).toThrow("--write is for the default settings, without --rounds");
    expect(write({ cases: "new,new" })).toThrow("--cases");
    expect(write({ json: "figures.json" })).toThrow("--json");
    expect(write({ write: false, rounds: "1" })).not.toThrow();
  });

  test("is not changed by a run without --write", () => {
    expect(resultFile("bench", { write: true })).toMatch(/bench\/results\/bench\.json$/u);
    expect(resultFile("bench", { write: false })).toMatch(/bench\/results\/looks\/bench\.json$/u);
    expect(resultFile("bench", { json: "mine.json", write: true })).toBe("mine.json");
  });
});

describe("options", () => {
  test("are validated before anything runs", () => {
    expect(numberOf("rounds", "5", 1)).toBe(5);
    expect(() => numberOf("rounds", "0", 1)).toThrow("--rounds must be a number of at least 1, not 0");
    expect(() => numberOf("rounds", "many", 1)).toThrow("--rounds must be a number of at least 1, not many");
    expect(namesOf("cases", "b, a", ["a", "b"])).toEqual(["b", "a"]);
    expect(namesOf("cases", "all", ["a", "b"])).toEqual(["a", "b"]);
    expect(() => namesOf("cases", "c", ["a", "b"])).toThrow('--cases: "c" is not one of a, b');
  });
});
