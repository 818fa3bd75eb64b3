// Starts the bundled Worker on the open-source runtime, with the configuration in deploy/. That is the closest thing to
// production on one machine: no wrangler, storage on disk, and one process that can be killed.

import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { startServerProcess } from "./server-process.ts";
import { type ServerProcess } from "./server-process.ts";
import { bundleWorker } from "./wrangler.ts";

export type WorkerdOptions = {
  /** The folder that `buildWorker` wrote the bundle to. */
  readonly bundle: string;
  /** On 127.0.0.1. 0 takes any free port; `url` contains it. */
  readonly port: number;
  /** The folder of the records. A restart with the same folder keeps them. */
  readonly storage: string;
  /** Replaces `TENANTS` in wrangler.toml. */
  readonly tenants: Readonly<Record<string, unknown>>;
  /** Further variables, for the Workers that benchmarks compare with Oncegate. */
  readonly variables?: Readonly<Record<string, string>>;
  /** The address of the runtime's inspector. */
  readonly inspector?: string;
  readonly onOutput?: (text: string) => void;
};

const REPOSITORY = join(import.meta.dirname, "..");
const WORKERD = join(REPOSITORY, "node_modules", "workerd", "bin", "workerd");
const START_TIMEOUT_MS = 30_000;

/** The runtime's message on the descriptor that `--control-fd` names. */
const LISTENING = /"event":"listen","socket":"http","port":(\d+)/;

/**
 * Bundles the Worker as a deploy would, into `folder`/dist, and copies the runtime's configuration next to it. Each build
 * needs its own folder: two builds in one would read each other's half-written files. `options` are wrangler's, such as another
 * Worker's `--config`, whose entry must be named index.
 */
export function buildWorker(folder: string, options: readonly string[] = []): void {
  cpSync(join(REPOSITORY, "deploy"), join(folder, "deploy"), { recursive: true });
  bundleWorker(join(folder, "dist"), options);
}

/** Rejects with the runtime's output if it does not listen in time. */
export function startWorkerd(options: WorkerdOptions): Promise<ServerProcess> {
  mkdirSync(options.storage, { recursive: true });
  return startServerProcess({
    name: "workerd",
    program: WORKERD,
    args: [
      "serve",
      join(options.bundle, "deploy", "workerd.capnp"),
      `--directory-path=storage=${options.storage}`,
      `--socket-addr=http=127.0.0.1:${options.port}`,
      // The runtime reports on this descriptor when it listens. Its normal output does not.
      "--control-fd=1",
      ...(options.inspector === undefined ? [] : [`--inspector-addr=${options.inspector}`]),
    ],
    cwd: REPOSITORY,
    // Those of this process would be taken otherwise.
    env: { ORIGIN: "", CALLER: "", HOLD: "", ...options.variables, TENANTS: JSON.stringify(options.tenants) },
    readUrl: (output) => {
      const port = LISTENING.exec(output)?.[1];
      return port === undefined ? null : `http://127.0.0.1:${port}`;
    },
    startTimeoutMs: START_TIMEOUT_MS,
    ...(options.onOutput !== undefined && { onOutput: options.onOutput }),
  });
}
