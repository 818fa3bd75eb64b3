import ky, { isHTTPError } from "ky";

export function connectKy(gateway: string, token: string, timeoutMs = 30_000) {
  const api = ky.create({
    baseUrl: gateway,
    headers: { authorization: `Bearer ${token}` },
    timeout: timeoutMs,
    retry: {
      limit: 2,
      methods: ["post"],
      statusCodes: [409, 429, 503],
      afterStatusCodes: [409, 429, 503],
      retryOnTimeout: true,
      shouldRetry: ({ error }) =>
        isHTTPError(error) && error.response.headers.get("x-should-retry") === "false" ? false : undefined,
    },
  });

  return (amount: number, key: string) =>
    api.post("/v1/charges", { json: { amount }, headers: { "idempotency-key": key } }).json<{ id: string }>();
}
