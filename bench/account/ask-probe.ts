/** The requests to the probe Worker. */

import { setTimeout as sleep } from "node:timers/promises";
import * as v from "valibot";
import { CALLS, type Location, ROUNDS_MAX, type Sample } from "./protocol.ts";

export interface ProbeAt {
  readonly url: string;
  readonly token: string;
}

/** How long to wait for each thing. Tests wait for less. */
export interface Patience {
  /** A new hostname on workers.dev takes up to a minute or so. */
  readonly readyMs: number;
  readonly pollMs: number;
  readonly requestMs: number;
}

export const PATIENCE: Patience = { readyMs: 180_000, pollMs: 2000, requestMs: 60_000 };

const place = v.pipe(v.string(), v.regex(/^(?:\w{1,8}|\?)$/));
const samplesSchema = v.array(
  v.object({ call: v.picklist(CALLS), ms: v.pipe(v.number(), v.minValue(0)), workerAt: place, objectAt: place }),
);

/** Resolves when the Worker answers. Rejects with the last answer if it does not in time. */
export async function untilReady(probe: ProbeAt, patience: Patience): Promise<void> {
  const deadline = performance.now() + patience.readyMs;
  for (;;) {
    const last = await ask(probe, "/ready", patience).catch(messageOf);
    if (last === "ready") return;
    if (performance.now() > deadline) {
      throw new Error(`the Worker does not answer after ${patience.readyMs / 1000} s: ${last.slice(0, 200)}`);
    }
    await sleep(patience.pollMs);
  }
}

/** `count` samples of each call. The first request is for warming up: its samples are not counted. */
export async function takeSamples(
  probe: ProbeAt,
  count: number,
  { location, patience, report }: { location: Location | null; patience: Patience; report: (text: string) => void },
): Promise<Sample[]> {
  const near = location === null ? "" : `&location=${location}`;
  const take = (rounds: number): Promise<Sample[]> => takeSome(probe, `/?rounds=${rounds}${near}`, patience);
  await take(ROUNDS_MAX);
  const samples: Sample[] = [];
  for (let taken = 0; taken < count; taken += ROUNDS_MAX) {
    samples.push(...(await take(Math.min(ROUNDS_MAX, count - taken))));
    report(`${Math.min(count, taken + ROUNDS_MAX)} of ${count}, objects ${location ?? "nearest"}`);
  }
  return samples;
}

/** Once more where it fails, with new objects: one lost connection must not end a run of minutes. */
async function takeSome(probe: ProbeAt, path: string, patience: Patience): Promise<Sample[]> {
  const text = await ask(probe, path, patience).catch(async () => {
    await sleep(patience.pollMs);
    return ask(probe, path, patience);
  });
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), samplesSchema), text);
  if (!parsed.success) throw new Error("the Worker answers something else than samples");
  return parsed.output;
}

async function ask({ url, token }: ProbeAt, path: string, { requestMs }: Patience): Promise<string> {
  const response = await fetch(url + path, {
    headers: { authorization: `Bearer ${token}` },
    redirect: "manual",
    signal: AbortSignal.timeout(requestMs),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`status ${response.status}`);
  return text;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
