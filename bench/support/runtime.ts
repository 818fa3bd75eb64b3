/** Runs Workers, including Oncegate, on the bare runtime, each with its own storage, and the origin behind them. */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { type ServerProcess, startServerProcess } from "../../scripts/server-process.ts";
import { buildWorker, startWorkerd } from "../../scripts/workerd-process.ts";
import { endByHandlers, pidOf } from "./process.ts";

/** Oncegate, or a file of bench/workers. */
export type WorkerName =
  | "oncegate"
  | "bare"
  | "bare-kv"
  | "bare-chunks"
  | "guarded"
  | "shards"
  | "proxy"
  | "empty"
  | "operations"
  | "three-calls"
  | "app"
  | "app-behind";

/** The folders for the storage of records during a measurement. */
export const STORAGES = { memory: "/dev/shm", disk: tmpdir() } as const;
export type StorageName = keyof typeof STORAGES;

export type RunningWorker = ServerProcess & {
  readonly pid: number;
  /** The folder of its storage. */
  readonly records: string;
  /** The file of its bundled module. */
  readonly script: string;
  /** Stops it and deletes its storage, which has a file for each key's object. */
  readonly discard: () => Promise<void>;
};

export type Runtime = {
  readonly start: (worker: WorkerName, options: StartOptions) => Promise<RunningWorker>;
  /** The origin of the measurements, or another program. It gets `delayMs` as its argument. */
  readonly startOrigin: (delayMs?: number, program?: string) => Promise<ServerProcess>;
  readonly close: () => Promise<void>;
};

type StartOptions = {
  readonly origin: string;
  readonly storage: StorageName;
  /** Oncegate's settings for its only tenant. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Oncegate's whole configuration, instead of `settings`. */
  readonly tenants?: Readonly<Record<string, unknown>>;
  /** The folder of a Worker that has been stopped, to go on with its records, and its port. */
  readonly records?: string;
  readonly port?: number;
  /** The address of the runtime's inspector, for a profile. */
  readonly inspector?: string;
};

const ORIGIN = join(import.meta.dirname, "origin.ts");
const WORKERS = join(import.meta.dirname, "..", "workers");
const REPOSITORY = join(import.meta.dirname, "..", "..");
const COMPATIBILITY_DATE = /^compatibility_date = "(.*)"$/m.exec(
  readFileSync(join(REPOSITORY, "wrangler.toml"), "utf8"),
)?.[1];

/** `close` stops everything that `start` and `startOrigin` started. */
export function createRuntime(): Runtime {
  const folder = mkdtempSync(join(tmpdir(), "oncegate-bench-"));
  const bundleOf = bundlerInto(folder);
  const running = new Set<ServerProcess>();
  const used = new Set([folder]);
  const cleanUp = (): void => {
    for (const path of used) rmSync(path, { recursive: true, force: true });
  };
  endByHandlers(cleanUp);
  return {
    async start(worker, { origin, storage, settings = {}, tenants, inspector, ...options }) {
      const records = options.records ?? mkdtempSync(join(STORAGES[storage], `oncegate-bench-${worker}-`));
      used.add(records);
      const bundle = await bundleOf(worker);
      const served = tenants ?? { "*": { origin, caller: ["authorization"], ...settings } };
      const server = await startWorkerd({
        bundle,
        port: options.port ?? 0,
        storage: records,
        tenants: served,
        // The gateway has it in `tenants`, and refuses both.
        variables: worker === "oncegate" ? {} : { ORIGIN: origin },
        ...(inspector !== undefined && { inspector }),
      });
      running.add(server);
      const discard = async (): Promise<void> => {
        await server.stop("at once");
        running.delete(server);
        rmSync(records, { recursive: true, force: true });
        used.delete(records);
      };
      return { ...server, pid: pidOf(records), records, script: join(bundle, "dist", "index.js"), discard };
    },
    async startOrigin(delayMs = 0, program = ORIGIN) {
      const server = await startServerProcess({
        name: "the origin",
        args: [program, String(delayMs)],
        cwd: REPOSITORY,
        env: {},
        readUrl: (output) => /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0] ?? null,
        startTimeoutMs: 10_000,
      });
      running.add(server);
      return server;
    },
    async close() {
      for (const server of running) await server.stop("at once");
      cleanUp();
    },
  };
}

/** Bundles each Worker once, into a folder of its own. */
function bundlerInto(folder: string): (worker: WorkerName) => Promise<string> {
  const bundles = new Map<WorkerName, string>();
  return async (worker) => {
    const known = bundles.get(worker);
    if (known !== undefined) return known;
    const bundle = join(folder, worker);
    if (worker === "oncegate") buildWorker(bundle);
    else await writeBundle(worker, bundle);
    bundles.set(worker, bundle);
    return bundle;
  };
}

async function writeBundle(worker: WorkerName, bundle: string): Promise<void> {
  const entry = join(WORKERS, `${worker}.ts`);
  await build({
    configFile: false,
    publicDir: false,
    logLevel: "error",
    build: {
      outDir: join(bundle, "dist"),
      lib: { entry, formats: ["es"], fileName: () => "index.js" },
      rolldownOptions: { external: [/^cloudflare:/] },
      minify: false,
      target: "es2024",
    },
  });
  const source = readFileSync(entry, "utf8");
  if (source.includes("src/package/")) {
    // The objects and bindings of a gateway.
    cpSync(join(REPOSITORY, "deploy"), join(bundle, "deploy"), { recursive: true });
    return;
  }
  mkdirSync(join(bundle, "deploy"), { recursive: true });
  const hasObjects = source.includes("extends DurableObject");
  writeFileSync(join(bundle, "deploy", "workerd.capnp"), configOf(hasObjects));
}

function configOf(hasObjects: boolean): string {
  const objects = `(name = "KEYS", durableObjectNamespace = "KeyObject"),`;
  const storage = `durableObjectNamespaces = [(className = "KeyObject", uniqueKey = "bench-keys", enableSql = true)],
      durableObjectStorage = (localDisk = "storage"),`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = (
      modules = [(name = "index.js", esModule = embed "../dist/index.js")],
      compatibilityDate = "${COMPATIBILITY_DATE}",
      compatibilityFlags = ["enable_request_signal"],
      bindings = [
        ${hasObjects ? objects : ""}
        (name = "ORIGIN", fromEnvironment = "ORIGIN"),
      ],
      ${hasObjects ? storage : ""}
    )),
    (name = "internet", network = (allow = ["public", "private"])),
    (name = "storage", disk = (writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "worker")],
);
`;
}
