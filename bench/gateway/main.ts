// npm run bench [-- --rounds 9 --seconds 2 --warm-up 1 --connections 16 --cases new,replay --storages memory,disk
//                   --json FILE --write]
// Measures the cost of Oncegate over a minimal Worker for the same task. --write puts table and picture into bench/README.md, and a
// smaller table into the first page; only a run of all that is measured by default may do so.

import { writeFileSync } from "node:fs";
import { beginScript } from "../../scripts/help.ts";
import { FIRST_PAGE, README, fillIn } from "../support/document.ts";
import { facts, resultFile, writeJson } from "../support/facts.ts";
import { freshKey, run } from "../support/load.ts";
import { namesOf, numberOf, parseOptions } from "../support/options.ts";
import { STORAGES, type StorageName, createRuntime } from "../support/runtime.ts";
import { BY_DEFAULT, CASES, type Case } from "./cases.ts";
import { type Measured, type Settings, measure } from "./measure.ts";
import { pictureOf } from "./picture.ts";
import { type CaseResult, summaryOf, tableOf } from "./report.ts";

const SHOWN = "The throughput of Oncegate as a share of what the bare mechanism serves, case by case";

beginScript(import.meta.filename);
const values = parseOptions({
  rounds: { type: "string", default: "9" },
  seconds: { type: "string", default: "2" },
  "warm-up": { type: "string", default: "1" },
  connections: { type: "string", default: "16" },
  cases: { type: "string", default: BY_DEFAULT.join(",") },
  storages: { type: "string", default: "all" },
});

/** The origin alone must serve this many times the throughput that is measured with a gateway in front of it. */
const ORIGIN_HEADROOM = 2;

const settings: Settings = {
  rounds: numberOf("rounds", values.rounds, 1),
  seconds: numberOf("seconds", values.seconds, 1),
  warmUpSeconds: numberOf("warm-up", values["warm-up"], 1),
  connections: numberOf("connections", values.connections, 1),
};
const names = namesOf(
  "cases",
  values.cases,
  CASES.map(({ name }) => name),
);
const storages = namesOf("storages", values.storages, Object.keys(STORAGES) as StorageName[]);

const about = facts();
const runtime = createRuntime();
try {
  const origin = await runtime.startOrigin();
  const alone = await run({ url: origin.url, connections: settings.connections, seconds: 3, key: freshKey });
  console.error(`the origin alone: ${alone.perSecond.toFixed(0)} per second`);
  const cases: CaseResult[] = [];
  for (const one of CASES.filter(({ name }) => names.includes(name))) {
    for (const storage of one.storages.filter((name) => storages.includes(name))) {
      cases.push(await roundsOf(one, storage, origin.url));
    }
  }
  const fastest = Math.max(...cases.flatMap(({ sides }) => sides.flatMap(({ rounds }) => rounds)).map(perSecondOf));
  const result = { facts: about, settings, originAlonePerSecond: alone.perSecond, cases };
  if (alone.perSecond < ORIGIN_HEADROOM * fastest) {
    // A look is left, so that the run is not lost.
    writeJson(resultFile("bench", { json: values.json, write: false }), result);
    throw new Error(`the origin alone serves ${alone.perSecond.toFixed(0)} a second: too little for a measurement`);
  }
  const file = resultFile("bench", values);
  writeJson(file, result);
  writeFileSync(file.replace(/(\.json)?$/, ".svg"), pictureOf(result));
  console.log(tableOf(result));
  if (values.write) {
    fillIn(README, "bench", `${tableOf(result)}\n\n![${SHOWN}](results/bench.svg)`);
    fillIn(FIRST_PAGE, "bench", `${summaryOf(result)}\n\n![Throughput, case by case](bench/results/bench.svg)`);
  }
} finally {
  await runtime.close();
}

function perSecondOf({ perSecond }: Measured): number {
  return perSecond;
}

/** All sides in turn, so that slow phases of the machine affect them alike. */
async function roundsOf(one: Case, storage: StorageName, origin: string): Promise<CaseResult> {
  const sides = one.sides.map((worker) => ({ worker, rounds: [] as Measured[] }));
  const place = { runtime, origin, case: one, storage };
  for (let round = 1; round <= settings.rounds; round++) {
    for (const { worker, rounds } of sides) rounds.push(await measure({ ...place, side: worker }, settings));
    const figures = sides.map(({ worker, rounds }) => `${worker} ${rounds.at(-1)?.perSecond.toFixed(0)}`).join(", ");
    console.error(`${one.name}, ${storage}, round ${round} of ${settings.rounds}: ${figures} per second`);
  }
  const { name, what, bars } = one;
  return { name, what, storage, connections: one.connections ?? settings.connections, bars, sides };
}
