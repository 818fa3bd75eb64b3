/** Measures the delay of a stream's first byte, compared with a Worker that only passes it through. */

import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { quantile } from "../support/statistics.ts";
import { type Setup } from "./setup.ts";

const ROUNDS = 9;
const REQUESTS = 40;

export type FirstByte = {
  /** Milliseconds from the request to the first byte of the body: the median of each round. */
  readonly oncegate: number[];
  readonly passThrough: number[];
};

/** Alternates the two, so that slow phases of the machine affect both. The first round warms up and is not counted. */
export async function measureFirstByte(setup: Setup, report: (progress: string) => void): Promise<FirstByte> {
  const oncegate = await setup.start("oncegate");
  const passThrough = await setup.start("pass-through");
  const result: FirstByte = { oncegate: [], passThrough: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    const times = { oncegate: await medianOf(oncegate.url), passThrough: await medianOf(passThrough.url) };
    if (round === 0) continue;
    result.oncegate.push(times.oncegate);
    result.passThrough.push(times.passThrough);
    report(`round ${round} of ${ROUNDS}: ${times.oncegate.toFixed(1)} ms, plain ${times.passThrough.toFixed(1)} ms`);
  }
  await oncegate.stop();
  await passThrough.stop();
  return result;
}

async function medianOf(url: string): Promise<number> {
  const times: number[] = [];
  for (let sent = 0; sent < REQUESTS; sent++) times.push(await firstByteMs(`${url}/first-byte`));
  return quantile(times, 0.5);
}

function firstByteMs(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let first: number | null = null;
    const sent = request(url, { method: "POST", headers: { "idempotency-key": randomUUID() } }, (response) => {
      response.on("data", () => (first ??= performance.now() - start));
      response.on("error", reject);
      response.on("end", () => (first === null ? reject(new Error("no body")) : resolve(first)));
    });
    sent.on("error", reject);
    sent.end("{}");
  });
}
