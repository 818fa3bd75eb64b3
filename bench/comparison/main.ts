// npm run bench:peers [-- --rounds 3 --seconds 5 --warm-up 2 --connections 16 --peers all --skip-faults --json FILE --write]
// Compares the throughput of Oncegate and its alternatives, with the same origin and load, beside what goes wrong with each.

import { writeFileSync } from "node:fs";
import { beginScript } from "../../scripts/help.ts";
import { README, fillIn } from "../support/document.ts";
import { facts, resultFile, writeJson } from "../support/facts.ts";
import { type Served, freshKey, post, run } from "../support/load.ts";
import { namesOf, numberOf, parseOptions } from "../support/options.ts";
import { createRuntime } from "../support/runtime.ts";
import { faultsOf } from "./faults.ts";
import { installPeers } from "./install.ts";
import { LINES, type Line } from "./lines.ts";
import { PEERS } from "./peers.ts";
import { pictureOf } from "./picture.ts";
import { tableOf } from "./report.ts";
import { hasRedis, startPeer } from "./start.ts";

const KNOWN_KEYS = 200;
const SHOWN = "New keys per second of each peer, and how many of the named faults it has";

beginScript(import.meta.filename);
const values = parseOptions({
  rounds: { type: "string", default: "3" },
  seconds: { type: "string", default: "5" },
  "warm-up": { type: "string", default: "2" },
  connections: { type: "string", default: "16" },
  peers: { type: "string", default: "all" },
  "skip-faults": { type: "boolean", default: false },
});
const settings = {
  rounds: numberOf("rounds", values.rounds, 1),
  seconds: numberOf("seconds", values.seconds, 1),
  warmUpSeconds: numberOf("warm-up", values["warm-up"], 1),
  connections: numberOf("connections", values.connections, 1),
};
const names = namesOf(
  "peers",
  values.peers,
  PEERS.map(({ name }) => name),
);

installPeers();
const redis = hasRedis();
if (!redis) console.error("redis-server is not installed, so its peers are left out");
if (!redis && values.write) throw new Error("--write is for all peers, and one needs redis-server");
const lines = LINES.filter(
  ({ peer: { name, runs } }) => names.includes(name) && (redis || runs.on !== "node" || !runs.redis),
);

const about = facts();
const runtime = createRuntime();
try {
  const origin = await runtime.startOrigin();
  const measured = new Map(lines.map(({ name }) => [name, { fresh: [] as Served[], known: [] as Served[] }]));
  for (let round = 1; round <= settings.rounds; round++) {
    for (const line of lines) {
      const { fresh, known } = await speedOf(line, origin.url);
      measured.get(line.name)?.fresh.push(fresh);
      measured.get(line.name)?.known.push(known);
      const figures = `${fresh.perSecond.toFixed(0)} new keys, ${known.perSecond.toFixed(0)} replays per second`;
      console.error(`${line.name}, round ${round} of ${settings.rounds}: ${figures}`);
    }
  }
  const faults = new Map<string, string[]>();
  for (const line of values["skip-faults"] ? [] : lines) {
    const names = await faultsOf(runtime, line);
    faults.set(line.name, names);
    console.error(`${line.name}: ${names.join("; ") || "nothing goes wrong"}`);
  }
  const results = lines.map(({ name }) => {
    const { fresh = [], known = [] } = measured.get(name) ?? {};
    return [name, { fresh, known, faults: faults.get(name) ?? [] }] as const;
  });
  const result = { facts: about, settings, redis, lines: Object.fromEntries(results) };
  const file = resultFile("peers", values);
  writeJson(file, result);
  writeFileSync(file.replace(/(\.json)?$/, ".svg"), pictureOf(lines, result));
  const table = tableOf(lines, result);
  console.log(table);
  if (values.write) fillIn(README, "peers", `${table}\n\n![${SHOWN}](results/peers.svg)`);
} finally {
  await runtime.close();
}

/** A fresh process with an empty store: first new keys, then replays. */
async function speedOf(line: Line, origin: string): Promise<{ fresh: Served; known: Served }> {
  const { url, stop } = await startPeer(runtime, line.peer, origin, line);
  try {
    const load = { url, connections: settings.connections };
    const known = Array.from({ length: KNOWN_KEYS }, freshKey);
    for (const key of known) {
      const first = await post(url, key);
      const second = await post(url, key);
      if (first.status !== 201 || first.body !== second.body)
        throw new Error(`${line.name} does not replay: ${second.status} ${second.body}`);
    }
    let next = 0;
    const knownKey = (): string | null => known[next++ % known.length] ?? null;
    await run({ ...load, key: freshKey, seconds: settings.warmUpSeconds });
    const fresh = await run({ ...load, key: freshKey, seconds: settings.seconds });
    await run({ ...load, key: knownKey, seconds: settings.warmUpSeconds });
    return { fresh, known: await run({ ...load, key: knownKey, seconds: settings.seconds }) };
  } finally {
    await stop();
  }
}
