import axios from "axios";
import axiosRetry, { exponentialDelay } from "axios-retry";

export function connectAxios(gateway: string, token: string, timeoutMs = 30_000) {
  const api = axios.create({
    baseURL: gateway,
    headers: { authorization: `Bearer ${token}` },
    timeout: timeoutMs,
  });
  axiosRetry(api, {
    retries: 2,
    // Otherwise `timeout` is for all attempts together.
    shouldResetTimeout: true,
    // Waits for the time in Retry-After.
    retryDelay: exponentialDelay,
    retryCondition: ({ code, response }) => {
      // No answer, or one that broke off: such an error carries the status of a success.
      if (response === undefined || response.status < 400) return code !== "ERR_CANCELED";
      const said: unknown = response.headers["x-should-retry"];
      return said === undefined ? [429, 503].includes(response.status) : said === "true";
    },
  });

  return async (amount: number, key: string) => {
    const { data } = await api.post<{ id: string }>("/v1/charges", { amount }, { headers: { "idempotency-key": key } });
    return data;
  };
}
