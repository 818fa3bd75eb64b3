/** Senders of webhooks: what each delivers, signed by its published scheme, and how a receiver verifies it. */

import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { type IncomingHttpHeaders } from "node:http";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";

/** One try to deliver an event. */
export interface Delivery {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Sender {
  readonly name: string;
  readonly path: string;
  /** The n-th try to deliver the event `id`, from 1. Each has the time of its own. */
  readonly deliver: (id: string, tries: number) => Delivery;
  /** The id of the event. Throws where the signature is not valid. */
  readonly verify: (headers: IncomingHttpHeaders, body: string) => string;
  /** What an operator finds the record by. */
  readonly keyOf: (id: string) => string;
}

const SECRET = "b25jZWdhdGUtdGVzdHMtb25jZWdhdGUtdGVzdHM=";
const HOOK_ID = "292430182";
const TOPIC = "orders/paid";

/** In seconds. Retries come later than the first try, and within the tolerance of those who verify the time. */
function timeOf(tries: number): number {
  return Math.floor(Date.now() / 1000) + 30 * (tries - 1);
}

function hmac(secret: string | Buffer, signed: string): Buffer {
  return createHmac("sha256", secret).update(signed).digest();
}

function equal(expected: string, sent: string | string[] | undefined): void {
  const isEqual =
    typeof sent === "string" &&
    sent.length === expected.length &&
    timingSafeEqual(Buffer.from(sent), Buffer.from(expected));
  if (!isEqual) throw new Error("the signature is not valid");
}

/** Standard Webhooks 1.0.0, "Signature scheme". */
const standardWebhooks: Sender = {
  name: "Standard Webhooks",
  path: "/standard",
  deliver: (id, tries) => {
    const time = timeOf(tries);
    const body = JSON.stringify({
      type: "invoice.paid",
      timestamp: "2026-11-03T20:26:10.344522Z",
      data: { id: "in_1" },
    });
    const signature = hmac(Buffer.from(SECRET, "base64"), `${id}.${time}.${body}`).toString("base64");
    const headers = {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(time),
      "webhook-signature": `v1,${signature}`,
    };
    return { headers, body };
  },
  verify: (headers, body) => {
    const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    new Webhook(`whsec_${SECRET}`).verify(body, sent);
    return sent["webhook-id"] ?? "";
  },
  keyOf: (id) => id,
};

/** docs.stripe.com/webhooks, "Verify webhook signatures manually". Each try counts the endpoints that have not got the event yet. */
const stripe: Sender = {
  name: "Stripe",
  path: "/stripe",
  deliver: (id, tries) => {
    const event = {
      id,
      object: "event",
      api_version: "2026-10-28",
      created: 1_795_000_000,
      data: { object: { id: "in_1", object: "invoice", amount_paid: 2000, currency: "eur" } },
      livemode: true,
      pending_webhooks: tries === 1 ? 2 : 1,
      request: { id: null, idempotency_key: null },
      type: "invoice.paid",
    };
    const body = JSON.stringify(event, null, 2);
    const time = timeOf(tries);
    const signature = hmac(`whsec_${SECRET}`, `${time}.${body}`).toString("hex");
    const headers = {
      "content-type": "application/json; charset=utf-8",
      "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
      "stripe-signature": `t=${time},v1=${signature},v0=${"0".repeat(64)}`,
    };
    return { headers, body };
  },
  verify: (headers, body) =>
    Stripe.webhooks.constructEvent(body, String(headers["stripe-signature"]), `whsec_${SECRET}`).id,
  keyOf: (id) => id,
};

/** docs.github.com, "Validating webhook deliveries". A redelivery is the same to the byte. */
const github: Sender = {
  name: "GitHub",
  path: "/github",
  deliver: (id) => {
    const body = JSON.stringify({ ref: "refs/heads/main", after: "a1b2c3", commits: [], repository: { id: 1296269 } });
    const headers = {
      "content-type": "application/json",
      "user-agent": "GitHub-Hookshot/044aadd",
      "x-github-delivery": id,
      "x-github-event": "push",
      "x-github-hook-id": HOOK_ID,
      "x-github-hook-installation-target-id": "1296269",
      "x-github-hook-installation-target-type": "repository",
      "x-hub-signature-256": `sha256=${hmac(SECRET, body).toString("hex")}`,
    };
    return { headers, body };
  },
  verify: (headers, body) => {
    equal(`sha256=${hmac(SECRET, body).toString("hex")}`, headers["x-hub-signature-256"]);
    return String(headers["x-github-delivery"]);
  },
  keyOf: (id) => `${HOOK_ID.length}:${HOOK_ID}${id.length}:${id}`,
};

/** shopify.dev, "Deliver webhooks through HTTPS". Each try has an id of its own beside that of the event. */
const shopify: Sender = {
  name: "Shopify",
  path: "/shopify",
  deliver: (id) => {
    const body = JSON.stringify({ id: 820982911946154500, total_price: "20.00", currency: "EUR", line_items: [] });
    const headers = {
      "content-type": "application/json",
      "x-shopify-topic": TOPIC,
      "x-shopify-shop-domain": "shop.myshopify.com",
      "x-shopify-api-version": "2026-10",
      "x-shopify-event-id": id,
      "x-shopify-webhook-id": randomUUID(),
      "x-shopify-triggered-at": "2026-11-03T20:26:10.344522Z",
      "x-shopify-hmac-sha256": hmac(SECRET, body).toString("base64"),
    };
    return { headers, body };
  },
  verify: (headers, body) => {
    equal(hmac(SECRET, body).toString("base64"), headers["x-shopify-hmac-sha256"]);
    return String(headers["x-shopify-event-id"]);
  },
  keyOf: (id) => `${TOPIC.length}:${TOPIC}${id.length}:${id}`,
};

export const SENDERS: readonly Sender[] = [standardWebhooks, stripe, github, shopify];
