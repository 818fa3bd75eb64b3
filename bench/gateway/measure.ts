/** Measures one side of one case once: a fresh process with fresh storage, a warm-up, then the load. */

import { type Served, freshKey, post, run } from "../support/load.ts";
import { cpuSeconds } from "../support/process.ts";
import { type RunningWorker, type Runtime, type StorageName, type WorkerName } from "../support/runtime.ts";
import { type Case } from "./cases.ts";

/** Enough objects to be representative, and few enough to stay in memory. */
const KNOWN_KEYS = 200;

export type Settings = {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly connections: number;
};

export type Measured = Served & {
  /** Of all threads of the runtime's process. */
  readonly cpuMsPerRequest: number;
  /** The share of one core that it used. Near 1, it was the bottleneck. */
  readonly busy: number;
};

type Side = {
  readonly runtime: Runtime;
  readonly origin: string;
  readonly case: Pick<Case, "keys" | "connections">;
  readonly side: WorkerName;
  readonly storage: StorageName;
};

export async function measure(
  { runtime, origin, case: { keys, connections }, side, storage }: Side,
  settings: Settings,
): Promise<Measured> {
  const worker = await runtime.start(side, { origin, storage });
  try {
    const load = {
      url: worker.url,
      connections: connections ?? settings.connections,
      key: await keySource(worker, keys),
    };
    await run({ ...load, seconds: settings.warmUpSeconds });
    const before = { cpu: cpuSeconds(worker.pid), ms: performance.now() };
    const served = await run({ ...load, seconds: settings.seconds });
    const cpu = cpuSeconds(worker.pid) - before.cpu;
    const elapsedSeconds = (performance.now() - before.ms) / 1000;
    return { ...served, cpuMsPerRequest: (cpu * 1000) / served.requests, busy: cpu / elapsedSeconds };
  } finally {
    await worker.discard();
  }
}

/** Also verifies that the Worker replays: a known key gets its answer from its record. */
async function keySource({ url }: RunningWorker, keys: Case["keys"]): Promise<() => string | null> {
  if (keys === "none") return () => null;
  const known = Array.from({ length: keys === "known" ? KNOWN_KEYS : 1 }, freshKey);
  for (const key of known) {
    const first = await post(url, key);
    const second = await post(url, key);
    if (first.status !== 201 || first.body !== second.body) throw new Error(`${url} does not replay: ${second.body}`);
  }
  if (keys === "fresh") return freshKey;
  let next = 0;
  return () => known[next++ % known.length] ?? null;
}
