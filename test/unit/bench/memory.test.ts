import { describe, expect, test } from "vitest";
import { BURSTS, type Held } from "../../../bench/memory/bursts.ts";
import { heapBytesKept, heapBytesPeak } from "../../../bench/memory/heap.ts";
import { type MemoryResult, leakOf, tableOf } from "../../../bench/memory/report.ts";
import { slopeOf } from "../../../bench/memory/steady.ts";
import { type Inspector } from "../../../bench/support/inspector.ts";

const held = (megabytes: number): Held => ({
  refused: 0,
  residentBefore: megabytes,
  residentPeak: 2 * megabytes,
  heapBefore: 1,
  heapPeak: 1.5,
  heapKept: 1.25,
});
/** A process that grows a lot at first, and then by so many bytes for each key. */
const pointsOf = (bytesPerKey: number) =>
  [0, 100, 200, 350, 400].map((keys, at) => ({
    keys,
    residentBytes: at < 2 ? at * 1e6 : 9e6 + keys * bytesPerKey,
    heapBytes: 5e6 + keys * 10,
  }));

const RESULT: MemoryResult = {
  facts: { date: "2026-11-27T10:00:00.000Z", machine: "2 × CPU", versions: {}, commit: "abc", command: "" },
  settings: { rounds: 3, minutes: 10, turnSeconds: 60, connections: 16, storage: "memory" },
  bursts: BURSTS.slice(0, 1).map((burst) => ({
    burst,
    sides: [
      { side: "bare-kv", rounds: [held(60), held(10), held(50)] },
      { side: "oncegate", rounds: [held(70), held(70), held(80)] },
    ],
  })),
  steady: [
    { side: "bare-kv", points: pointsOf(1000), residentPeakMegabytes: 800 },
    { side: "oncegate", points: pointsOf(900), residentPeakMegabytes: 790 },
  ],
};

describe("the memory of both sides", () => {
  test("is one table, with the runtime's, Oncegate's and the difference", () => {
    const table = tableOf(RESULT);
    expect(table).toContain("| 1,000 new keys at once, requests of 1 KB | refused with 503 | 0 | 0 | 0 |");
    expect(table).toContain("|  | resident before, MB | 60.0 | 80.0 | 20.0 |");
    expect(table).toContain("|  | resident at most, MB | 120.0 | 160.0 | 40.0 |");
    expect(table).toContain("|  | heap after it, collected, MB | 1.3 | 1.3 | 0.0 |");
    expect(table).toContain("| new keys for 10 minutes | keys | 400 | 400 | |");
    expect(table).toContain("|  | resident, bytes more for each key | 1000 | 900 | -100 |");
    expect(table).toContain("|  | heap, bytes more for each key | 10 | 10 | 0 |");
  });

  test("leaves out what was not run", () => {
    expect(tableOf({ ...RESULT, steady: [] })).not.toContain("new keys for");
    expect(tableOf({ ...RESULT, bursts: [] })).not.toContain("at once");
  });

  test("shows a leak where each key leaves more in the heap than with the floor", () => {
    expect(leakOf(RESULT.steady)).toBe(null);
    const leaking = pointsOf(900).map(({ keys, residentBytes, heapBytes }) => ({
      keys,
      residentBytes,
      heapBytes: heapBytes + keys * 50,
    }));
    const [floor] = RESULT.steady;
    const ours = { side: "oncegate" as const, points: leaking, residentPeakMegabytes: 790 };
    expect(floor && leakOf([floor, ours])).toBeCloseTo(50);
  });

  test("has a slope of the later half, after the first growth", () => {
    expect(slopeOf(pointsOf(1000), "residentBytes")).toBeCloseTo(1000);
    expect(slopeOf(pointsOf(0), "residentBytes")).toBeCloseTo(0);
  });
});

/** Collects one request later, as the runtime does. */
function inspected(usages: readonly number[]) {
  const calls: string[] = [];
  let waiting: (() => void) | null = null;
  let at = 0;
  const inspector: Inspector = {
    call: async (method) => {
      calls.push(method);
      if (method === "HeapProfiler.collectGarbage") await new Promise<void>((resolve) => (waiting = resolve));
      const usedSize = usages[Math.min(at++, usages.length - 1)];
      return { usedSize, embedderHeapUsedSize: 10, backingStorageSize: 5 };
    },
    close: () => {},
  };
  const poke = async (): Promise<void> => waiting?.();
  return { inspector, poke, calls };
}

describe("the heap", () => {
  test("is read after two collections, each of which needs a request", async () => {
    const { inspector, poke, calls } = inspected([100]);
    expect(await heapBytesKept(inspector, poke)).toBe(115);
    expect(calls).toEqual([
      "Runtime.discardConsoleEntries",
      "HeapProfiler.collectGarbage",
      "HeapProfiler.collectGarbage",
      "Runtime.getHeapUsage",
    ]);
  });

  test("has its most among the samples while work runs", async () => {
    const { inspector } = inspected([100, 700, 300]);
    expect(await heapBytesPeak(inspector, async () => void (await inspector.call("work")))).toBeGreaterThanOrEqual(315);
  });

  test("fails with its work", async () => {
    const { inspector } = inspected([100]);
    await expect(heapBytesPeak(inspector, () => Promise.reject(new Error("refused")))).rejects.toThrow("refused");
  });
});
