import got from "got";

export function connectGot(gateway: string, token: string, timeoutMs = 30_000) {
  const api = got.extend({
    prefixUrl: gateway,
    headers: { authorization: `Bearer ${token}` },
    timeout: { request: timeoutMs },
    retry: {
      limit: 2,
      methods: ["POST"],
      statusCodes: [409, 429, 503],
      calculateDelay: ({ error, computedValue }) =>
        error.response?.headers["x-should-retry"] === "false" ? 0 : computedValue,
    },
  });

  return (amount: number, key: string) =>
    api.post("v1/charges", { json: { amount }, headers: { "idempotency-key": key } }).json<{ id: string }>();
}
