import { setTimeout as sleep } from "node:timers/promises";
import { SquareClient, SquareError } from "square";

export function connectSquare(gateway: string, token: string, timeoutMs = 30_000) {
  const square = new SquareClient({ token, baseUrl: gateway, timeoutInSeconds: timeoutMs / 1000, maxRetries: 2 });

  // The key travels in the body, where `key_from = ["/idempotency_key"]` finds it.
  return async (amount: bigint, key: string) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await square.payments.create({
          idempotencyKey: key,
          sourceId: "cnon:card-nonce-ok",
          amountMoney: { amount, currency: "EUR" },
        });
      } catch (error) {
        // The SDK repeats 408, 429 and 5xx, but not a request that got no answer.
        const answered = error instanceof SquareError && error.statusCode !== undefined;
        if (answered || attempt === 3) throw error;
        await sleep(250 * attempt);
      }
    }
  };
}
