// npm run bench:self-hosted [-- --seconds 10 --connections 16 --storage FOLDER --json FILE --write]
// Measures one self-hosted process with its records on a disk: new keys per second, memory, open files, inodes, and a sweep of
// ended records. --storage is a folder on the disk to measure; by default the system's temporary one. --write puts the table into
// docs/self-hosting.md.

import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beginScript } from "../../scripts/help.ts";
import { lockStorage } from "../../scripts/serve/lock.ts";
import { startRuntime } from "../../scripts/serve/runtime.ts";
import { sweepEnded } from "../../scripts/serve/sweep.ts";
import { buildWorker } from "../../scripts/workerd-process.ts";
import { fillIn } from "../support/document.ts";
import { facts, factsLine, resultFile, writeJson } from "../support/facts.ts";
import { freshKey, run } from "../support/load.ts";
import { numberOf, parseOptions } from "../support/options.ts";
import { createRuntime } from "../support/runtime.ts";

const DOCUMENT = join(import.meta.dirname, "..", "..", "docs", "self-hosting.md");
const DRAIN_MS = 60_000;

/** A term, and how long after the load every alarm of it has fired. */
const SHORT_TTL = "1s";
const ENDED_AFTER_MS = 10_000;

beginScript(import.meta.filename);
const values = parseOptions({
  seconds: { type: "string", default: "10" },
  connections: { type: "string", default: "16" },
  storage: { type: "string", default: tmpdir() },
});
const settings = {
  seconds: numberOf("seconds", values.seconds, 1),
  connections: numberOf("connections", values.connections, 1),
};

const about = facts();
/** Processes of other work that want to run: above 0 the rates are lower than they could be. */
const [loadBefore = 0] = loadavg();
const [bundle, storage] = [
  mkdtempSync(join(tmpdir(), "oncegate-bench-")),
  mkdtempSync(join(values.storage, "oncegate-")),
];
const origins = createRuntime();
try {
  buildWorker(bundle);
  const origin = await origins.startOrigin();
  const live = await measure(origin.url, join(storage, "live"), { ttl: "1h" }, 0);
  const ended = await measure(origin.url, join(storage, "ended"), { ttl: SHORT_TTL }, ENDED_AFTER_MS);
  const result = { facts: about, settings, loadBefore, live, ended };
  writeJson(resultFile("self-hosted", values), result);
  const table = tableOf(live, ended);
  console.log(table);
  if (values.write) fillIn(DOCUMENT, "figures", table);
} finally {
  await origins.close();
  for (const folder of [bundle, storage]) rmSync(folder, { recursive: true, force: true });
}

type Measured = Awaited<ReturnType<typeof measure>>;

/** A run on a storage of its own, a stop, and a sweep. */
async function measure(origin: string, storage: string, policy: object, pauseMs: number) {
  mkdirSync(storage);
  const lock = lockStorage(storage);
  if (lock.kind === "in use") throw new Error(`${storage} is in use`);
  const runtime = await startRuntime({
    config: join(bundle, "deploy", "workerd.capnp"),
    storage,
    listen: "127.0.0.1:0",
    variables: { TENANTS: JSON.stringify({ "*": { origin, caller: ["authorization"], log: "changes", ...policy } }) },
    lockFd: lock.fd,
  });
  const startMegabytes = peakMegabytes(runtime.pid);
  const load = await run({ url: `http://127.0.0.1:${runtime.port}`, ...settings, key: freshKey });
  const loaded = {
    peakMegabytes: peakMegabytes(runtime.pid),
    openFiles: readdirSync(`/proc/${runtime.pid}/fd`).length,
  };
  await sleep(pauseMs);
  const stopStarted = performance.now();
  await runtime.drain(DRAIN_MS);
  const stopMs = performance.now() - stopStarted;
  const { inodes, bytes } = roomOf(join(storage, "oncegate-keys"));
  const sweepStarted = performance.now();
  const swept = sweepEnded(storage);
  const sweepMs = performance.now() - sweepStarted;
  lock.release();
  return { ...load, ...loaded, startMegabytes, stopMs, inodes, bytes, ...swept, sweepMs };
}

function peakMegabytes(pid: number): number {
  const kilobytes = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) / 1000;
}

function roomOf(folder: string): { inodes: number; bytes: number } {
  const files = readdirSync(folder).map((name) => statSync(join(folder, name)));
  return { inodes: files.length, bytes: files.reduce((sum, { blocks }) => sum + blocks * 512, 0) };
}

function tableOf(live: Measured, ended: Measured): string {
  // Of objects, since the last requests of a run are cut before they are counted.
  const perThousand = (count: number, { ended, kept }: Measured): string =>
    ((count / (ended + kept)) * 1000).toFixed(0);
  const rows: [string, string][] = [
    ["new keys per second", live.perSecond.toFixed(0)],
    ["time of a request, median and 99th percentile, ms", `${live.p50Ms.toFixed(1)}, ${live.p99Ms.toFixed(1)}`],
    ["memory at the start, and at its peak, MB", `${live.startMegabytes.toFixed(0)}, ${live.peakMegabytes.toFixed(0)}`],
    ["of which for each 1,000 keys of the run, MB", perThousand(live.peakMegabytes - live.startMegabytes, live)],
    ["files open in the runtime, for each 1,000 keys of the run", perThousand(live.openFiles, live)],
    ["inodes for each 1,000 records at rest", perThousand(live.inodes, live)],
    ["disk for each 1,000 records at rest, MB", perThousand(live.bytes / 1e6, live)],
    ["inodes for each 1,000 ended records, before a sweep", perThousand(ended.inodes, ended)],
    ["of those, deleted by a sweep", perThousand(ended.ended, ended)],
    ["a sweep that keeps all, ms for each 1,000 files", perThousand(live.sweepMs, live)],
    ["a sweep that deletes all, ms for each 1,000 files", perThousand(ended.sweepMs, ended)],
    ["a stop without requests, ms", live.stopMs.toFixed(0)],
  ];
  const { seconds, connections } = settings;
  return [
    "| | |\n|---|---|",
    ...rows.map(([what, value]) => `| ${what} | ${value} |`),
    "",
    `${live.requests} keys in ${seconds} s over ${connections} connections, at a load of ${loadBefore.toFixed(1)} before the run. ${factsLine(about)}.`,
  ].join("\n");
}
