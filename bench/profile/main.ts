// npm run bench:profile [-- --keys known --worker oncegate --seconds 5 --top 40 --json FILE --write]
// Profiles the CPU time: the parts and the hottest functions of Oncegate for each kind of request, with the time of the floor beside
// them, then all functions of --keys by their own time, and including all that they call. --write puts the tables into
// bench/README.md. With another --worker, it prints only that Worker's functions.

import { readFileSync } from "node:fs";
import { beginScript } from "../../scripts/help.ts";
import { README, fillIn } from "../support/document.ts";
import { facts, resultFile, writeJson } from "../support/facts.ts";
import { inspectorAddress } from "../support/inspector.ts";
import { freshKey, post, run } from "../support/load.ts";
import { namesOf, numberOf, parseOptions } from "../support/options.ts";
import { type WorkerName, createRuntime } from "../support/runtime.ts";
import { takeProfile } from "./profiler.ts";
import { KINDS, type Kind, type ProfileResult, tableOf } from "./report.ts";
import { type Profile, busyMs, byFunction, byModule, hottest, modulesIn } from "./sums.ts";

const KNOWN_KEYS = 200;
const FUNCTIONS_KEPT = 100;

beginScript(import.meta.filename);
const values = parseOptions({
  keys: { type: "string", default: "known" },
  worker: { type: "string", default: "oncegate" },
  seconds: { type: "string", default: "5" },
  top: { type: "string", default: "40" },
});
const [asked = "known"] = namesOf("keys", values.keys, Object.keys(KINDS) as Kind[]);
const [worker = "oncegate"] = namesOf("worker", values.worker, [
  "oncegate",
  "guarded",
  "bare-kv",
  "bare",
  "proxy",
] as const);
const top = numberOf("top", values.top, 1);
const settings = { seconds: numberOf("seconds", values.seconds, 1), warmUpSeconds: 3, connections: 16 };

/** The least that does the same for each kind of request. */
const FLOORS = { fresh: "bare-kv", known: "bare-kv", none: "proxy" } as const;

const about = facts();
const runtime = createRuntime();
try {
  const origin = await runtime.startOrigin();
  const taken = worker === "oncegate" ? await allKinds(origin.url) : await profileOf(worker, asked, origin.url);
  printFunctions(taken.profile);
} finally {
  await runtime.close();
}

type Taken = {
  readonly requests: number;
  readonly profile: Profile;
  /** The file of the bundle that ran. */
  readonly script: string;
};

/** Reports all kinds, each after its floor, and returns the profile of the kind that is printed in full. */
async function allKinds(origin: string): Promise<Taken> {
  const profiled: ProfileResult["profiled"][number][] = [];
  let printed: Taken | undefined;
  for (const kind of Object.keys(KINDS) as Kind[]) {
    console.error(`${KINDS[kind]} ...`);
    const floor = await profileOf(FLOORS[kind], kind, origin);
    const taken = await profileOf("oncegate", kind, origin);
    const guarded = await profileOf("guarded", kind, origin);
    const others = {
      floor: { worker: FLOORS[kind], ...timeOf(floor) },
      guarded: { worker: "guarded" as const, ...timeOf(guarded) },
    };
    profiled.push({ kind, ...summaryOf(taken), ...others });
    if (kind === asked) printed = taken;
  }
  const result = { facts: about, settings, profiled };
  writeJson(resultFile("profile", values), result);
  console.log(tableOf(result));
  if (values.write) fillIn(README, "profile", tableOf(result));
  if (printed === undefined) throw new Error(`${asked} was not profiled`);
  return printed;
}

async function profileOf(side: WorkerName, kind: Kind, origin: string): Promise<Taken> {
  const inspector = await inspectorAddress();
  const { url, script, discard } = await runtime.start(side, { origin, storage: "memory", inspector });
  const known = Array.from({ length: KNOWN_KEYS }, freshKey);
  let next = 0;
  const sources = { known: () => known[next++ % known.length] ?? null, fresh: freshKey, none: () => null };
  const load = { url, connections: settings.connections, key: sources[kind] };
  const { profile, loaded } = await takeProfile(inspector, {
    warmUp: async () => {
      if (kind === "known") for (const key of known) await post(url, key);
      await run({ ...load, seconds: settings.warmUpSeconds });
    },
    load: () => run({ ...load, seconds: settings.seconds }),
  });
  await discard();
  return { requests: loaded.requests, profile, script };
}

function timeOf({ requests, profile }: Taken) {
  return { requests, busyMs: busyMs(profile) };
}

function summaryOf(taken: Taken) {
  const { profile, script } = taken;
  const source = readFileSync(script, "utf8");
  const moduleOf = modulesIn(source);
  const code = source.split("\n");
  const modules = byModule(profile, moduleOf);
  if (!modules.some(({ where }) => where.startsWith("src/"))) throw new Error(`nothing of ${script} is in the profile`);
  const functions = hottest(profile, "self").slice(0, FUNCTIONS_KEPT);
  const lines = byFunction(profile, moduleOf, (line) => `\`${code[line]?.trim()}\``).slice(0, FUNCTIONS_KEPT);
  return { ...timeOf(taken), modules, functions, lines };
}

function printFunctions(profile: Profile): void {
  for (const kind of ["self", "total"] as const) {
    console.log(`\n${KINDS[asked]}, ${kind === "self" ? "by their own time" : "with what they call"}, percent`);
    for (const { where, percent } of hottest(profile, kind).slice(0, top)) console.log(percent.toFixed(1), where);
  }
}
