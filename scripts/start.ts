// npm start [-- --port 8787 --origin-port 9100 --latency-ms 250]
//
// Runs the gateway and a payments API behind it on this machine, until Ctrl-C. Records and ledger are in .wrangler/start
// (git-ignored) and survive a restart. SIGUSR2 kills the gateway, as a crash would, and starts it
// again on its records. It then asks the payments API about unknown outcomes.

import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";

import { PROBE_PATH } from "../examples/payments-origin/routes.ts";
import { DEFAULT_PORT as ORIGIN_PORT, startPaymentsOrigin } from "../examples/payments-origin/server.ts";
import { withCleanup } from "./cleanup.ts";
import { type Defer } from "./cleanup.ts";
import { type GatewayOptions, startGateway } from "./gateway-process.ts";
import { helpIfAsked } from "./help.ts";

const GATEWAY_PORT = 8787;
const ORIGIN_LATENCY_MS = 250;
const FOLDER = join(import.meta.dirname, "..", ".wrangler", "start");

helpIfAsked(import.meta.filename);
try {
  await withCleanup(start);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

/** Ends only by an error; `withCleanup` handles Ctrl-C. */
async function start(defer: Defer): Promise<never> {
  const options = readOptions();
  await requireFree(options.port, "--port");
  await requireFree(options.originPort, "--origin-port");

  await mkdir(FOLDER, { recursive: true });
  const ledgerPath = join(FOLDER, "payments.sqlite");
  const origin = await startPaymentsOrigin({ port: options.originPort, ledgerPath, latencyMs: options.latencyMs });
  defer(() => origin.close());

  // Replaces the "*" of wrangler.toml: the port may differ, and this origin supports probes.
  const tenant = { origin: origin.url, caller: ["authorization"], on_unknown: "probe", probe: PROBE_PATH };
  const gateway = { port: options.port, persistTo: FOLDER, tenants: { "*": tenant }, defer };
  const ledger = relative(process.cwd(), ledgerPath);
  return runGateway(gateway, (url) => introduction(url, origin.url, ledger, options.latencyMs));
}

/** Runs the gateway, and restarts it whenever SIGUSR2 has killed it. Ends only by an error. */
async function runGateway(options: GatewayOptions, introduce: (url: string) => string): Promise<never> {
  let kill: (() => void) | null = null;
  // Without a listener the signal would end this process, so this one ignores it while the gateway starts.
  process.on("SIGUSR2", () => kill?.());

  console.log("starting the gateway ...");
  let { port } = options;
  for (let starts = 1; ; starts += 1) {
    let ready = false;
    const onOutput = (text: string) => {
      if (ready) process.stdout.write(text);
    };
    const gateway = await startGateway({ ...options, port, onOutput });
    // If the port was free to choose, restarts keep it, since the printed commands contain it.
    port = Number(new URL(gateway.url).port);
    console.log(starts === 1 ? introduce(gateway.url) : "the gateway is ready again");
    ready = true;

    let killed = false;
    kill = () => {
      killed = true;
      void gateway.stop("at once");
    };
    await gateway.ended;
    kill = null;
    if (!killed) throw new Error(`The gateway exited unexpectedly. Its output:\n${gateway.output()}`);
    console.log("the gateway is killed; starting it again ...");
  }
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: String(GATEWAY_PORT) },
      "origin-port": { type: "string", default: String(ORIGIN_PORT) },
      "latency-ms": { type: "string", default: String(ORIGIN_LATENCY_MS) },
    },
  });
  return {
    port: readNumber("--port", values.port, 65_535),
    originPort: readNumber("--origin-port", values["origin-port"], 65_535),
    latencyMs: readNumber("--latency-ms", values["latency-ms"], 600_000),
  };
}

function readNumber(name: string, text: string, max: number): number {
  if (/^\d{1,9}$/.test(text) && Number(text) <= max) return Number(text);
  throw new Error(`${name} must be an integer from 0 to ${max}, not ${text}`);
}

/** Rejects with advice if the port is in use. */
function requireFree(port: number, option: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const probe = createServer();
  probe.once("error", (error) => {
    const advice = `Stop the program that uses it, or choose another one: npm start -- ${option} ${port + 1}`;
    reject(new Error(`Port ${port} on 127.0.0.1 cannot be used (${error.message}).\n${advice}`));
  });
  probe.listen(port, "127.0.0.1", () => probe.close(() => resolve()));
  return promise;
}

function introduction(gatewayUrl: string, originUrl: string, ledgerPath: string, latencyMs: number): string {
  // New keys at each start, because the records of the last start still exist.
  const [key, another] = [randomUUID(), randomUUID()].map((id) => `order-${id.slice(0, 8)}`);
  const charge = (key: string | undefined, amount: number) =>
    `curl -i ${gatewayUrl}/v1/charges -H 'Authorization: Bearer demo' -H 'Idempotency-Key: ${key}' ` +
    `-H 'Content-Type: application/json' -d '{"amount":${amount},"currency":"eur","card":"tok_visa"}'`;
  return `
gateway          ${gatewayUrl}
payments origin  ${originUrl} (ledger: ${ledgerPath})

Charge a card (201, Idempotency-Status: executed):
  ${charge(key, 1999)}

The same command again gets its answer from the record (Idempotent-Replayed: true, the same id):
  ${charge(key, 1999)}

The same key with a different amount is refused (422, key_reused):
  ${charge(key, 2999)}

Kill the gateway while a charge runs (kill -9; it restarts within seconds):
  ${charge(another, 4999)} & sleep ${latencyMs / 2000}; kill -USR2 ${process.pid}

Send the same charge again. The gateway asks the origin whether it was made, and never makes it twice (201):
  ${charge(another, 4999)}

The policy that the gateway publishes for clients:
  curl ${gatewayUrl}/.well-known/idempotency

The ledger, straight from the origin (all of the above makes two charges):
  curl ${originUrl}/v1/charges

Ctrl-C stops both.
`;
}
