// Starts what is tested where no URL is given: Oncegate itself, in `wrangler dev` or on the bare runtime, and the origin.

import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGateway } from "../../scripts/gateway-process.ts";
import { type ServerProcess } from "../../scripts/server-process.ts";
import { buildWorker, startWorkerd } from "../../scripts/workerd-process.ts";
import { type Target } from "./context.ts";
import { type ScriptedOrigin, startOrigin } from "./origin.ts";
import { type Unmet } from "./run.ts";
import { configInCode, conformanceTenants, type Tenants, tenantsWithoutCatchAll } from "./tenants.ts";

export type StartedTarget = { readonly target: Target; readonly stop: () => Promise<void> };

/**
 * `wrangler dev` is how people run it locally; `workerd`, the runtime alone, hides no header from the Worker. `in-process` is the
 * package on the runtime alone, in front of an app of its own Worker.
 */
export const runtimes = ["wrangler dev", "workerd", "in-process"] as const;
export type Runtime = (typeof runtimes)[number];

/** Why the needs of some checks are not met. The package in front of an app meets all: a test holds it to that. */
export const unmetBy: Readonly<Record<Runtime, Unmet>> = {
  "wrangler dev": new Map([
    ["the Connection header", "wrangler dev removes Connection before the Worker"],
    ["the Accept-Encoding header", "wrangler dev replaces Accept-Encoding before the Worker"],
  ]),
  workerd: new Map(),
  "in-process": new Map(),
};

export async function startOncegate(
  runtime: Runtime,
  originPort = 0,
  tenantsOf: (originPort: number) => Tenants = conformanceTenants,
): Promise<StartedTarget> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of stops.splice(0).toReversed()) await step();
  };
  const log: string[] = [];
  const start = async (tenants: Tenants, origin: ScriptedOrigin): Promise<Instance> => {
    const onOutput = (text: string): void => void log.push(text);
    const instance = await startInstance(runtime, { tenants, originPort: origin.port, onOutput });
    stops.push(instance.stop);
    return instance;
  };

  try {
    const origin = await startOrigin(originPort);
    stops.push(() => origin.stop());
    const { url, crash } = await start(tenantsOf(origin.port), origin);
    let second: Promise<Instance> | undefined;
    const urlWithoutCatchAll = async (): Promise<URL> => {
      second ??= start(tenantsWithoutCatchAll(origin.port), origin);
      return (await second).url;
    };
    return { target: { url, origin, urlWithoutCatchAll, crash, log: () => log.join("") }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Instance = { readonly url: URL; readonly crash: () => Promise<void>; readonly stop: () => Promise<void> };

type Settings = {
  readonly tenants: Tenants;
  readonly originPort: number;
  readonly onOutput: (text: string) => void;
};

async function startInstance(runtime: Runtime, settings: Settings): Promise<Instance> {
  const folder = await mkdtemp(join(tmpdir(), "oncegate-conformance-"));
  const start = await starter(runtime, folder, settings);
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
  { tenants, originPort, onOutput }: Settings,
): Promise<(port: number) => Promise<ServerProcess>> {
  const storage = join(folder, "store");
  if (runtime === "workerd") {
    buildWorker(folder);
    return (port) => startWorkerd({ bundle: folder, port, storage, tenants, onOutput });
  }
  if (runtime === "in-process") {
    buildWorker(folder, ["--config", join(import.meta.dirname, "in-process", "wrangler.toml")]);
    const variables = { ORIGIN: `http://127.0.0.1:${originPort}` };
    return (port) =>
      startWorkerd({ bundle: folder, port, storage, tenants: configInCode(tenants), variables, onOutput });
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
