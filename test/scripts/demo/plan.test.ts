import { describe, expect, test } from "vitest";
import { ORIGIN_LATENCY_MS, planCrash, planStorm, plannedRequests } from "../../../scripts/demo/plan.ts";

describe("the plan of a storm", () => {
  test("is the same for the same seed, and different for another", () => {
    expect(planStorm(7)).toEqual(planStorm(7));
    expect(planStorm(7)).not.toEqual(planStorm(8));
  });

  test.each([0, 1, 2, 4_294_967_295])("has every kind of trouble, with seed %d", (seed) => {
    const plan = planStorm(seed);
    const kinds = plan.flatMap((payment) => payment.atOnce.flatMap((client) => client.troubles.map((t) => t.kind)));

    expect(plan).toHaveLength(50);
    expect(new Set(kinds)).toEqual(new Set(["none", "hang-up", "answer-lost"]));
    expect(plan.filter((payment) => payment.misusedWithAmount !== null)).toHaveLength(10);
    expect(plannedRequests(plan)).toBeGreaterThan(250);
    expect(plannedRequests(plan)).toBeLessThan(700);
  });

  test("gives every payment a unique key and reference", () => {
    const plan = planStorm(1);

    expect(new Set(plan.map((payment) => payment.key)).size).toBe(50);
    expect(new Set(plan.map((payment) => payment.reference)).size).toBe(50);
  });

  test("misuses a key with another amount, never with the same", () => {
    for (const payment of planStorm(1)) expect(payment.misusedWithAmount).not.toBe(payment.amount);
  });

  test("ends every client without trouble, and hangs up only at first and before the origin answers", () => {
    const clients = planStorm(1).flatMap((payment) => payment.atOnce.concat(payment.later));
    const hangUps = clients.flatMap((client) => client.troubles.filter((trouble) => trouble.kind === "hang-up"));
    const laterTroubles = clients.flatMap((client) => client.troubles.slice(1));

    expect(clients.map((client) => client.troubles.at(-1)?.kind)).toEqual(clients.map(() => "none"));
    expect(laterTroubles.map((trouble) => trouble.kind)).not.toContain("hang-up");
    expect(Math.max(...hangUps.map((hangUp) => hangUp.afterMs))).toBeLessThan(ORIGIN_LATENCY_MS / 2);
  });
});

describe("the plan of a crash", () => {
  test("is the same for the same seed, and different for another", () => {
    expect(planCrash(7)).toEqual(planCrash(7));
    expect(planCrash(7)).not.toEqual(planCrash(8));
  });

  test.each([0, 1, 2, 4_294_967_295])("has both fates several times, with seed %d", (seed) => {
    const plan = planCrash(seed);

    expect(plan).toHaveLength(8);
    for (const fate of ["charged", "fenced"]) {
      expect(plan.filter((crashed) => crashed.fate === fate).length).toBeGreaterThanOrEqual(3);
    }
    expect(new Set(plan.map(({ payment }) => payment.key)).size).toBe(8);
    expect(new Set(plan.map(({ payment }) => payment.reference)).size).toBe(8);
  });
});
