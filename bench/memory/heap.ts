/** Reads the heap of a Worker from V8 itself. */

import { setTimeout as sleep } from "node:timers/promises";
import { type Inspector } from "../support/inspector.ts";

type HeapUsage = {
  readonly usedSize: number;
  readonly embedderHeapUsedSize: number;
  readonly backingStorageSize: number;
};

const SAMPLE_EVERY_MS = 200;

/** The collector runs between two requests, so one more may have to pass. */
const POKES_MAX = 20;
const POKE_WAIT_MS = 100;

/** JavaScript objects, the runtime's own objects for them, and the bytes of buffers. */
async function heapBytes({ call }: Inspector): Promise<number> {
  const usage = (await call("Runtime.getHeapUsage")) as HeapUsage;
  return usage.usedSize + usage.embedderHeapUsedSize + usage.backingStorageSize;
}

/**
 * The same after two full collections: the first one frees what the second finds unreferenced. `poke` sends a request, after which the
 * runtime collects. An inspected runtime keeps lines of the log, which are dropped before.
 */
export async function heapBytesKept(inspector: Inspector, poke: () => Promise<unknown>): Promise<number> {
  await inspector.call("Runtime.discardConsoleEntries");
  for (let times = 0; times < 2; times++) await collect(inspector, poke);
  return heapBytes(inspector);
}

async function collect({ call }: Inspector, poke: () => Promise<unknown>): Promise<void> {
  let isCollected = false;
  const collected = call("HeapProfiler.collectGarbage").then(() => (isCollected = true));
  for (let pokes = 0; !isCollected && pokes < POKES_MAX; pokes++) {
    await poke();
    await Promise.race([collected, sleep(POKE_WAIT_MS)]);
  }
  await collected;
}

/** The most that the heap has while `work` runs, garbage included, by samples. */
export async function heapBytesPeak(inspector: Inspector, work: () => Promise<void>): Promise<number> {
  let isDone = false;
  let peak = await heapBytes(inspector);
  const working = work().finally(() => (isDone = true));
  const sampling = (async () => {
    while (!isDone) {
      peak = Math.max(peak, await heapBytes(inspector));
      await Promise.race([working, sleep(SAMPLE_EVERY_MS)]);
    }
  })();
  await Promise.all([working, sampling]);
  return peak;
}
