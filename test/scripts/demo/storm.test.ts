import { describe, expect, test } from "vitest";
import { startPaymentsOrigin } from "../../../examples/payments-origin/server.ts";
import { startLossyProxy } from "../../../scripts/demo/lossy-proxy.ts";
import { planStorm, plannedRequests } from "../../../scripts/demo/plan.ts";
import { runStorm } from "../../../scripts/demo/storm.ts";
import { findFaults, tallyStorm } from "../../../scripts/demo/tally.ts";
import { closing, startStubGateway } from "./stub-gateway.ts";

// Two of these ten payments have a misused key, and every trouble occurs.
const PLAN = planStorm(1).slice(0, 10);

describe("a storm", { timeout: 120_000 }, () => {
  test("through an idempotent gateway charges every payment once", async () => {
    const origin = closing(await startPaymentsOrigin({ port: 0, ledgerPath: ":memory:", latencyMs: 250 }));
    const gateway = await startStubGateway(origin.url);
    const proxy = closing(await startLossyProxy(gateway.url));

    const stories = await runStorm(PLAN, proxy, () => {});

    const tally = tallyStorm(stories, origin.charges());
    expect(findFaults(stories, origin.charges())).toEqual([]);
    expect(tally).toMatchObject({
      charges: 10,
      doubleCharges: 0,
      overchargedCents: 0,
      atOdds: 0,
      refused: 2,
      other: 0,
    });
    expect(tally.requests).toBe(plannedRequests(PLAN));
    expect(tally.lost).toBe(proxy.answersLost());
    expect(tally.executed + tally.joined + tally.replayed + tally.refused + tally.lost + tally.hungUp).toBe(
      tally.requests,
    );
  });

  test("straight to the origin charges for every request, and the verdict finds the faults", async () => {
    const origin = closing(await startPaymentsOrigin({ port: 0, ledgerPath: ":memory:", latencyMs: 250 }));
    const proxy = closing(await startLossyProxy(origin.url));

    const stories = await runStorm(PLAN, proxy, () => {});
    await origin.idle();

    const tally = tallyStorm(stories, origin.charges());
    expect(tally).toMatchObject({
      charges: plannedRequests(PLAN),
      doubleCharges: plannedRequests(PLAN) - 10,
      joined: 0,
      replayed: 0,
      refused: 0,
    });
    expect(findFaults(stories, origin.charges()).length).toBeGreaterThan(10);
  });

  test("reports every payment when it is complete", async () => {
    const origin = closing(await startPaymentsOrigin({ port: 0, ledgerPath: ":memory:" }));
    const proxy = closing(await startLossyProxy(origin.url));
    const seen: string[] = [];

    await runStorm(PLAN, proxy, (story) => seen.push(story.payment.reference));

    expect(seen.toSorted()).toEqual(PLAN.map((payment) => payment.reference));
  });
});
