/** A checkout page that knows of no keys: the order makes the key, and a declined card must not use it up. */

import { randomUUID } from "node:crypto";
import { type RequestListener } from "node:http";
import { expect, test } from "vitest";
import { type Signal, pause, signal } from "../../conformance/bounded.ts";
import { type Account, type Recipe, accounts, answersOf, readJson, sendJson } from "./recipe.ts";
import { type Order, connectCheckout } from "./snippets/checkout.ts";

/** The card is declined, at once or when it is released; the charge waits until it is released; the connection breaks after it. */
type Step =
  | { readonly does: "declines" | "breaks off" }
  | { readonly does: "charges slowly" | "declines slowly"; readonly released: Promise<void> };

/** Nothing shows that a request has begun to wait, so it gets the time to. */
const JOIN_MS = 300;

const accountOf = accounts<Step>();

const origin: RequestListener = async (request, response) => {
  const { order_id, card } = await readJson<Order>(request);
  const account = accountOf(request.headers.cookie);
  const step = account.script.shift();
  if (step?.does === "declines slowly") await step.released;
  if (step?.does === "declines" || step?.does === "declines slowly") {
    sendJson(response, { code: "card_declined" }, 402);
    return;
  }
  account.effects += 1;
  if (step?.does === "charges slowly") await step.released;
  if (step?.does === "breaks off") request.socket.resetAndDestroy();
  else sendJson(response, { receipt: `${order_id} paid with ${card}, charge ${account.effects}` }, 201);
};

interface Customer {
  readonly account: Account<Step>;
  readonly session: string;
}

function newCustomer(...script: Step[]): Customer {
  const session = randomUUID();
  const account = accountOf(`session=${session}`);
  account.script.push(...script);
  return { account, session };
}

const VISA: Order = { order_id: "o1", card: "visa" };
const AMEX: Order = { order_id: "o1", card: "amex" };
const PAID_WITH_VISA = { status: 201, receipt: "o1 paid with visa, charge 1" };
const PAID_WITH_AMEX = { status: 201, receipt: "o1 paid with amex, charge 1" };
const DECLINED = { status: 402, code: "card_declined" };

export const CHECKOUT: Recipe = {
  title: "A checkout without keys",
  snippets: ["checkout.ts"],
  origin,
  tests: (connect) => {
    /** Two clicks, of which the second comes while the first is in work. */
    const clickTwice = async (does: "charges slowly" | "declines slowly") => {
      const released: Signal = signal();
      const { account, session } = newCustomer({ does, released: released.given });
      const network = await connect([]);
      const pay = connectCheckout(network.url, session);
      const clicks = [pay(VISA), pay(VISA)];
      await network.passedOn(2);
      await pause(JOIN_MS);
      released.give();
      return { account, pay, answers: await Promise.all(clicks) };
    };

    test("a double click is one charge, and both get its receipt", async () => {
      const { account, answers } = await clickTwice("charges slowly");
      expect(answers).toEqual([PAID_WITH_VISA, PAID_WITH_VISA]);
      expect(account.effects).toBe(1);
    });

    test("a double click with a declined card charges nothing, and the next card is charged", async () => {
      const { account, pay, answers } = await clickTwice("declines slowly");
      expect(answers).toEqual([DECLINED, DECLINED]);
      expect(await pay(AMEX)).toEqual(PAID_WITH_AMEX);
      expect(account.effects).toBe(1);
    });

    test("a receipt that is lost on its way comes again", async () => {
      const { account, session } = newCustomer();
      const network = await connect([{ what: "loses the answer" }, { what: "cuts the answer" }]);
      expect(await connectCheckout(network.url, session)(VISA)).toEqual(PAID_WITH_VISA);
      expect(answersOf(network)).toEqual(["executed", "replayed", "replayed"]);
      expect(account.effects).toBe(1);
    });

    test.each([
      { next: VISA, paid: PAID_WITH_VISA },
      { next: AMEX, paid: PAID_WITH_AMEX },
    ])("after a declined card, the next try runs: $next.card", async ({ next, paid }) => {
      const { account, session } = newCustomer({ does: "declines" });
      const pay = connectCheckout((await connect([])).url, session);
      expect(await pay(VISA)).toEqual(DECLINED);
      expect(await pay(next)).toEqual(paid);
      expect(await pay(next)).toEqual(paid);
      expect(account.effects).toBe(1);
    });

    test("an order that is paid is not charged to another card", async () => {
      const { account, session } = newCustomer();
      const pay = connectCheckout((await connect([])).url, session);
      expect(await pay(VISA)).toEqual(PAID_WITH_VISA);
      expect(await pay(AMEX)).toMatchObject({ status: 422, code: "key_reused" });
      expect(account.effects).toBe(1);
    });

    test("while it is unknown whether the first card was charged, no card is", async () => {
      const { account, session } = newCustomer({ does: "breaks off" });
      const pay = connectCheckout((await connect([])).url, session);
      expect(await pay(VISA)).toMatchObject({ status: 502, code: "origin_unreachable" });
      expect(await pay(VISA)).toMatchObject({ status: 409, code: "outcome_unknown" });
      expect(await pay(AMEX)).toMatchObject({ status: 422, code: "key_reused" });
      expect(account.effects).toBe(1);
    });

    test("another order is another charge", async () => {
      const { account, session } = newCustomer();
      const pay = connectCheckout((await connect([])).url, session);
      await pay(VISA);
      expect(await pay({ ...VISA, order_id: "o2" })).toMatchObject({ receipt: "o2 paid with visa, charge 2" });
      expect(account.effects).toBe(2);
    });
  },
};
