// npm run bench:memory [-- --loads small,large,answers,steady --rounds 2 --share 1 --minutes 10 --turn-seconds 60
//                          --connections 16 --storage memory --json FILE --write]
// Measures the resident memory of the runtime's process and the heap of its isolate: bursts of new keys, and new keys for some minutes,
// for Oncegate and the bare mechanism in turn. --share 0.05 makes each burst smaller, and --turn-seconds each minute shorter.

import { statfsSync } from "node:fs";
import { join } from "node:path";
import { beginScript } from "../../scripts/help.ts";
import { README, fillIn } from "../support/document.ts";
import { facts, resultFile, writeJson } from "../support/facts.ts";
import { namesOf, numberOf, parseOptions } from "../support/options.ts";
import { STORAGES, type StorageName, createRuntime } from "../support/runtime.ts";
import { BURSTS, type Burst, type Held, measureBurst } from "./bursts.ts";
import { type BurstResult, type MemoryResult, leakOf, tableOf } from "./report.ts";
import { measureSteady } from "./steady.ts";

beginScript(import.meta.filename);
const values = parseOptions({
  loads: { type: "string", default: "all" },
  rounds: { type: "string", default: "2" },
  share: { type: "string", default: "1" },
  minutes: { type: "string", default: "10" },
  "turn-seconds": { type: "string", default: "60" },
  connections: { type: "string", default: "16" },
  storage: { type: "string", default: "memory" },
});
const LOADS = [...BURSTS.map(({ name }) => name), "steady"];
const loads = namesOf("loads", values.loads, LOADS);
const [storage = "memory"] = namesOf("storage", values.storage, Object.keys(STORAGES) as StorageName[]);
const share = numberOf("share", values.share, 0.001);
const settings = {
  storage,
  rounds: numberOf("rounds", values.rounds, 1),
  minutes: numberOf("minutes", values.minutes, 2),
  turnSeconds: numberOf("turn-seconds", values["turn-seconds"], 1),
  connections: numberOf("connections", values.connections, 1),
};

/** Of the largest burst, 2.5 GB, and of the records of ten minutes. */
const STORAGE_BYTES = 8e9;
const { bavail, bsize } = statfsSync(STORAGES[storage]);
if (share === 1 && bavail * bsize < STORAGE_BYTES) throw new Error(`${STORAGES[storage]} needs 8 GB of free space`);

const about = facts();
const runtime = createRuntime();
const report = (progress: string): void => console.error(progress);
try {
  const bursts: BurstResult[] = [];
  for (const burst of BURSTS.filter(({ name }) => loads.includes(name))) bursts.push(await roundsOf(smaller(burst)));
  const origin = await runtime.startOrigin();
  const steady = loads.includes("steady") ? await measureSteady(runtime, origin.url, settings, report) : [];
  const result: MemoryResult = { facts: about, settings, bursts, steady };
  writeJson(resultFile("memory", values), result);
  console.log(tableOf(result));
  const leak = leakOf(steady);
  if (leak !== null) throw new Error(`each key leaves ${leak.toFixed(0)} bytes in the heap of Oncegate`);
  if (values.write) fillIn(README, "memory", tableOf(result));
} finally {
  await runtime.close();
}

/** A part of all requests. The names of the rows then say more than was done. */
function smaller(burst: Burst): Burst {
  if (share === 1) return burst;
  const part = (of: number): number => Math.max(1, Math.round(of * share));
  return { ...burst, what: `${burst.what}, × ${share}`, count: part(burst.count) };
}

async function roundsOf(burst: Burst): Promise<BurstResult> {
  const sides = [burst.floor, "oncegate" as const].map((side) => ({ side, rounds: [] as Held[] }));
  for (let round = 1; round <= settings.rounds; round++) {
    for (const { side, rounds } of sides) {
      // A new origin for each: after a broken burst, it would hold requests.
      const origin = await runtime.startOrigin(0, join(import.meta.dirname, "origin.ts"));
      const held = await measureBurst({ runtime, origin: origin.url, storage }, side, burst);
      await origin.stop("at once");
      rounds.push(held);
      const figures = `${held.residentPeak.toFixed(0)} MB resident, ${held.heapPeak.toFixed(0)} MB heap at most`;
      report(`${burst.what}, ${side}, round ${round} of ${settings.rounds}: ${figures}`);
    }
  }
  return { burst, sides };
}
