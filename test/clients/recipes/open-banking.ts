/** Open banking: bodies are signed anew for each try, and each exchange has an id of its own. */

import { SignJWT, decodeJwt, generateKeyPair, jwtVerify } from "jose";
import { randomUUID } from "node:crypto";
import { type RequestListener } from "node:http";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { type Account, type Recipe, accounts, answersOf } from "./recipe.ts";
import { connectBank } from "./snippets/open-banking.ts";

/** The connection breaks when the payment has been made. */
type Step = "breaks off";

const accountOf = accounts<Step>();

const SHOP = await generateKeyPair("PS256");
const BANK = await generateKeyPair("PS256");

const origin: RequestListener = async (request, response) => {
  const account = accountOf(request.headers.authorization);
  const { payload } = await jwtVerify(await text(request), SHOP.publicKey, { issuer: "shop", audience: "bank" });
  account.effects += 1;
  if (account.script.shift() === "breaks off") {
    request.socket.resetAndDestroy();
    return;
  }
  const body = await new SignJWT({ data: { paymentId: `pix_${account.effects}`, payment: payload["data"] } })
    .setProtectedHeader({ alg: "PS256", typ: "JWT" })
    .setIssuedAt()
    .setJti(randomUUID())
    .sign(BANK.privateKey);
  response.writeHead(201, {
    "content-type": "application/jwt",
    "x-fapi-interaction-id": String(request.headers["x-fapi-interaction-id"]),
  });
  response.end(body);
};

interface Payer {
  readonly account: Account<Step>;
  readonly token: string;
  readonly key: string;
}

function newPayer(...script: Step[]): Payer {
  const token = randomUUID();
  const account = accountOf(`Bearer ${token}`);
  account.script.push(...script);
  return { account, token, key: randomUUID() };
}

const PAYMENT = { amount: "19.99", creditor: "BR-1" };

export const OPEN_BANKING: Recipe = {
  title: "Open banking",
  snippets: ["open-banking.ts"],
  origin,
  tests: (connect) => {
    test("a payment that is signed again is the same payment, and its answer has the id of the try", async () => {
      const { account, token, key } = newPayer();
      const network = await connect([{ what: "loses the answer" }]);
      const pay = connectBank(network.url, token, SHOP.privateKey);
      const receipt = await pay(PAYMENT, key);
      await jwtVerify(receipt, BANK.publicKey);
      expect(decodeJwt(receipt)["data"]).toEqual({ paymentId: "pix_1", payment: PAYMENT });
      // The bank's signature and all.
      expect(await pay(PAYMENT, key)).toBe(receipt);
      expect(answersOf(network)).toEqual(["executed", "replayed", "replayed"]);
      expect(account.effects).toBe(1);
    });

    test("another payment under the key is refused, with the id of the try", async () => {
      const { account, token, key } = newPayer();
      const network = await connect([]);
      const pay = connectBank(network.url, token, SHOP.privateKey);
      await pay(PAYMENT, key);
      await expect(pay({ ...PAYMENT, amount: "199.90" }, key)).rejects.toThrow(/^422 .*key_reused/);
      expect(account.effects).toBe(1);
    });

    test("a payment whose outcome is unknown is not made again", async () => {
      const { account, token, key } = newPayer("breaks off");
      const network = await connect([]);
      const pay = connectBank(network.url, token, SHOP.privateKey);
      await expect(pay(PAYMENT, key)).rejects.toThrow(/^502 .*origin_unreachable/);
      await expect(pay(PAYMENT, key)).rejects.toThrow(/^409 .*outcome_unknown/);
      expect(account.effects).toBe(1);
    });

    test("a key of more than 40 characters is refused", async () => {
      const { account, token } = newPayer();
      const network = await connect([]);
      const pay = connectBank(network.url, token, SHOP.privateKey);
      await expect(pay(PAYMENT, "k".repeat(41))).rejects.toThrow(/^400 .*key_invalid/);
      expect(await pay(PAYMENT, "k".repeat(40))).toContain(".");
      expect(account.effects).toBe(1);
    });
  },
};
