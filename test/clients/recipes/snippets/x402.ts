import { type SchemeNetworkClient, wrapFetchWithPaymentFromConfig } from "@x402/fetch";

// The wallet signs, such as `new ExactEvmScheme(account)` of @x402/evm.
export function connectX402(gateway: string, apiKey: string, wallet: SchemeNetworkClient) {
  const pay = wrapFetchWithPaymentFromConfig(fetch, { schemes: [{ network: "eip155:8453", client: wallet }] });
  return async (topic: string, key: string) => {
    const buy = () =>
      pay(`${gateway}/v1/reports`, {
        method: "POST",
        headers: { "x-api-key": apiKey, "content-type": "application/json", "idempotency-key": key },
        body: JSON.stringify({ topic }),
      });
    // Asks without a payment first: if the report is paid for, it comes at once.
    const response = await buy().catch(buy);
    const body = (await response.json()) as { report?: string; code?: string };
    if (!response.ok) throw new Error(`${response.status} ${body.code}`);
    return body.report;
  };
}
