// Starts the gateway on this machine, as `wrangler dev` runs it: the real runtime, with real Durable Objects on disk.
// Several can run beside each other. All of them together need no network but 127.0.0.1.
//
//   const gateway = await startGateway({ port: 0, persistTo: folder, tenants: { "*": { origin, caller: [] } } });
//   … gateway.url …
//   await gateway.stop();

import { join } from "node:path";

import { type Defer } from "./cleanup.ts";
import { startServerProcess } from "./server-process.ts";
import { type ServerProcess } from "./server-process.ts";
import { WRANGLER, wranglerEnvironment } from "./wrangler.ts";

export type GatewayOptions = {
  /** On 127.0.0.1. 0 takes any free port; `url` says which. */
  readonly port: number;
  /** Where records are kept; starting again with the same folder finds them again. */
  readonly persistTo: string;
  /** Takes the place of `TENANTS` in wrangler.toml: hostnames and their settings, as README.md describes them. */
  readonly tenants?: Readonly<Record<string, unknown>>;
  /** The folder whose wrangler.toml counts. By default this repository. */
  readonly projectFolder?: string;
  readonly startTimeoutMs?: number;
  /** Is given wrangler's output as it comes: a line for each request, and the gateway's own log. */
  readonly onOutput?: (text: string) => void;
  /** The one of `withCleanup`, which then stops the gateway in every case. Without it, `stop` is yours to call. */
  readonly defer?: Defer;
};

const REPOSITORY = join(import.meta.dirname, "..");

/** A cold start takes 3 s on a fast machine and 20 s on a busy one with 2 cores. */
const START_TIMEOUT_MS = 60_000;

/** wrangler prints this line when requests are answered. With port 0 it is the only place that names the port. */
const READY = /Ready on (http:\/\/127\.0\.0\.1:\d+)/;

/**
 * Rejects, with what wrangler printed, if the gateway is not ready in time or ends, for example because the port is
 * taken. If this process exits without having stopped it, the gateway is killed.
 */
export function startGateway(options: GatewayOptions): Promise<ServerProcess> {
  return startServerProcess({
    name: "the gateway",
    args: wranglerArguments(options),
    cwd: options.projectFolder ?? REPOSITORY,
    env: wranglerEnvironment(options.persistTo),
    readUrl: (output) => READY.exec(output)?.[1] ?? null,
    startTimeoutMs: options.startTimeoutMs ?? START_TIMEOUT_MS,
    onOutput: options.onOutput,
    defer: options.defer,
  });
}

function wranglerArguments(options: GatewayOptions): string[] {
  return [
    WRANGLER,
    "dev",
    "--ip=127.0.0.1",
    `--port=${options.port}`,
    // The debugger's port would otherwise be 9229 for every gateway.
    "--inspector-port=0",
    "--show-interactive-dev-session=false",
    `--persist-to=${options.persistTo}`,
    ...(options.tenants === undefined ? [] : ["--var", `TENANTS:${JSON.stringify(options.tenants)}`]),
  ];
}
