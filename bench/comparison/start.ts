/** Starts a peer in front of an origin, with an empty store. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type ServerProcess, startServerProcess } from "../../scripts/server-process.ts";
import { conformanceTenants } from "../../test/conformance/tenants.ts";
import { freePort } from "../support/free-port.ts";
import { type Runtime, STORAGES, type StorageName, type WorkerName } from "../support/runtime.ts";
import { PEERS_FOLDER } from "./install.ts";
import { type RedisSettings } from "./lines.ts";
import { type Peer } from "./peers.ts";

export type RunningPeer = {
  readonly url: string;
  /** Stops it, and deletes its store. */
  readonly stop: () => Promise<void>;
  /** Kills it and its Redis, and starts both with the same store. */
  readonly crash: () => Promise<RunningPeer>;
};

type StartOptions = {
  /** Gives Oncegate the configuration of the conformance suite. */
  readonly policies?: boolean;
  readonly storage?: StorageName;
  readonly redis?: RedisSettings;
};

const URL_PATTERN = /http:\/\/127\.0\.0\.1:\d+/;

export function hasRedis(): boolean {
  return spawnSync("redis-server", ["--version"]).status === 0;
}

export async function startPeer(
  runtime: Runtime,
  { runs }: Peer,
  origin: string,
  options: StartOptions = {},
): Promise<RunningPeer> {
  if (runs.on === "workerd") return startOnWorkerd(runtime, runs.worker, origin, options);
  const folder = mkdtempSync(join(STORAGES[options.storage ?? "memory"], "oncegate-bench-redis-"));
  return startOnNode(runs, origin, folder, options.redis ?? "default");
}

async function startOnWorkerd(
  runtime: Runtime,
  name: WorkerName,
  origin: string,
  { policies = false, storage = "memory" }: StartOptions,
): Promise<RunningPeer> {
  const tenants = policies ? conformanceTenants(Number(new URL(origin).port)) : undefined;
  const start = async (resumed: { records?: string; port?: number } = {}): Promise<RunningPeer> => {
    const worker = await runtime.start(name, { origin, storage, ...(tenants && { tenants }), ...resumed });
    const crash = async (): Promise<RunningPeer> => {
      await worker.stop("at once");
      // A retry is sent to the same URL, which some peers compare.
      return start({ records: worker.records, port: Number(new URL(worker.url).port) });
    };
    return { url: worker.url, stop: worker.discard, crash };
  };
  return start();
}

type NodeServer = Extract<Peer["runs"], { readonly on: "node" }>;

async function startOnNode(
  runs: NodeServer,
  origin: string,
  folder: string,
  settings: RedisSettings,
): Promise<RunningPeer> {
  const redis = runs.redis ? await startRedis(folder, settings) : null;
  const server = await startServerProcess({
    name: runs.file,
    args: [join(PEERS_FOLDER, runs.file), origin, ...(redis === null ? [] : [redis.url])],
    cwd: PEERS_FOLDER,
    env: { NODE_ENV: "production" },
    readUrl: (output) => URL_PATTERN.exec(output)?.[0] ?? null,
    startTimeoutMs: 20_000,
  });
  const kill = async (): Promise<void> => {
    await server.stop("at once");
    await redis?.stop("at once");
  };
  return {
    url: server.url,
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
    crash: async () => {
      await kill();
      return startOnNode(runs, origin, folder, settings);
    },
  };
}

/** Its log makes records durable, if it is written and synced before each answer. By default there is none. */
const LOG: Readonly<Record<RedisSettings, Readonly<Record<string, string>>>> = {
  default: {},
  synced: { appendonly: "yes", appendfsync: "always" },
};

async function startRedis(folder: string, settings: RedisSettings): Promise<ServerProcess> {
  const port = await freePort();
  const named = { port, bind: "127.0.0.1", dir: folder, ...LOG[settings] };
  return startServerProcess({
    name: "redis-server",
    program: "redis-server",
    args: Object.entries(named).flatMap(([name, value]) => [`--${name}`, String(value)]),
    cwd: folder,
    env: {},
    readUrl: (output) => (output.includes("Ready to accept connections") ? `redis://127.0.0.1:${port}` : null),
    startTimeoutMs: 10_000,
  });
}
