// Starts the bundled Worker on the open-source runtime, by the configuration in deploy/. That is the closest thing to
// production on one machine: no wrangler in between, storage on disk, and a process that can be killed.

import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import { startServerProcess } from "./server-process.ts";
import { type ServerProcess } from "./server-process.ts";
import { bundleWorker } from "./wrangler.ts";

export type WorkerdOptions = {
  /** Where `buildWorker` has put the bundle. */
  readonly bundle: string;
  /** On 127.0.0.1. 0 takes any free port; `url` says which. */
  readonly port: number;
  /** Where records are kept. Starting again with the same folder finds them again. */
  readonly storage: string;
  /** Takes the place of `TENANTS` in wrangler.toml. */
  readonly tenants: Readonly<Record<string, unknown>>;
  /** Further variables, for Workers that are measured beside Oncegate. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Where the runtime's inspector is to listen. */
  readonly inspector?: string;
  readonly onOutput?: (text: string) => void;
};

const REPOSITORY = join(import.meta.dirname, "..");
const WORKERD = join(REPOSITORY, "node_modules", "workerd", "bin", "workerd");
const START_TIMEOUT_MS = 30_000;

/** The runtime's own message on the descriptor that `--control-fd` names. */
const LISTENING = /"event":"listen","socket":"http","port":(\d+)/;

/**
 * Bundles the Worker as a deploy would, into `folder`/dist, and puts the runtime's configuration beside it. A folder of
 * its own for each who builds: two that build into one would read half of what the other writes.
 */
export function buildWorker(folder: string): void {
  cpSync(join(REPOSITORY, "deploy"), join(folder, "deploy"), { recursive: true });
  bundleWorker(join(folder, "dist"));
}

/** Rejects, with what the runtime printed, if it does not listen in time. */
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
      // Says on its own descriptor when it listens; its output says nothing.
      "--control-fd=1",
      ...(options.inspector === undefined ? [] : [`--inspector-addr=${options.inspector}`]),
    ],
    cwd: REPOSITORY,
    env: { ...options.variables, TENANTS: JSON.stringify(options.tenants) },
    readUrl: (output) => {
      const port = LISTENING.exec(output)?.[1];
      return port === undefined ? null : `http://127.0.0.1:${port}`;
    },
    startTimeoutMs: START_TIMEOUT_MS,
    ...(options.onOutput !== undefined && { onOutput: options.onOutput }),
  });
}
