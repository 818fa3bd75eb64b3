import { ofetch } from "ofetch";

export function connectOfetch(gateway: string, token: string, timeoutMs = 30_000) {
  const api = ofetch.create({
    baseURL: gateway,
    headers: { authorization: `Bearer ${token}` },
    retry: 2,
    // ofetch treats "no response" as 500 too. A stored 500 is replayed, not run again.
    retryStatusCodes: [429, 500, 503],
    retryDelay: ({ response }) => 1000 * Number(response?.headers.get("retry-after") ?? 0.25),
    // `timeout` would be one signal for all attempts: once it has fired, no retry leaves the process. This is one for each.
    onRequest: ({ options }) => {
      options.signal = AbortSignal.timeout(timeoutMs);
    },
  });

  return (amount: number, key: string) =>
    api<{ id: string }>("/v1/charges", { method: "POST", body: { amount }, headers: { "idempotency-key": key } });
}
