import { Agent, RetryAgent, request } from "undici";

export function connectUndici(gateway: string, token: string, timeoutMs = 30_000) {
  const dispatcher = new RetryAgent(new Agent({ headersTimeout: timeoutMs }), {
    maxRetries: 2,
    methods: ["POST"],
    statusCodes: [429, 503],
    errorCodes: ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET", "UND_ERR_HEADERS_TIMEOUT"],
  });

  return async (amount: number, key: string) => {
    const { statusCode, body } = await request(`${gateway}/v1/charges`, {
      dispatcher,
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify({ amount }),
    });
    const answer = (await body.json()) as { id: string; code?: string };
    // A 409 `in_flight` may be sent again with the same key; no other refusal may.
    if (statusCode >= 400) throw new Error(`${statusCode} ${answer.code}`);
    return answer;
  };
}
