// npm start [-- --port 8787 --origin-port 9100 --latency-ms 250]
//
// The gateway and a payments API behind it, on this machine, until Ctrl-C. Records and ledger are kept in .wrangler/start
// (git-ignored), so they are still there after the next start.

import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";

import { DEFAULT_PORT as ORIGIN_PORT, startPaymentsOrigin } from "../examples/payments-origin/server.ts";
import { withCleanup } from "./cleanup.ts";
import { type Defer } from "./cleanup.ts";
import { startGateway } from "./gateway-process.ts";

const GATEWAY_PORT = 8787;
const ORIGIN_LATENCY_MS = 250;
const FOLDER = join(import.meta.dirname, "..", ".wrangler", "start");

try {
  await withCleanup(start);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

/** Ends only by an error; Ctrl-C is the business of `withCleanup`. */
async function start(defer: Defer): Promise<never> {
  const options = readOptions();
  await requireFree(options.port, "--port");
  await requireFree(options.originPort, "--origin-port");

  await mkdir(FOLDER, { recursive: true });
  const ledgerPath = join(FOLDER, "payments.sqlite");
  const origin = await startPaymentsOrigin({ port: options.originPort, ledgerPath, latencyMs: options.latencyMs });
  defer(() => origin.close());

  console.log("starting the gateway ...");
  let started = false;
  const gateway = await startGateway({
    port: options.port,
    persistTo: FOLDER,
    // wrangler.toml names the usual origin, and whoever changes it there should see the change here.
    ...(options.originPort !== ORIGIN_PORT && { tenants: { "*": { origin: origin.url, caller: ["authorization"] } } }),
    defer,
    onOutput: (text) => {
      if (started) process.stdout.write(text);
    },
  });
  console.log(introduction(gateway.url, origin.url, relative(process.cwd(), ledgerPath)));
  started = true;

  await gateway.ended;
  throw new Error(`The gateway has ended by itself. It said:\n${gateway.output()}`);
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
  throw new Error(`${name} is an integer from 0 to ${max}, not ${text}`);
}

/** Rejects with advice if something listens on the port. */
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

function introduction(gatewayUrl: string, originUrl: string, ledgerPath: string): string {
  // A new key at each start, because the records of the last one are still there.
  const key = `order-${randomUUID().slice(0, 8)}`;
  const charge = (amount: number) =>
    `curl -i ${gatewayUrl}/v1/charges -H 'Authorization: Bearer demo' -H 'Idempotency-Key: ${key}' ` +
    `-H 'Content-Type: application/json' -d '{"amount":${amount},"currency":"eur","card":"tok_visa"}'`;
  return `
gateway          ${gatewayUrl}
payments origin  ${originUrl} (ledger: ${ledgerPath})

Charge a card (201, Idempotency-Status: executed):
  ${charge(1999)}

The same line again is answered from the record (Idempotent-Replayed: true, the same id):
  ${charge(1999)}

The same key with another amount is refused (422, key_reused):
  ${charge(2999)}

What the gateway promises to clients:
  curl ${gatewayUrl}/.well-known/idempotency

The ledger, straight from the origin (all of the above is one charge):
  curl ${originUrl}/v1/charges

Ctrl-C stops both.
`;
}
