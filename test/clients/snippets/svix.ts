import { Svix } from "svix";

export function connectSvix(gateway: string, token: string, timeoutMs = 30_000) {
  const svix = new Svix(token, {
    serverUrl: gateway,
    numRetries: 2,
    // `requestTimeout` is one signal for all attempts: once it has fired, no retry leaves the process. This is one for each.
    fetch: (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) }),
  });

  return (amount: number, key: string) =>
    svix.message.create("app_1", { eventType: "invoice.paid", payload: { amount } }, { idempotencyKey: key });
}
