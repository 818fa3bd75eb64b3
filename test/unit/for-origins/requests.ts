/** The requests that the gateway sends to an origin, and a fence that answers them. */

import { type RequestHead, type SyncStore, createFence } from "../../../src/for-origins/index.ts";

export const RULES = {
  operations: ["POST /v1/charges", "POST /v1/orders/:id/refunds"],
  caller: ["authorization"],
  probe: "/v1/idempotency/{key}",
} as const;

export function fenceOver<Tx>(store: SyncStore<Tx>) {
  return createFence({ store, ...RULES });
}

export interface Sent {
  readonly key?: string | null;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | null>>;
}

/** An attempt of Alice's to charge under the key `k-1`. A header is replaced, or removed by null. */
export function attempt(
  number: number | string | null,
  { key = "k-1", path = "/v1/charges", headers = {} }: Sent = {},
) {
  const fields = { "idempotency-key": key, "oncegate-attempt": number === null ? null : String(number) };
  return head("POST", path, { ...fields, ...headers });
}

/** The probe about it. */
export function probe(number: number | string | null, { key = "k-1", path, headers = {} }: Sent = {}) {
  const fields = {
    "oncegate-attempt": number === null ? null : String(number),
    "oncegate-operation": `POST ${path ?? "/v1/charges"}`,
  };
  return head("GET", `/v1/idempotency/${encodeURIComponent(key ?? "")}`, { ...fields, ...headers });
}

function head(method: string, path: string, headers: Readonly<Record<string, string | null>>): RequestHead {
  const fields = new Headers({ authorization: "Bearer alice", "x-forwarded-host": "api.test" });
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) fields.delete(name);
    else fields.set(name, value);
  }
  return { method, url: path, headers: fields };
}
