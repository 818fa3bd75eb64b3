import { describe, expect, test } from "vitest";
import { type Charge } from "../../../examples/payments-origin/charge.ts";
import { type Answer, type Delivery } from "../../../scripts/demo/client.ts";
import { type CrashStory, findCrashFaults } from "../../../scripts/demo/crash-verdict.ts";
import { type CrashedPayment } from "../../../scripts/demo/plan.ts";

const PAYMENT = {
  reference: "payment-01",
  key: "k-1",
  amount: 1999,
  currency: "eur",
  card: "tok_visa",
  atOnce: [],
  later: [],
  misusedWithAmount: null,
};
const CHARGE: Charge = {
  id: "ch_1",
  amount: 1999,
  currency: "eur",
  card: "tok_visa",
  reference: "payment-01",
  caller: "a digest",
  idempotencyKey: "k-1",
  attempt: 1,
  createdMs: 0,
};
const SECOND: Charge = { ...CHARGE, attempt: 2 };

const CUT: Delivery = { kind: "failed", reason: "Error: socket hang up" };
const UNKNOWN: Answer = {
  kind: "answered",
  status: 409,
  mark: "unknown",
  code: "outcome_unknown",
  retryable: false,
  chargeId: null,
};
const REPLAYED: Answer = {
  kind: "answered",
  status: 201,
  mark: "replayed",
  code: null,
  retryable: false,
  chargeId: "ch_1",
};
const EXECUTED: Answer = { ...REPLAYED, mark: "executed" };

function story(fate: CrashedPayment["fate"], seen: Partial<CrashStory> = {}): CrashStory {
  const healed = fate === "charged" ? REPLAYED : EXECUTED;
  return { crashed: { payment: PAYMENT, fate }, cut: CUT, asked: UNKNOWN, healed, ...seen };
}

describe("the verdict on a crash", () => {
  test("finds no fault if each payment was charged once, by the attempt that was allowed to", () => {
    expect(findCrashFaults([story("charged")], [CHARGE])).toEqual([]);
    expect(findCrashFaults([story("fenced")], [SECOND])).toEqual([]);
  });

  test.each<[string, CrashStory, readonly Charge[], readonly string[]]>([
    [
      "a double charge by both attempts",
      story("fenced"),
      [CHARGE, { ...SECOND, id: "ch_2" }],
      ["payment-01 was charged 2 times", "payment-01 was charged by another attempt than 2"],
    ],
    [
      "an attempt that got past its fence",
      story("fenced"),
      [CHARGE],
      ["payment-01 was charged by another attempt than 2"],
    ],
    [
      "a second attempt where the first had charged",
      story("charged", { healed: EXECUTED }),
      [SECOND],
      [
        "payment-01, charged at the origin, was then answered otherwise: 201 executed",
        "payment-01 was charged by another attempt than 1",
      ],
    ],
    [
      "a client that never gets its charge",
      story("charged", { healed: UNKNOWN }),
      [CHARGE],
      [
        "payment-01: 1 of 1 clients lack its charge id",
        "payment-01, charged at the origin, was then answered otherwise: 409 outcome_unknown",
      ],
    ],
    [
      "a guess before the origin was asked",
      story("charged", { asked: CUT }),
      [CHARGE],
      ["payment-01 was not unknown after the crash: Error: socket hang up"],
    ],
    [
      "a crash that came too late",
      story("charged", { cut: EXECUTED }),
      [CHARGE],
      ["payment-01 was answered before the crash: 201 executed"],
    ],
  ])("finds %s", (_, oneStory, ledger, faults) => {
    expect(findCrashFaults([oneStory], ledger)).toEqual(faults);
  });
});
