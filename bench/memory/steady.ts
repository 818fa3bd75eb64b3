/** New keys minute by minute, on both sides in turn: what a key leaves behind in the process and in its heap. */

import { setTimeout as sleep } from "node:timers/promises";
import { connectInspector, inspectorAddress } from "../support/inspector.ts";
import { freshKey, post, run } from "../support/load.ts";
import { peakResidentMegabytes, residentBytes } from "../support/process.ts";
import { type Runtime, type StorageName, type WorkerName } from "../support/runtime.ts";
import { heapBytesKept } from "./heap.ts";

/** After a turn, with the objects of its keys out of memory. */
export type Point = { readonly keys: number; readonly residentBytes: number; readonly heapBytes: number };

export type Steady = {
  readonly side: WorkerName;
  readonly points: readonly Point[];
  readonly residentPeakMegabytes: number;
};

const SIDES: readonly WorkerName[] = ["bare-kv", "oncegate"];

/** The runtime drops an object 10 s after its last request. */
const EVICTED_AFTER_MS = 13_000;

type Settings = {
  readonly storage: StorageName;
  readonly minutes: number;
  /** Of a minute of the load: 60, and less to try the command. */
  readonly turnSeconds: number;
  readonly connections: number;
};

/** Both processes live as long as the run. While one serves its minute, the objects of the other leave its memory. */
export async function measureSteady(
  runtime: Runtime,
  origin: string,
  settings: Settings,
  report: (progress: string) => void,
): Promise<Steady[]> {
  const sides = [];
  for (const side of SIDES) sides.push(await startSide(runtime, origin, side, settings));
  for (let minute = 0; minute <= settings.minutes; minute++) {
    for (const side of sides) {
      const point = await side.look();
      report(`${side.name}, minute ${minute} of ${settings.minutes}: ${point.keys} keys, ${inMegabytes(point)}`);
      if (minute < settings.minutes) await side.serve();
    }
  }
  const results = sides.map(({ resultOf }) => resultOf());
  for (const { stop } of sides) await stop();
  return results;
}

async function startSide(runtime: Runtime, origin: string, name: WorkerName, settings: Settings) {
  const address = await inspectorAddress();
  const worker = await runtime.start(name, { origin, storage: settings.storage, inspector: address });
  const inspector = await connectInspector(address);
  await post(worker.url, freshKey());
  const points: Point[] = [];
  let keys = 1;
  let servedAtMs = performance.now();
  return {
    name,
    async serve(): Promise<void> {
      const load = { url: worker.url, connections: settings.connections, seconds: settings.turnSeconds };
      keys += (await run({ ...load, key: freshKey })).requests;
      servedAtMs = performance.now();
    },
    async look(): Promise<Point> {
      await sleep(Math.max(0, servedAtMs + EVICTED_AFTER_MS - performance.now()));
      const heap = await heapBytesKept(inspector, () => post(worker.url, null));
      const point = { keys, residentBytes: residentBytes(worker.pid), heapBytes: heap };
      points.push(point);
      return point;
    },
    resultOf: (): Steady => ({ side: name, points, residentPeakMegabytes: peakResidentMegabytes(worker.pid) }),
    async stop(): Promise<void> {
      inspector.close();
      await worker.discard();
    },
  };
}

/** In bytes for each key, by least squares over the later half, since a process grows at first whatever it does. */
export function slopeOf(points: readonly Point[], figure: "residentBytes" | "heapBytes"): number {
  const later = points.slice(Math.floor((points.length - 1) / 2));
  const mean = (of: (point: Point) => number): number =>
    later.reduce((sum, point) => sum + of(point), 0) / later.length;
  const [keys, bytes] = [mean((point) => point.keys), mean((point) => point[figure])];
  const products = later.map((point) => (point.keys - keys) * (point[figure] - bytes));
  const squares = later.map((point) => (point.keys - keys) ** 2);
  return sumOf(products) / sumOf(squares);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function inMegabytes({ residentBytes, heapBytes }: Point): string {
  return `${(residentBytes / 1e6).toFixed(1)} MB resident, ${(heapBytes / 1e6).toFixed(2)} MB heap`;
}
