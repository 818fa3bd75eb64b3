import { describe, expect, test } from "vitest";
import { type Charge } from "../../../examples/payments-origin/charge.ts";
import { type Answer, type Delivery } from "../../../scripts/demo/client.ts";
import { type PaymentStory } from "../../../scripts/demo/storm.ts";
import { findFaults, tallyStorm } from "../../../scripts/demo/tally.ts";

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

function answer(mark: string | null, chargeId: string | null = "ch_1"): Answer {
  return { kind: "answered", status: 201, mark, code: null, retryable: false, chargeId };
}

const REFUSED: Answer = {
  kind: "answered",
  status: 422,
  mark: "refused",
  code: "key_reused",
  retryable: false,
  chargeId: null,
};

function story(deliveries: readonly Delivery[], ends: readonly (Answer | null)[], misuse: Delivery | null = null) {
  return { payment: PAYMENT, deliveries, clientsEnd: ends, misuse } satisfies PaymentStory;
}

const GOOD = story([answer("executed"), answer("joined"), REFUSED], [answer("executed"), answer("joined")], REFUSED);

describe("the tally", () => {
  test("counts every request by its result", () => {
    const deliveries: Delivery[] = [
      answer("executed"),
      answer("joined"),
      answer("joined"),
      answer("replayed"),
      REFUSED,
      { kind: "lost" },
      { kind: "hung-up" },
      { kind: "failed", reason: "ECONNREFUSED" },
      { ...answer("unknown", null), status: 504 },
      answer("replayed"),
    ];

    expect(tallyStorm([story(deliveries, [])], [CHARGE])).toEqual({
      requests: 10,
      executed: 1,
      joined: 2,
      replayed: 2,
      refused: 1,
      lost: 1,
      hungUp: 1,
      other: 2,
      charges: 1,
      doubleCharges: 0,
      overchargedCents: 0,
      atOdds: 0,
    });
  });

  test("counts the origin's own 201 as an execution, and sums up double charges", () => {
    const stories = [story([answer(null), answer(null, "ch_2"), answer(null, "ch_3")], [])];
    const ledger = [CHARGE, { ...CHARGE, id: "ch_2" }, { ...CHARGE, id: "ch_3", amount: 5 }];

    expect(tallyStorm(stories, ledger)).toMatchObject({
      executed: 3,
      charges: 3,
      doubleCharges: 2,
      overchargedCents: 2004,
      atOdds: 1,
    });
  });
});

describe("the verdict", () => {
  test("finds no fault if one charge answers all requests", () => {
    expect(findFaults([GOOD], [CHARGE])).toEqual([]);
  });

  test.each([
    ["a payment that was never charged", GOOD, [], ["payment-01 was never charged"]],
    ["a double charge", GOOD, [CHARGE, { ...CHARGE, id: "ch_2" }], ["payment-01 was charged 2 times"]],
    ["a wrong amount", GOOD, [{ ...CHARGE, amount: 1 }], ["payment-01 was charged 1, not 1999"]],
    ["a changed key", GOOD, [{ ...CHARGE, idempotencyKey: null }], ["payment-01 reached the origin with another key"]],
    [
      "a charge without an order",
      GOOD,
      [CHARGE, { ...CHARGE, id: "ch_9", reference: null }],
      ["the ledger has a charge without an order: ch_9"],
    ],
    [
      "a client without an answer",
      story([], [answer("executed"), null]),
      [CHARGE],
      ["payment-01: 1 of 2 clients lack its charge id"],
    ],
    [
      "a client that once got another charge",
      story([answer("executed", "ch_2"), answer("replayed")], [answer("replayed")]),
      [CHARGE],
      ["payment-01: its clients were given 2 different charge ids"],
    ],
    [
      "a misused key that was answered",
      story([], [answer("executed")], answer("replayed")),
      [CHARGE],
      ["payment-01: its key with another amount was not refused"],
    ],
  ])("finds %s", (_, oneStory, ledger, faults) => {
    expect(findFaults([oneStory], ledger)).toEqual(faults);
  });
});
