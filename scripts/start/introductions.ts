// What `npm start` prints when the gateway is ready: commands to try.

import { randomUUID } from "node:crypto";

interface Demo {
  readonly gatewayUrl: string;
  readonly originUrl: string;
  readonly ledgerPath: string;
  readonly latencyMs: number;
}

/** For the payments API behind the gateway. */
export function introduceDemo({ gatewayUrl, originUrl, ledgerPath, latencyMs }: Demo): string {
  // New keys at each start, because the records of the last start still exist.
  const [key, another] = [randomUUID(), randomUUID()].map((id) => `order-${id.slice(0, 8)}`);
  const charge = (key: string | undefined, amount: number) =>
    `curl -i ${gatewayUrl}/v1/charges -H 'Authorization: Bearer demo' -H 'Idempotency-Key: ${key}' ` +
    `-H 'Content-Type: application/json' -d '{"amount":${amount},"currency":"eur","card":"tok_visa"}'`;
  return `
gateway          ${gatewayUrl}
payments origin  ${originUrl} (ledger: ${ledgerPath})

Charge a card (201, Idempotency-Status: executed):
  ${charge(key, 1999)}

The same command again gets its answer from the record (Idempotent-Replayed: true, the same id):
  ${charge(key, 1999)}

The same key with a different amount is refused (422, key_reused):
  ${charge(key, 2999)}

Kill the gateway while a charge runs (kill -9; it restarts within seconds):
  ${charge(another, 4999)} & sleep ${latencyMs / 2000}; kill -USR2 ${process.pid}

Send the same charge again. The gateway asks the origin whether it was made, and never makes it twice (201):
  ${charge(another, 4999)}

The policy that the gateway publishes for clients:
  curl ${gatewayUrl}/.well-known/idempotency

The ledger, straight from the origin (all of the above makes two charges):
  curl ${originUrl}/v1/charges

Ctrl-C stops both.
`;
}

/** For an API of the user's own. */
export function introduceOrigin(gatewayUrl: string, origin: string, caller: string): string {
  const isAuthorization = caller === "authorization";
  const call = `curl -i -X POST ${gatewayUrl}/YOUR/PATH -H 'Idempotency-Key: ${randomUUID()}'`;
  return `
gateway  ${gatewayUrl}
origin   ${origin}
caller   ${caller}${isAuthorization ? "" : " (send what identifies it)"}

Send a request twice. The second response is a replay (Idempotent-Replayed: true), and your API gets one request:
  ${call}${isAuthorization ? " -H 'Authorization: Bearer demo'" : ""}

The policy that the gateway publishes for clients:
  curl ${gatewayUrl}/.well-known/idempotency

Ctrl-C stops it.
`;
}
