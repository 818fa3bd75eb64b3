// The second act: the gateway is killed while payments run, and every client retries. Only the origin knows which
// payments were charged. The gateway first answers that the outcome is unknown, and asks the origin once it may.

import { setTimeout as sleep } from "node:timers/promises";
import { PROBE_PATH } from "../../examples/payments-origin/routes.ts";
import { type PaymentsOrigin } from "../../examples/payments-origin/server.ts";
import { type Delivery, send } from "./client.ts";
import { type CrashStory, isExecuted, isReplayed, isUnanswered, isUnknown } from "./crash-verdict.ts";
import { type HeldNetwork } from "./held-network.ts";
import { type CrashedPayment } from "./plan.ts";
import { chargeRequest } from "./storm.ts";

export type Stage = {
  /** Starts the gateway on this act's storage, with additional tenant settings. */
  readonly startGateway: (settings: Readonly<Record<string, unknown>>) => Promise<KillableGateway>;
  /** Uses `network` as its card network. */
  readonly origin: PaymentsOrigin;
  readonly network: HeldNetwork;
  /** Receives a line for each step. */
  readonly report: (line: string) => void;
};

type KillableGateway = {
  readonly url: string;
  /** With SIGKILL. */
  readonly kill: () => Promise<void>;
};

export async function runCrash(plan: readonly CrashedPayment[], stage: Stage): Promise<CrashStory[]> {
  const { startGateway, origin, network, report } = stage;

  const first = await startGateway({});
  const running = plan.map(async (crashed) => ({ crashed, cut: await pay(crashed, first.url) }));
  // An answer before the crash is a fault, which the verdict finds.
  await Promise.race([network.allHeld, ...running]);
  report(`${plan.length} requests have reached the payments API, which waits for the card network`);
  await first.kill();
  const cut = await Promise.all(running);
  report(`kill -9: the gateway is gone, and ${count(cut, ({ cut }) => isUnanswered(cut))} clients have no answer`);

  releaseAll(plan, "charged", network);
  const charges = await chargesOf(origin, plan.filter(({ fate }) => fate === "charged").length);
  report(`the API goes on without it: ${charges} charged, ${plan.length - charges} still waiting`);

  const second = await startGateway({});
  const asked = await Promise.all(
    cut.map(async ({ crashed, cut }) => ({ crashed, cut, asked: await pay(crashed, second.url) })),
  );
  const unknown = count(asked, ({ asked }) => isUnknown(asked));
  report(`before: the gateway runs again, every client asks again: ${unknown} unknown (it never guesses)`);
  await second.kill();

  const third = await startGateway({ on_unknown: "probe", probe: PROBE_PATH });
  const healed = await Promise.all(
    asked.map(async ({ crashed, cut, asked }) => ({ crashed, cut, asked, healed: await pay(crashed, third.url) })),
  );
  const replayed = count(healed, ({ healed }) => isReplayed(healed));
  const executed = count(healed, ({ healed }) => isExecuted(healed));
  report(
    `after:  the gateway may ask the API, every client asks again: ${replayed} final (charged before), ${executed} executed once`,
  );

  const before = origin.charges().length;
  releaseAll(plan, "fenced", network);
  await origin.idle();
  const late = origin.charges().length - before;
  report(`the card network consents to the attempts that still wait: ${late} charged, the API has fenced them off`);
  return healed;
}

function pay({ payment }: CrashedPayment, url: string): Promise<Delivery> {
  return send({ url, lossyUrl: url }, chargeRequest(payment, payment.amount), { kind: "none" });
}

/** A released charge takes the origin a moment, since it reads the caller first. */
const CHARGING_MS_MAX = 10_000;

/** The number of charges, once it is `expected`. One that is missing by then is for the verdict to find. */
async function chargesOf(origin: PaymentsOrigin, expected: number): Promise<number> {
  const endMs = Date.now() + CHARGING_MS_MAX;
  while (origin.charges().length < expected && Date.now() < endMs) await sleep(5);
  return origin.charges().length;
}

function releaseAll(plan: readonly CrashedPayment[], fate: CrashedPayment["fate"], network: HeldNetwork): void {
  for (const crashed of plan) if (crashed.fate === fate) network.release(crashed.payment.reference);
}

function count<T>(stories: readonly T[], is: (story: T) => boolean): number {
  return stories.filter(is).length;
}
