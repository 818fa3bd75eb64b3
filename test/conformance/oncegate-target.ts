// Starts what is tested where no URL is given: Oncegate itself, in `wrangler dev` or on the bare runtime, and the origin.

import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGateway } from "../../scripts/gateway-process.ts";
import { type ServerProcess } from "../../scripts/server-process.ts";
import { buildWorker, startWorkerd } from "../../scripts/workerd-process.ts";
import { type Target } from "./context.ts";
import { startOrigin } from "./origin.ts";
import { type Unmet } from "./run.ts";
import { conformanceTenants, type Tenants, tenantsWithoutCatchAll } from "./tenants.ts";

export type StartedTarget = { readonly target: Target; readonly stop: () => Promise<void> };

/** What a runtime takes away before the Worker could see it. */
export const unmetBy: Readonly<Record<Runtime, Unmet>> = {
  "wrangler dev": new Map([
    ["the Connection header", "wrangler dev removes Connection before the Worker"],
    ["the Accept-Encoding header", "wrangler dev replaces Accept-Encoding before the Worker"],
  ]),
  workerd: new Map(),
};

/** `wrangler dev` is how people run it locally; `workerd`, the runtime alone, hides no header from the Worker. */
export type Runtime = "wrangler dev" | "workerd";

export async function startOncegate(runtime: Runtime, originPort = 0): Promise<StartedTarget> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of stops.splice(0).toReversed()) await step();
  };
  const log: string[] = [];
  const start = async (tenants: Tenants): Promise<Instance> => {
    const instance = await startInstance(runtime, tenants, (text) => void log.push(text));
    stops.push(instance.stop);
    return instance;
  };

  try {
    const origin = await startOrigin(originPort);
    stops.push(() => origin.stop());
    const { url, crash } = await start(conformanceTenants(origin.port));
    let second: Promise<Instance> | undefined;
    const urlWithoutCatchAll = async (): Promise<URL> => {
      second ??= start(tenantsWithoutCatchAll(origin.port));
      return (await second).url;
    };
    return { target: { url, origin, urlWithoutCatchAll, crash, log: () => log.join("") }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Instance = { readonly url: URL; readonly crash: () => Promise<void>; readonly stop: () => Promise<void> };

async function startInstance(runtime: Runtime, tenants: Tenants, onOutput: (text: string) => void): Promise<Instance> {
  const folder = await mkdtemp(join(tmpdir(), "oncegate-conformance-"));
  const start = await starter(runtime, folder, tenants, onOutput);
  let running = await start(0);
  const url = new URL(running.url);
  return {
    url,
    crash: async () => {
      await running.stop("at once");
      running = await start(Number(url.port));
    },
    stop: async () => {
      await running.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Starts on the given port, each time with the same storage. */
async function starter(
  runtime: Runtime,
  folder: string,
  tenants: Tenants,
  onOutput: (text: string) => void,
): Promise<(port: number) => Promise<ServerProcess>> {
  const storage = join(folder, "store");
  if (runtime === "workerd") {
    buildWorker(folder);
    return (port) => startWorkerd({ bundle: folder, port, storage, tenants, onOutput });
  }
  const projectFolder = await copyProject(join(folder, "project"));
  return (port) => startGateway({ port, persistTo: storage, tenants, projectFolder, onOutput });
}

const REPOSITORY = join(import.meta.dirname, "..", "..");

/** wrangler watches the sources and starts the Worker anew when one is saved. A run must not meet that half-way. */
async function copyProject(folder: string): Promise<string> {
  for (const part of ["src", "wrangler.toml", "package.json", "tsconfig.json"]) {
    await cp(join(REPOSITORY, part), join(folder, part), { recursive: true });
  }
  await symlink(join(REPOSITORY, "node_modules"), join(folder, "node_modules"));
  return folder;
}
