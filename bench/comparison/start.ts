/** Starts a peer in front of an origin, with an empty store. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { type AddressInfo } from "node:net";
import { join } from "node:path";
import { type ServerProcess, startServerProcess } from "../../scripts/server-process.ts";
import { conformanceTenants } from "../../test/conformance/tenants.ts";
import { type Runtime, STORAGES } from "../support/runtime.ts";
import { PEERS_FOLDER } from "./install.ts";
import { type Peer } from "./peers.ts";

export type RunningPeer = { readonly url: string; readonly stop: () => Promise<void> };

const URL_PATTERN = /http:\/\/127\.0\.0\.1:\d+/;

export function hasRedis(): boolean {
  return spawnSync("redis-server", ["--version"]).status === 0;
}

/** `policies` gives Oncegate the configuration of the conformance suite. */
export async function startPeer(
  runtime: Runtime,
  { runs }: Peer,
  origin: string,
  policies = false,
): Promise<RunningPeer> {
  if (runs.on === "workerd") {
    const tenants = policies ? conformanceTenants(Number(new URL(origin).port)) : undefined;
    const worker = await runtime.start(runs.worker, { origin, storage: "memory", ...(tenants && { tenants }) });
    return { url: worker.url, stop: worker.discard };
  }
  const redis = runs.redis ? await startRedis() : null;
  const server = await startServerProcess({
    name: runs.file,
    args: [join(PEERS_FOLDER, runs.file), origin, ...(redis === null ? [] : [redis.url])],
    cwd: PEERS_FOLDER,
    env: { NODE_ENV: "production" },
    readUrl: (output) => URL_PATTERN.exec(output)?.[0] ?? null,
    startTimeoutMs: 20_000,
  });
  const stop = async (): Promise<void> => {
    await server.stop("at once");
    await redis?.stop();
  };
  return { url: server.url, stop };
}

/** Redis writes its log before each answer, which is necessary for records that must not be lost. */
async function startRedis(): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = mkdtempSync(join(STORAGES.memory, "oncegate-bench-redis-"));
  const port = await freePort();
  const settings = { port, bind: "127.0.0.1", dir: folder, save: "", appendonly: "yes", appendfsync: "always" };
  const redis: ServerProcess = await startServerProcess({
    name: "redis-server",
    program: "redis-server",
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    cwd: folder,
    env: {},
    readUrl: (output) => (output.includes("Ready to accept connections") ? `redis://127.0.0.1:${port}` : null),
    startTimeoutMs: 10_000,
  });
  const stop = async (): Promise<void> => {
    await redis.stop("at once");
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: redis.url, stop };
}

/** Redis can't choose a free port itself. If another process takes this one first, Redis fails and the run ends. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
