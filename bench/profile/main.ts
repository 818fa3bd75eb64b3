// npm run bench:profile [-- --keys known --worker oncegate --seconds 5 --top 40 --json FILE --write]
// Profiles the CPU time: the parts of Oncegate for each kind of request, then the functions by their own time,
// and including all that they call. --write puts the table of parts into bench/README.md.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { beginScript } from "../../scripts/help.ts";
import { README, fillIn } from "../support/document.ts";
import { facts, resultFile, writeJson } from "../support/facts.ts";
import { freshKey, post, run } from "../support/load.ts";
import { namesOf, numberOf } from "../support/options.ts";
import { createRuntime } from "../support/runtime.ts";
import { takeProfile } from "./profiler.ts";
import { KINDS, type Kind, tableOf } from "./report.ts";
import { type Profile, busyMs, byModule, hottest, modulesIn } from "./sums.ts";

const INSPECTOR = "127.0.0.1:19229";
const KNOWN_KEYS = 200;
const FUNCTIONS_KEPT = 100;

beginScript(import.meta.filename);
const { values } = parseArgs({
  options: {
    keys: { type: "string", default: "known" },
    worker: { type: "string", default: "oncegate" },
    seconds: { type: "string", default: "5" },
    top: { type: "string", default: "40" },
    json: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const [asked = "known"] = namesOf("keys", values.keys, Object.keys(KINDS) as Kind[]);
const [worker = "oncegate"] = namesOf("worker", values.worker, ["oncegate", "bare-kv", "bare", "proxy"] as const);
const top = numberOf("top", values.top, 1);
const settings = { seconds: numberOf("seconds", values.seconds, 1), warmUpSeconds: 3, connections: 16 };
if (values.write && worker !== "oncegate") throw new Error("--write is for Oncegate, whose parts are known");

const about = facts();
const runtime = createRuntime();
try {
  const origin = await runtime.startOrigin();
  const kinds = worker === "oncegate" ? (Object.keys(KINDS) as Kind[]) : [asked];
  const taken: Taken[] = [];
  for (const kind of kinds) taken.push(await profileOf(kind, origin.url));
  if (worker === "oncegate") report(taken);
  for (const { kind, profile } of taken) if (kind === asked) printFunctions(profile);
} finally {
  await runtime.close();
}

type Taken = {
  readonly kind: Kind;
  readonly requests: number;
  readonly profile: Profile;
  /** The file of the bundle that ran. */
  readonly script: string;
};

async function profileOf(kind: Kind, origin: string): Promise<Taken> {
  const { url, script, discard } = await runtime.start(worker, { origin, storage: "memory", inspector: INSPECTOR });
  const known = Array.from({ length: KNOWN_KEYS }, freshKey);
  let next = 0;
  const sources = { known: () => known[next++ % known.length] ?? null, fresh: freshKey, none: () => null };
  const load = { url, connections: settings.connections, key: sources[kind] };
  const { profile, loaded } = await takeProfile(INSPECTOR, {
    warmUp: async () => {
      if (kind === "known") for (const key of known) await post(url, key);
      await run({ ...load, seconds: settings.warmUpSeconds });
    },
    load: () => run({ ...load, seconds: settings.seconds }),
  });
  await discard();
  return { kind, requests: loaded.requests, profile, script };
}

function report(taken: readonly Taken[]): void {
  const profiled = taken.map(({ kind, requests, profile, script }) => {
    const modules = byModule(profile, modulesIn(readFileSync(script, "utf8")));
    if (!modules.some(({ where }) => where.startsWith("src/")))
      throw new Error(`nothing of ${script} is in the profile`);
    const functions = hottest(profile, "self").slice(0, FUNCTIONS_KEPT);
    return { kind, requests, busyMs: busyMs(profile), modules, functions };
  });
  const result = { facts: about, settings, profiled };
  writeJson(resultFile("profile", values), result);
  console.log(tableOf(result));
  if (values.write) fillIn(README, "profile", tableOf(result));
}

function printFunctions(profile: Profile): void {
  for (const kind of ["self", "total"] as const) {
    console.log(`\n${KINDS[asked]}, ${kind === "self" ? "by their own time" : "with what they call"}, percent`);
    for (const { where, percent } of hottest(profile, kind).slice(0, top)) console.log(percent.toFixed(1), where);
  }
}
