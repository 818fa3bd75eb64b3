/** A checkout page that knows of no keys: the order makes the key, and a declined card must not use it up. */

import { randomUUID } from "node:crypto";
import { type RequestListener } from "node:http";
import { expect, test } from "vitest";
import {
  type Account,
  type Recipe,
  accounts,
  answersOf,
  holdNext,
  joined,
  readJson,
  sendJson,
  untilReleased,
} from "./recipe.ts";
import { type Order, connectCheckout } from "./snippets/checkout.ts";

/** The card is declined, or the connection breaks after the charge. */
type Step = "declines" | "breaks off";

const accountOf = accounts<Step>();

const origin: RequestListener = async (request, response) => {
  const { order_id, card } = await readJson<Order>(request);
  const account = accountOf(request.headers.cookie);
  const step = account.script.shift();
  if (step === "declines") {
    await untilReleased(account);
    sendJson(response, { code: "card_declined" }, 402);
    return;
  }
  account.effects += 1;
  await untilReleased(account);
  if (step === "breaks off") request.socket.resetAndDestroy();
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
    const clickTwice = async (...script: Step[]) => {
      const { account, session } = newCustomer(...script);
      const { release } = holdNext(account);
      const network = await connect([]);
      const pay = connectCheckout(network.url, session);
      const clicks = [pay(VISA), pay(VISA)];
      await joined(network, 2);
      release();
      return { account, pay, answers: await Promise.all(clicks) };
    };

    test("a double click is one charge, and both get its receipt", async () => {
      const { account, answers } = await clickTwice();
      expect(answers).toEqual([PAID_WITH_VISA, PAID_WITH_VISA]);
      expect(account.effects).toBe(1);
    });

    test("a double click with a declined card charges nothing, and the next card is charged", async () => {
      const { account, pay, answers } = await clickTwice("declines");
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
      const { account, session } = newCustomer("declines");
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
      const { account, session } = newCustomer("breaks off");
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
