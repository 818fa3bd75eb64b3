// npm start [-- --origin URL [--caller authorization] [--port 8787]]
// npm start [-- --port 8787 --origin-port 9100 --latency-ms 250]
//
// Runs the gateway on this machine until Ctrl-C, in front of the API at --origin. Without --origin, it is in front of a payments
// API that it runs as well. Records and ledger are in .wrangler/start (git-ignored) and survive a restart. SIGUSR2 kills the
// gateway, as a crash would, and starts it again on its records. It then asks the payments API about unknown outcomes.
// --caller is what identifies a caller: header names, cookie:NAME or client-cert, separated by commas.

import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { PROBE_PATH } from "../examples/payments-origin/routes.ts";
import { DEFAULT_PORT as ORIGIN_PORT, startPaymentsOrigin } from "../examples/payments-origin/server.ts";
import { parseConfig } from "../src/config/config.ts";
import { withCleanup } from "./cleanup.ts";
import { type Defer } from "./cleanup.ts";
import { type GatewayOptions, startGateway } from "./gateway-process.ts";
import { beginScript, runScript } from "./help.ts";
import { introduceDemo, introduceOrigin } from "./start/introductions.ts";

const GATEWAY_PORT = 8787;
const ORIGIN_LATENCY_MS = 250;
const FOLDER = join(import.meta.dirname, "..", ".wrangler", "start");

beginScript(import.meta.filename);
await runScript(() => withCleanup(start));

/** Ends only by an error; `withCleanup` handles Ctrl-C. */
async function start(defer: Defer): Promise<never> {
  const options = readOptions();
  await requireFree(options.port, "--port");
  return options.origin === undefined ? startDemo(options, defer) : startBefore(options.origin, options, defer);
}

async function startDemo(options: Options, defer: Defer): Promise<never> {
  await requireFree(options.originPort, "--origin-port");
  await mkdir(FOLDER, { recursive: true });
  const ledgerPath = join(FOLDER, "payments.sqlite");
  const { latencyMs } = options;
  const origin = await startPaymentsOrigin({ port: options.originPort, ledgerPath, latencyMs });
  defer(() => origin.close());

  // This origin supports probes.
  const tenant = { origin: origin.url, caller: ["authorization"], on_unknown: "probe", probe: PROBE_PATH };
  const gateway = { port: options.port, persistTo: FOLDER, tenants: { "*": tenant }, defer };
  const ledger = relative(process.cwd(), ledgerPath);
  return runGateway(gateway, (gatewayUrl) =>
    introduceDemo({ gatewayUrl, originUrl: origin.url, ledgerPath: ledger, latencyMs }),
  );
}

/** In front of the user's own API. Each origin has records of its own, since all of them are for this hostname. */
async function startBefore(origin: string, { port, caller }: Options, defer: Defer): Promise<never> {
  if (origin === "") throw new Error("--origin must be a URL, such as http://localhost:3000");
  if (caller.trim() === "") throw new Error("--caller must name what identifies a caller, such as authorization");
  const variables = { ORIGIN: origin, CALLER: caller };
  const [fault] = parseConfig(variables).faults;
  if (fault !== undefined) throw new Error(`--${fault.path.toLowerCase()} ${fault.message}`);
  const persistTo = join(FOLDER, createHash("sha256").update(origin).digest("hex").slice(0, 16));
  await mkdir(persistTo, { recursive: true });
  return runGateway({ port, persistTo, variables, defer }, (url) => introduceOrigin(url, origin, caller));
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

type Options = ReturnType<typeof readOptions>;

function readOptions() {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: String(GATEWAY_PORT) },
      "origin-port": { type: "string", default: String(ORIGIN_PORT) },
      origin: { type: "string" },
      caller: { type: "string", default: "authorization" },
      "latency-ms": { type: "string", default: String(ORIGIN_LATENCY_MS) },
    },
  });
  return {
    origin: values.origin,
    caller: values.caller,
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
