// npm run bench:peers [-- --rounds 3 --seconds 5 --warm-up 2 --connections 16 --peers all --skip-conformance --json FILE --write]
// Compares the throughput and conformance of Oncegate and its alternatives, with the same origin and load.

import { parseArgs } from "node:util";
import { beginScript } from "../../scripts/help.ts";
import { README, fillIn } from "../support/document.ts";
import { facts, resultFile, writeJson } from "../support/facts.ts";
import { type Served, freshKey, post, run } from "../support/load.ts";
import { namesOf, numberOf } from "../support/options.ts";
import { createRuntime } from "../support/runtime.ts";
import { type Conformance, conformanceOf } from "./conformance.ts";
import { installPeers } from "./install.ts";
import { PEERS, type Peer } from "./peers.ts";
import { type Speed, tablesOf } from "./report.ts";
import { hasRedis, startPeer } from "./start.ts";

const KNOWN_KEYS = 200;

beginScript(import.meta.filename);
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "5" },
    "warm-up": { type: "string", default: "2" },
    connections: { type: "string", default: "16" },
    peers: { type: "string", default: "all" },
    "skip-conformance": { type: "boolean", default: false },
    json: { type: "string" },
    write: { type: "boolean", default: false },
  },
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

if (values.write && (values["skip-conformance"] || names.length < PEERS.length))
  throw new Error("--write is for all peers, with the conformance suite");

installPeers();
const redis = hasRedis();
if (!redis) console.error("redis-server is not installed, so its peers are left out");
if (!redis && values.write) throw new Error("--write is for all peers, and one needs redis-server");
const peers = PEERS.filter(({ name, runs }) => names.includes(name) && (redis || runs.on !== "node" || !runs.redis));

const about = facts();
const runtime = createRuntime();
try {
  const origin = await runtime.startOrigin();
  const speeds = new Map<string, Speed>(peers.map(({ name }) => [name, { fresh: [], known: [] }]));
  for (let round = 1; round <= settings.rounds; round++) {
    for (const peer of peers) {
      const { fresh, known } = await speedOf(peer, origin.url);
      speeds.get(peer.name)?.fresh.push(fresh);
      speeds.get(peer.name)?.known.push(known);
      const figures = `${fresh.perSecond.toFixed(0)} new keys, ${known.perSecond.toFixed(0)} replays per second`;
      console.error(`${peer.name}, round ${round} of ${settings.rounds}: ${figures}`);
    }
  }
  const conformance: Conformance[] = [];
  for (const peer of values["skip-conformance"] ? [] : peers) {
    console.error(`${peer.name}: the conformance suite ...`);
    conformance.push(await conformanceOf(runtime, peer));
  }
  const result = { facts: about, settings, redis, speeds: Object.fromEntries(speeds), conformance };
  writeJson(resultFile("peers", values), result);
  const tables = tablesOf(peers, result);
  console.log(tables);
  if (values.write) fillIn(README, "peers", tables);
} finally {
  await runtime.close();
}

/** A fresh process with an empty store: first new keys, then replays. */
async function speedOf(peer: Peer, origin: string): Promise<{ fresh: Served; known: Served }> {
  const { url, stop } = await startPeer(runtime, peer, origin);
  try {
    const load = { url, connections: settings.connections };
    const known = Array.from({ length: KNOWN_KEYS }, freshKey);
    for (const key of known) {
      const first = await post(url, key);
      const second = await post(url, key);
      if (first.status !== 201 || first.body !== second.body)
        throw new Error(`${peer.name} does not replay: ${second.status} ${second.body}`);
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
