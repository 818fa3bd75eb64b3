import { setTimeout as sleep } from "node:timers/promises";
import { Resend } from "resend";

export function connectResend(gateway: string, apiKey: string, timeoutMs = 30_000) {
  const resend = new Resend(apiKey, { baseUrl: gateway });

  // The SDK repeats nothing, and has no time-out.
  return async (subject: string, key: string) => {
    const email = { from: "shop@example.com", to: "ada@example.com", subject, text: "Thank you." };
    for (let attempt = 1; ; attempt++) {
      const result = await resend.emails.send(email, {
        idempotencyKey: key,
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (result.error === null || attempt === 3 || !isWorthRepeating(result.headers)) return result;
      await sleep(1000 * Number(result.headers?.["retry-after"] ?? attempt / 4));
    }
  };
}

/** Without headers, there was no response, or only a part of one. Otherwise the response decides, by either header. */
function isWorthRepeating(headers: Record<string, string> | null): boolean {
  if (headers === null) return true;
  const said = headers["x-should-retry"];
  return said === undefined ? headers["retry-after"] !== undefined : said === "true";
}
