/** The load: a fixed number of connections. Each sends its next request when the last one is answered. */

import autocannon from "autocannon";
import { randomUUID } from "node:crypto";
import { quantile } from "./statistics.ts";

export type Load = {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** The key of the next request; null sends none. */
  readonly key: () => string | null;
};

export type Served = {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

const PATH = "/v1/charges";

/** Every request sends these, plus its key. */
const HEADERS = { "content-type": "application/json", authorization: "Bearer bench" };
const BODY = JSON.stringify({ amount: 1250, currency: "eur", source: "tok_visa", description: "x".repeat(120) });

export const freshKey = (): string => randomUUID();

/** Rejects if any answer is not the origin's 201. */
export async function run({ url, connections, seconds, key }: Load): Promise<Served> {
  const latenciesMs: number[] = [];
  const faults = new Map<string, number>();
  const count = (fault: string): void => void faults.set(fault, (faults.get(fault) ?? 0) + 1);
  const setupRequest = (request: autocannon.Request): autocannon.Request => {
    const next = key();
    return { ...request, headers: next === null ? HEADERS : { ...HEADERS, "idempotency-key": next } };
  };
  const started = performance.now();
  const requests = [{ method: "POST" as const, path: PATH, headers: HEADERS, body: BODY, setupRequest }];
  const ended = Promise.withResolvers<void>();
  const instance = autocannon({ url: url + PATH, connections, duration: seconds, requests }, (error: unknown) =>
    error === null || error === undefined ? ended.resolve() : ended.reject(error),
  );
  instance.on("response", (_client, status, _bytes, elapsedMs) => {
    latenciesMs.push(elapsedMs);
    if (status !== 201) count(`status ${status}`);
  });
  instance.on("reqError", (error: Error) => count(error.message));
  await ended.promise;
  const elapsedSeconds = (performance.now() - started) / 1000;
  if (faults.size > 0)
    throw new Error(`${url}: ${[...faults].map(([what, times]) => `${times} × ${what}`).join(", ")}`);
  return {
    requests: latenciesMs.length,
    perSecond: latenciesMs.length / elapsedSeconds,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  };
}

/** One request, to create a record or to check an answer. */
export async function post(url: string, key: string | null, path = PATH): Promise<{ status: number; body: string }> {
  const headers = key === null ? HEADERS : { ...HEADERS, "idempotency-key": key };
  const response = await fetch(url + path, { method: "POST", headers, body: BODY });
  return { status: response.status, body: await response.text() };
}
