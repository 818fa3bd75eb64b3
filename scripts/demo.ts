// npm run demo [-- --seed N]
//
// Shows what the gateway is for. 50 payments are made by clients that send twice, hang up, lose answers and mix up keys:
// once through the gateway, once straight to the payments API. Then the ledgers are counted. Ends with 0 only if every
// payment went through the gateway exactly once and every client was told so.

import { join } from "node:path";
import { parseArgs } from "node:util";

import { type Charge } from "../examples/payments-origin/charge.ts";
import { startPaymentsOrigin } from "../examples/payments-origin/server.ts";
import { temporaryFolder, withCleanup } from "./cleanup.ts";
import { type Defer } from "./cleanup.ts";
import { startLossyProxy } from "./demo/lossy-proxy.ts";
import { ORIGIN_LATENCY_MS, planStorm, plannedRequests } from "./demo/plan.ts";
import { type PaymentPlan } from "./demo/plan.ts";
import { showProgress } from "./demo/progress.ts";
import { runStorm } from "./demo/storm.ts";
import { type PaymentStory } from "./demo/storm.ts";
import { renderTable } from "./demo/table.ts";
import { findFaults, tallyStorm } from "./demo/tally.ts";
import { startGateway } from "./gateway-process.ts";

const DEFAULT_SEED = 1;

/** The whole demo. It takes about 15 s; whatever takes longer than this is stuck. */
const TIME_LIMIT_MS = 85_000;

/** More faults than this are one fault, seen many times. */
const FAULTS_SHOWN_MAX = 10;

type Outcome = { readonly stories: readonly PaymentStory[]; readonly ledger: readonly Charge[] };

const exitCode = await withCleanup((defer) => Promise.race([demo(defer), timeLimit()])).catch((error: unknown) => {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
});
// Not left to Node: after a failure, clients of the storm may still be waiting.
process.exit(exitCode);

async function demo(defer: Defer): Promise<number> {
  const seed = readSeed();
  const plan = planStorm(seed);
  console.log(`Seed ${seed} (another one: npm run demo -- --seed ${seed + 1})`);
  console.log(`${plan.length} payments, ${plannedRequests(plan)} requests\n`);

  const folder = await temporaryFolder(defer);
  const withGateway = await stormThroughGateway(defer, folder, plan);
  const without = await stormStraight(defer, folder, plan);

  const tally = tallyStorm(withGateway.stories, withGateway.ledger);
  const bareTally = tallyStorm(without.stories, without.ledger);
  console.log(`\n${renderTable(tally, bareTally)}\n`);
  console.log(
    "(Of a request whose answer was lost or not awaited, nobody knows whether it was the one that executed.)\n",
  );

  const faults = findFaults(withGateway.stories, withGateway.ledger);
  if (faults.length > 0) {
    console.log(`FAILED\n${faults.slice(0, FAULTS_SHOWN_MAX).join("\n")}`);
    if (faults.length > FAULTS_SHOWN_MAX) console.log(`and ${faults.length - FAULTS_SHOWN_MAX} more`);
    return 1;
  }
  console.log(
    `PASSED: ${plan.length} payments, each charged exactly once, and every client holds the right charge. ` +
      `Without Oncegate: ${bareTally.doubleCharges} double charges.`,
  );
  return 0;
}

async function stormThroughGateway(defer: Defer, folder: string, plan: readonly PaymentPlan[]): Promise<Outcome> {
  const origin = await startOrigin(defer, join(folder, "with.sqlite"));
  const startedMs = performance.now();
  process.stdout.write("starting the gateway ... ");
  const gateway = await startGateway({
    port: 0,
    persistTo: join(folder, "gateway"),
    tenants: { "*": { origin: origin.url, caller: ["authorization"] } },
    defer,
  });
  console.log(`ready after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  const stories = await storm(defer, "through Oncegate", gateway.url, plan);
  await origin.idle();
  return { stories, ledger: origin.charges() };
}

async function stormStraight(defer: Defer, folder: string, plan: readonly PaymentPlan[]): Promise<Outcome> {
  const origin = await startOrigin(defer, join(folder, "without.sqlite"));
  const stories = await storm(defer, "straight to the origin", origin.url, plan);
  await origin.idle();
  return { stories, ledger: origin.charges() };
}

async function startOrigin(defer: Defer, ledgerPath: string) {
  const origin = await startPaymentsOrigin({ port: 0, ledgerPath, latencyMs: ORIGIN_LATENCY_MS });
  defer(() => origin.close());
  return origin;
}

async function storm(defer: Defer, title: string, url: string, plan: readonly PaymentPlan[]): Promise<PaymentStory[]> {
  const proxy = await startLossyProxy(url);
  defer(() => proxy.close());
  const progress = showProgress(process.stdout, title, plan.length);
  // Interrupted, the clients still get to know that everything is gone; nobody wants to read of that.
  let over = false;
  defer(async () => void (over = true));
  return runStorm(plan, proxy, (story) => {
    if (!over) progress.step(story.deliveries.length);
  });
}

function readSeed(): number {
  const { values } = parseArgs({ options: { seed: { type: "string", default: String(DEFAULT_SEED) } } });
  const seed = Number(values.seed);
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new Error(`--seed is an integer from 0 to ${2 ** 32 - 1}, not ${values.seed}`);
  }
  return seed;
}

function timeLimit(): Promise<never> {
  return new Promise((_, reject) => {
    const onTime = () => reject(new Error(`it was not done after ${TIME_LIMIT_MS / 1000} s`));
    // Not counted among what keeps the process alive.
    setTimeout(onTime, TIME_LIMIT_MS).unref();
  });
}
