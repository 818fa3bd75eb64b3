// npm run demo [-- --seed N]
//
// Shows what the gateway does, in two acts. A storm: clients make 50 payments, and send twice, hang up, lose
// answers and mix up keys, once through the gateway and once straight to the payments API. A crash: the gateway is killed
// while payments run. Then it counts the charges in the ledgers. It exits with 0 only if every payment through the
// gateway was charged exactly once and every client got its charge.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Charge } from "../examples/payments-origin/charge.ts";
import { startPaymentsOrigin } from "../examples/payments-origin/server.ts";
import { temporaryFolder, withCleanup } from "./cleanup.ts";
import { type Defer } from "./cleanup.ts";
import { findCrashFaults } from "./demo/crash-verdict.ts";
import { runCrash } from "./demo/crash.ts";
import { holdNetwork } from "./demo/held-network.ts";
import { startLossyProxy } from "./demo/lossy-proxy.ts";
import { ORIGIN_LATENCY_MS, planCrash, planStorm, plannedRequests } from "./demo/plan.ts";
import { type PaymentPlan } from "./demo/plan.ts";
import { showProgress } from "./demo/progress.ts";
import { runStorm } from "./demo/storm.ts";
import { type PaymentStory } from "./demo/storm.ts";
import { renderTable } from "./demo/table.ts";
import { findFaults, tallyStorm } from "./demo/tally.ts";
import { beginScript } from "./help.ts";
import { type ServerProcess } from "./server-process.ts";
import { buildWorker, startWorkerd } from "./workerd-process.ts";

const DEFAULT_SEED = 1;

/** For the whole demo, which takes about 15 s. Beyond this it is stuck. */
const TIME_LIMIT_MS = 85_000;

/** More faults than this are probably repetitions of one. */
const FAULTS_SHOWN_MAX = 10;

type Outcome = { readonly stories: readonly PaymentStory[]; readonly ledger: readonly Charge[] };

beginScript(import.meta.filename);
const exitCode = await withCleanup((defer) => Promise.race([demo(defer), timeLimit()])).catch((error: unknown) => {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
});
// An explicit exit, since clients of the storm may still be waiting after a failure.
process.exit(exitCode);

async function demo(defer: Defer): Promise<number> {
  const seed = readSeed();
  console.log(`Seed ${seed} (another one: npm run demo -- --seed ${seed + 1})\n`);
  const folder = await temporaryFolder(defer);
  buildGateway(folder);
  const storm = await stormAct(defer, folder, seed);
  const crash = await crashAct(defer, folder, seed);

  const faults = [...storm.faults, ...crash.faults];
  if (faults.length > 0) {
    console.log(`FAILED\n${faults.slice(0, FAULTS_SHOWN_MAX).join("\n")}`);
    if (faults.length > FAULTS_SHOWN_MAX) console.log(`and ${faults.length - FAULTS_SHOWN_MAX} more`);
    return 1;
  }
  console.log(
    `PASSED: ${storm.payments} payments in a storm and ${crash.payments} in a crash, each charged exactly once, and every ` +
      `client holds the right charge. Without Oncegate: ${storm.doubleChargesWithout} double charges in the storm.`,
  );
  return 0;
}

function buildGateway(folder: string): void {
  const startedMs = performance.now();
  process.stdout.write("building the gateway ... ");
  buildWorker(folder);
  console.log(`done after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}

async function stormAct(defer: Defer, folder: string, seed: number) {
  const plan = planStorm(seed);
  console.log(`\nA storm: ${plan.length} payments, ${plannedRequests(plan)} requests\n`);
  const withGateway = await stormThroughGateway(defer, folder, plan);
  const without = await stormStraight(defer, folder, plan);

  const bareTally = tallyStorm(without.stories, without.ledger);
  console.log(`\n${renderTable(tallyStorm(withGateway.stories, withGateway.ledger), bareTally)}\n`);
  console.log(
    "(If an answer is lost or not awaited, the client can't know whether its request is the one that executed.)",
  );
  const faults = findFaults(withGateway.stories, withGateway.ledger);
  return { faults, payments: plan.length, doubleChargesWithout: bareTally.doubleCharges };
}

async function crashAct(defer: Defer, folder: string, seed: number) {
  const plan = planCrash(seed);
  console.log(`\nA crash: ${plan.length} payments, and the gateway is killed in the middle\n`);
  const network = holdNetwork(plan.length);
  const ledgerPath = join(folder, "crash.sqlite");
  const origin = await startPaymentsOrigin({ port: 0, ledgerPath, cardNetwork: network.cardNetwork });
  defer(() => origin.close());
  const startGateway = async (settings: Readonly<Record<string, unknown>>) => {
    const gateway = await startWorker(defer, folder, "crash", { ...tenantOf(origin.url), ...settings });
    return { url: gateway.url, kill: () => gateway.stop("at once") };
  };
  const report = untilInterrupted(defer, (line: string) => console.log(line));

  const stories = await runCrash(plan, { startGateway, origin, network, report });
  const ledger = origin.charges();
  const doubles = ledger.length - new Set(ledger.map((charge) => charge.reference)).size;
  console.log(`ledger: ${plan.length} payments, ${ledger.length} charges, ${doubles} double charges\n`);
  return { faults: findCrashFaults(stories, ledger), payments: plan.length };
}

async function stormThroughGateway(defer: Defer, folder: string, plan: readonly PaymentPlan[]): Promise<Outcome> {
  const origin = await startOrigin(defer, join(folder, "with.sqlite"));
  const gateway = await startWorker(defer, folder, "storm", tenantOf(origin.url));
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

function tenantOf(origin: string) {
  return { origin, caller: ["authorization"] };
}

/** Uses the storage of earlier gateways of the same act. */
async function startWorker(defer: Defer, folder: string, act: string, tenant: object): Promise<ServerProcess> {
  const storage = join(folder, `records-${act}`);
  const gateway = await startWorkerd({ bundle: folder, port: 0, storage, tenants: { "*": tenant } });
  defer(() => gateway.stop());
  return gateway;
}

async function storm(defer: Defer, title: string, url: string, plan: readonly PaymentPlan[]): Promise<PaymentStory[]> {
  const proxy = await startLossyProxy(url);
  defer(() => proxy.close());
  const progress = showProgress(process.stdout, title, plan.length);
  const step = untilInterrupted(defer, (story: PaymentStory) => progress.step(story.deliveries.length));
  return runStorm(plan, proxy, step);
}

/** Silences `show` after an interruption, when every client fails because everything is shut down. */
function untilInterrupted<T>(defer: Defer, show: (event: T) => void): (event: T) => void {
  let isOver = false;
  defer(async () => void (isOver = true));
  return (event) => {
    if (!isOver) show(event);
  };
}

function readSeed(): number {
  const { values } = parseArgs({ options: { seed: { type: "string", default: String(DEFAULT_SEED) } } });
  const seed = Number(values.seed);
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new Error(`--seed must be an integer from 0 to ${2 ** 32 - 1}, not ${values.seed}`);
  }
  return seed;
}

function timeLimit(): Promise<never> {
  return new Promise((_, reject) => {
    const onTime = () => reject(new Error(`it did not finish within ${TIME_LIMIT_MS / 1000} s`));
    // unref: the timer does not keep the process alive.
    setTimeout(onTime, TIME_LIMIT_MS).unref();
  });
}
