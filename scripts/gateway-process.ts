// Starts the gateway on this machine with `wrangler dev`: the real runtime, with Durable Objects on disk.
// Several can run at the same time. They need no network but 127.0.0.1.
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
  /** On 127.0.0.1. 0 takes any free port; `url` contains it. */
  readonly port: number;
  /** The folder of the records. A restart with the same folder keeps them. */
  readonly persistTo: string;
  /** Replaces `TENANTS` in wrangler.toml. */
  readonly tenants?: Readonly<Record<string, unknown>>;
  /** Further variables, such as `ORIGIN`. */
  readonly variables?: Readonly<Record<string, string>>;
  /** The folder with the wrangler.toml to use. By default this repository. */
  readonly projectFolder?: string;
  readonly startTimeoutMs?: number;
  /** Receives wrangler's output as it comes: a line for each request, and the gateway's log. */
  readonly onOutput?: (text: string) => void;
  /** From `withCleanup`, which then stops the gateway in every case. Without it, the caller must call `stop`. */
  readonly defer?: Defer;
};

const REPOSITORY = join(import.meta.dirname, "..");

/** A cold start takes 3 s on a fast machine and 20 s on a busy one with 2 cores. */
const START_TIMEOUT_MS = 60_000;

/** wrangler prints this line when it is ready. With port 0 it is the only source of the port. */
const READY = /Ready on (http:\/\/127\.0\.0\.1:\d+)/;

/**
 * Rejects with wrangler's output if the gateway is not ready in time or exits, for example because the port is
 * taken. If this process exits without stopping it, the gateway is killed.
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
  // Nothing is in front here: a client could claim any address in the headers of Cloudflare's edge.
  const tenants = options.tenants === undefined ? {} : { TENANTS: JSON.stringify(options.tenants) };
  const variables = { EDGE: "none", ...tenants, ...options.variables };
  return [
    WRANGLER,
    "dev",
    "--ip=127.0.0.1",
    `--port=${options.port}`,
    // The default port of the debugger is 9229 for every gateway.
    "--inspector-port=0",
    "--show-interactive-dev-session=false",
    `--persist-to=${options.persistTo}`,
    ...Object.entries(variables).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
  ];
}
