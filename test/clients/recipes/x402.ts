/** Payments by 402: the first answer asks for a payment, and the same request comes again with it. */

import {
  decodePaymentSignatureHeader,
  encodePaymentRequiredHeader,
  encodePaymentResponseHeader,
  encodePaymentSignatureHeader,
} from "@x402/core/http";
import { type PaymentRequired, type PaymentRequirements, type SchemeNetworkClient } from "@x402/fetch";
import { randomUUID } from "node:crypto";
import { type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { type FaultProxy } from "../fault-proxy.ts";
import { type Account, type Recipe, accounts, answersOf, readJson, sendJson } from "./recipe.ts";
import { connectX402 } from "./snippets/x402.ts";

/** The payment is not accepted; or it is settled, and then the connection breaks. */
type Step = "declines" | "breaks off";

/** Its effects are settled payments. */
const accountOf = accounts<Step>();

const NETWORK = "eip155:8453";

/** USDC on Base. */
const REQUIREMENTS: PaymentRequirements = {
  scheme: "exact",
  network: NETWORK,
  asset: "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
  amount: "10000",
  payTo: "0x209693Bc6afc0C5328bA36FaF03C514EF312287C",
  maxTimeoutSeconds: 60,
  extra: { name: "USD Coin", version: "2" },
};

const REQUIRED: PaymentRequired = {
  x402Version: 2,
  resource: { url: "https://paid.example.com/v1/reports", description: "A report", mimeType: "application/json" },
  accepts: [REQUIREMENTS],
};

const CHALLENGE = 'Payment id="ch_1", realm="paid.example.com", method="card", intent="charge"';

const origin: RequestListener = async (request, response) => {
  const account = accountOf(String(request.headers["x-api-key"]));
  const { topic } = await readJson<{ readonly topic: string }>(request);
  const nonce = paymentIn(request);
  const step = nonce === null ? undefined : account.script.shift();
  if (nonce === null || step === "declines") {
    const headers = { "payment-required": encodePaymentRequiredHeader(REQUIRED), "www-authenticate": CHALLENGE };
    sendJson(response, { error: "payment required" }, 402, headers);
    return;
  }
  settle(account, nonce);
  if (step === "breaks off") request.socket.resetAndDestroy();
  else sendReport(response, topic, nonce);
};

function settle(account: Account<Step>, nonce: string): void {
  account.effects += 1;
  settled.push(nonce);
}

const settled: string[] = [];

function sendReport(response: ServerResponse, topic: string, transaction: string): void {
  const paid = encodePaymentResponseHeader({ success: true, transaction, network: NETWORK, payer: "0xpayer" });
  sendJson(response, { report: `about ${topic}` }, 200, { "payment-response": paid });
}

/** What makes one payment another than the next; null without one. */
function paymentIn({ headers }: IncomingMessage): string | null {
  const { "payment-signature": signature, authorization } = headers;
  if (typeof signature === "string") return String(decodePaymentSignatureHeader(signature).payload["nonce"]);
  return authorization?.startsWith("Payment ") === true ? authorization.slice("Payment ".length) : null;
}

/** A wallet without a chain: it signs each payment with a new nonce, as the scheme "exact" does. */
interface Wallet extends SchemeNetworkClient {
  readonly signed: string[];
}

function newWallet(): Wallet {
  const signed: string[] = [];
  return {
    scheme: "exact",
    signed,
    findDefaultAsset: () => ({ asset: REQUIREMENTS.asset, symbol: "USDC", decimals: 6 }),
    createPaymentPayload: (x402Version) => {
      const nonce = randomUUID();
      signed.push(nonce);
      return Promise.resolve({ x402Version, payload: { nonce, signature: "0x00" } });
    },
  };
}

function newBuyer(...script: Step[]) {
  const apiKey = randomUUID();
  const account = accountOf(apiKey);
  account.script.push(...script);
  return { account, apiKey, key: randomUUID(), wallet: newWallet() };
}

/** One request, with a payment or without. */
async function request(network: FaultProxy, buyer: ReturnType<typeof newBuyer>, payment: Record<string, string>) {
  const response = await fetch(`${network.url}/v1/reports`, {
    method: "POST",
    headers: {
      "x-api-key": buyer.apiKey,
      "content-type": "application/json",
      "idempotency-key": buyer.key,
      ...payment,
    },
    body: JSON.stringify({ topic: "tides" }),
  });
  const body = (await response.json()) as { readonly report?: string; readonly code?: string };
  return { status: response.status, says: body.report ?? body.code };
}

function freshPayment(): Record<string, string> {
  const payload = { nonce: randomUUID(), signature: "0x00" };
  return { "payment-signature": encodePaymentSignatureHeader({ x402Version: 2, accepted: REQUIREMENTS, payload }) };
}

export const X402: Recipe = {
  title: "Payments by 402",
  snippets: ["x402.ts"],
  origin,
  tests: (connect) => {
    test("a request for payment is not kept: the same key pays", async () => {
      const { account, apiKey, key, wallet } = newBuyer();
      const network = await connect([]);
      expect(await connectX402(network.url, apiKey, wallet)("tides", key)).toBe("about tides");
      expect(answersOf(network)).toEqual(["402 released", "executed"]);
      expect(account.effects).toBe(1);
    });

    test("what was paid for comes again without a second payment", async () => {
      const { account, apiKey, key, wallet } = newBuyer();
      const network = await connect([{ what: "passes" }, { what: "loses the answer" }]);
      expect(await connectX402(network.url, apiKey, wallet)("tides", key)).toBe("about tides");
      expect(answersOf(network)).toEqual(["402 released", "executed", "replayed"]);
      expect([wallet.signed.length, account.effects]).toEqual([1, 1]);
    });

    test("a payment that did not arrive is signed again, and settled once", async () => {
      const { account, apiKey, key, wallet } = newBuyer();
      const network = await connect([{ what: "passes" }, { what: "loses the request" }]);
      expect(await connectX402(network.url, apiKey, wallet)("tides", key)).toBe("about tides");
      expect(answersOf(network)).toEqual(["402 released", "none", "402 released", "executed"]);
      expect([wallet.signed.length, account.effects]).toEqual([2, 1]);
      expect(settled.filter((nonce) => wallet.signed.includes(nonce))).toEqual([wallet.signed[1]]);
    });

    test("a declined payment frees the key for another", async () => {
      const { account, apiKey, key, wallet } = newBuyer("declines");
      const network = await connect([]);
      const buy = connectX402(network.url, apiKey, wallet);
      await expect(buy("tides", key)).rejects.toThrow("402");
      expect(await buy("tides", key)).toBe("about tides");
      expect(answersOf(network)).toEqual(["402 released", "402 released", "402 released", "executed"]);
      expect(account.effects).toBe(1);
    });

    test("while the outcome of a payment is unknown, a freshly signed one is refused too", async () => {
      const buyer = newBuyer("breaks off");
      const network = await connect([]);
      const buy = connectX402(network.url, buyer.apiKey, buyer.wallet);
      await expect(buy("tides", buyer.key)).rejects.toThrow("502 origin_unreachable");
      await expect(buy("tides", buyer.key)).rejects.toThrow("409 outcome_unknown");
      const refused = { status: 409, says: "outcome_unknown" };
      expect(await request(network, buyer, freshPayment())).toEqual(refused);
      expect(await request(network, buyer, { authorization: `Payment ${randomUUID()}` })).toEqual(refused);
      expect([buyer.wallet.signed.length, buyer.account.effects]).toEqual([1, 1]);
    });

    test("a payment in Authorization works the same way", async () => {
      const buyer = newBuyer();
      const network = await connect([{ what: "passes" }, { what: "loses the answer" }]);
      expect((await request(network, buyer, {})).status).toBe(402);
      await expect(request(network, buyer, { authorization: `Payment ${randomUUID()}` })).rejects.toThrow(
        "fetch failed",
      );
      const paid = { status: 200, says: "about tides" };
      expect(await request(network, buyer, {})).toEqual(paid);
      expect(await request(network, buyer, { authorization: `Payment ${randomUUID()}` })).toEqual(paid);
      expect(buyer.account.effects).toBe(1);
    });
  },
};
