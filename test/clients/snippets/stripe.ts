import Stripe from "stripe";

export function connectStripe(gateway: string, apiKey: string, timeoutMs = 30_000) {
  const { protocol, hostname, port } = new URL(gateway);
  const stripe = new Stripe(apiKey, {
    protocol: protocol === "http:" ? "http" : "https",
    host: hostname,
    port: port === "" ? 443 : port,
    timeout: timeoutMs,
    maxNetworkRetries: 2,
  });

  // The SDK makes a key for each call by itself, but only a key of your own survives the call: keep it with the order.
  return (amount: number, key: string) =>
    stripe.paymentIntents.create({ amount, currency: "eur" }, { idempotencyKey: key });
}
