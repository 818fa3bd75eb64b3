// What the origin reads from a request of the gateway.

import { type IncomingMessage } from "node:http";
import { type Operation } from "./history.ts";
import { recordName } from "./plan.ts";
import { PATHS, PROBE_PREFIX } from "./tenants.ts";

export type Arrival = {
  readonly kind: Operation["policy"] | "question";
  readonly record: string;
  readonly generation: number;
  readonly attempt: number;
  /** Of a question there is none. */
  readonly amount: number;
};

/** Null where the body did not arrive as a whole: the gateway died while it sent, and there is no request. */
export async function readArrival(request: IncomingMessage): Promise<Arrival | null> {
  // Each process of the gateway has another origin URL, so each request shows which process sent it.
  const [, generation, path = ""] = /^\/g(\d+)(\/.*)$/.exec(request.url ?? "") ?? [];
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return null;
  }
  const { authorization = "", "idempotency-key": key, "oncegate-attempt": attempt } = request.headers;
  const body: unknown = chunks.length === 0 ? null : JSON.parse(Buffer.concat(chunks).toString("utf8"));
  return {
    kind: kindOf(path),
    record: recordName(authorization.replace(/^Bearer /, ""), String(key)),
    generation: Number(generation),
    attempt: Number(attempt),
    amount: Number(Reflect.get(Object(body), "amount")),
  };
}

function kindOf(path: string): Arrival["kind"] {
  if (path.startsWith(PROBE_PREFIX)) return "question";
  const policy = (["refuse", "retry", "probe"] as const).find((policy) => PATHS[policy] === path);
  if (policy === undefined) throw new Error(`nothing is at ${path}`);
  return policy;
}
