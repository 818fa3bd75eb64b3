import { describe, expect, test } from "vitest";
import { type Workload, dynamodbBill, objectBytes, oncegateBill, redisBill } from "../../../bench/cost/model.ts";
import { billed } from "../../../bench/cost/prices.ts";
import { inDollars, inWords, readAmount, readSeconds } from "../../../bench/cost/units.ts";

const HUNDRED: Workload = {
  newKeysPerSecond: 100,
  replaysPerKey: 0,
  originMs: 1000,
  ttlSeconds: 86_400,
  rememberSeconds: 0,
  bodyBytes: 2000,
  features: [],
};

function dollarsOf(bill: ReturnType<typeof oncegateBill>): Record<string, number> {
  return Object.fromEntries(bill.items.map(({ what, dollars }) => [what, Number(dollars.toFixed(2))]));
}

describe("the monthly cost", () => {
  test("bills only usage beyond the plan", () => {
    expect(billed(12, { included: 10, perUnit: 3 })).toBe(6);
    expect(billed(9, { included: 10, perUnit: 3 })).toBe(0);
    expect(oncegateBill({ ...HUNDRED, newKeysPerSecond: 0.1 }).dollars).toBe(5);
  });

  test("is right for a hundred new keys a second", () => {
    // 259.2 million keys: 5 rows written each, and 1.03 s of an object.
    expect(dollarsOf(oncegateBill(HUNDRED))).toEqual({
      "the plan": 5,
      "Worker requests": 74.76,
      "Worker CPU": 9.77,
      "object requests": 77.61,
      "object duration": 422.16,
      "rows written": 1246,
      "rows read": 0,
      storage: 27.31,
      "log lines": 143.52,
    });
  });

  test("includes requests and a little time for a replay, and no written row", () => {
    const without = dollarsOf(oncegateBill(HUNDRED));
    const replayed = dollarsOf(oncegateBill({ ...HUNDRED, replaysPerKey: 1 }));
    expect(replayed["rows written"]).toBe(without["rows written"]);
    expect(replayed["Worker requests"]).toBe(152.52);
    expect(replayed["object requests"]).toBe(116.49);
  });

  test("includes the rows of a large answer", () => {
    const rows = oncegateBill({ ...HUNDRED, bodyBytes: 300_000 }).items.find(({ what }) => what === "rows written");
    expect(rows?.amount).toBe(259_200_000 * (5 + 2));
  });

  test("includes the storage of the live records", () => {
    const day = oncegateBill(HUNDRED).items.find(({ what }) => what === "storage");
    const hour = oncegateBill({ ...HUNDRED, ttlSeconds: 3600 }).items.find(({ what }) => what === "storage");
    expect(day?.amount).toBeCloseTo(141.56, 2);
    expect(hour?.amount).toBeCloseTo(141.56 / 24, 2);
  });

  test("includes two rows, an alarm and the storage of a key that is remembered", () => {
    const without = dollarsOf(oncegateBill(HUNDRED));
    const remembering = dollarsOf(oncegateBill({ ...HUNDRED, rememberSeconds: 30 * 86_400 }));
    expect(remembering).toEqual({
      ...without,
      "rows written": 1246 + 518.4,
      "object requests": 116.49,
      "object duration": 426.31,
      // 12 KB each.
      storage: 664.32,
    });
    const large = oncegateBill({ ...HUNDRED, bodyBytes: 300_000, rememberSeconds: 86_400 });
    expect(large.items.find(({ what }) => what === "rows written")?.amount).toBe(259_200_000 * (5 + 2 + 2 + 2));
  });

  test("includes the line, the point, the rows and the reads of each feature", () => {
    const without = dollarsOf(oncegateBill(HUNDRED));
    const added = (features: Workload["features"]): Record<string, number> =>
      Object.fromEntries(
        Object.entries(dollarsOf(oncegateBill({ ...HUNDRED, features })))
          .map(([what, dollars]) => [what, Number((dollars - (without[what] ?? 0)).toFixed(2))] as const)
          .filter(([, dollars]) => dollars !== 0),
      );
    expect(added(["log-changes"])).toEqual({ "log lines": -143.52 });
    // 10.4 million counts of two kinds, and 51,840 entries of two rows.
    expect(added(["journal"])).toEqual({ "object requests": 1.56, "rows written": 20.84 });
    expect(added(["analytics"])).toEqual({ "data points": 62.3 });
    // 1.7 million reads are included in the plan.
    expect(added(["kv"])).toEqual({});
    expect(oncegateBill({ ...HUNDRED, features: ["kv"] }).items.find(({ what }) => what === "KV reads")?.amount).toBe(
      1_728_000,
    );
    expect(added(["rate-limit"])).toEqual({});
  });

  test.each([
    [0, 12_288],
    [200, 12_288],
    [400, 16_384],
    [4000, 16_384],
    [6000, 20_480],
    [8000, 20_480],
    [12_000, 24_576],
    [60_000, 73_728],
  ])("counts an object with an answer of %i bytes as %i bytes", (bodyBytes, expected) => {
    expect(objectBytes(bodyBytes)).toBe(expected);
  });
});

describe("the cost of alternatives for the same records", () => {
  test("includes memory for all records in Redis", () => {
    // 8.64 million records of 2,700 bytes, and 3.7 units for each new key.
    expect(dollarsOf(redisBill(HUNDRED))).toEqual({ memory: 1410.88, "processing units": 2.21 });
    expect(dollarsOf(redisBill({ ...HUNDRED, newKeysPerSecond: 0.001 }))["memory"]).toBe(6.05);
  });

  test("is by the written kilobyte in DynamoDB", () => {
    // 1 unit to take the key, 3 to store 2,700 bytes.
    expect(dollarsOf(dynamodbBill(HUNDRED))).toEqual({ "write units": 648, "read units": 0, storage: 0 });
    expect(dollarsOf(dynamodbBill({ ...HUNDRED, replaysPerKey: 1 }))).toEqual({
      "write units": 1134,
      "read units": 32.4,
      storage: 0,
    });
  });
});

describe("quantities", () => {
  test.each([
    ["300ms", 0.3],
    ["90s", 90],
    ["24h", 86_400],
    ["7d", 604_800],
    ["24", undefined],
    ["a day", undefined],
  ])("parses %s as seconds", (text, seconds) => {
    expect(readSeconds(text)).toBe(seconds);
  });

  test.each([
    ["500", 500],
    ["2k", 2000],
    ["2KB", 2000],
    ["1.5m", 1_500_000],
    ["120m", 120_000_000],
    ["-1", undefined],
    ["2g", undefined],
    ["1b", undefined],
  ])("parses %s as an amount", (text, bytes) => {
    expect(readAmount(text)).toBe(bytes);
  });

  test("formats large amounts in words", () => {
    expect([1_296_000_000, 120_000_000, 25_920, 46.296].map(inWords)).toEqual([
      "1.30 billion",
      "120.0 million",
      "25,920",
      "46.3",
    ]);
    expect(inDollars(10_650.678)).toBe("$10,650.68");
    expect(inDollars(-0.512)).toBe("-$0.51");
  });
});
