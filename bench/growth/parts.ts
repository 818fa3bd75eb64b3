/** Measures throughput and latency while records accumulate, expire, and are joined. Each part runs alone. */

import { setTimeout as sleep } from "node:timers/promises";
import { type Served, freshKey, post, run } from "../support/load.ts";
import { residentMegabytes } from "../support/process.ts";
import { type RunningWorker, type Runtime, type StorageName } from "../support/runtime.ts";
import { spreadOf } from "../support/statistics.ts";

export type Settings = {
  readonly storage: StorageName;
  readonly connections: number;
  /** The length of each measurement. */
  readonly seconds: number;
  /** The numbers of live records in the first part. */
  readonly records: readonly number[];
  /** The paces at which records end while others are served, in the second part. */
  readonly expiriesPerSecond: readonly number[];
  readonly joiners: number;
};

export type Part = "records" | "expiries" | "joiners";

export type Line = {
  readonly part: Part;
  readonly what: string;
  readonly figures: Readonly<Record<string, number | string>>;
};

type Pace = { readonly perSecond?: number; readonly withinSeconds?: number };

type ReportProgress = (progress: string) => void;

/** The interval of progress lines while records are created. */
const REPORT_EVERY_MS = 5000;
const FILL_CONNECTIONS = 32;

/** Before the first measurement, so that it does not measure cold code. */
const WARM_UP_SECONDS = 5;

/** Measurements of each figure in the first part. */
const WINDOWS = 3;

/** The term of the records that end while others are served. Making them must take less. */
const TTL_SECONDS = 90;

/** They end for longer than the two measurements take. */
const MARGIN_SECONDS = 5;

/** The number of keys that are sent again to check that their records expired. */
const PROBED = 20;

export const PARTS: Readonly<
  Record<Part, (runtime: Runtime, settings: Settings, report: ReportProgress) => Promise<Line[]>>
> = {
  records: withRecords,
  expiries: whileRecordsEnd,
  joiners: withJoiners,
};

/** New keys and replays, with an increasing number of live records. */
async function withRecords(runtime: Runtime, settings: Settings, report: ReportProgress): Promise<Line[]> {
  const { worker, stop } = await start(runtime, settings, {});
  await warmUp(worker, settings);
  const lines: Line[] = [];
  let live = 0;
  for (const records of settings.records.toSorted((a, b) => a - b)) {
    await fill(worker, records - live, report);
    const fresh = await windows(() => measure(worker, settings, freshKey));
    const known = await knownKeys(worker, 200);
    const replayed = await windows(() => measure(worker, settings, known));
    live = records + 200 + fresh.reduce((sum, { requests }) => sum + requests, 0);
    const memoryMb = residentMegabytes(worker.pid);
    const line = {
      part: "records" as const,
      what: `${records} live records`,
      figures: { ...named("new", fresh), ...named("replay", replayed), "memory, MB": memoryMb },
    };
    lines.push(line);
    report(`${line.what}: ${perSecond(fresh)} new keys, ${perSecond(replayed)} replays per second`);
  }
  await stop();
  return lines;
}

/**
 * New keys and replays while no record ends, and while they end at different paces. What a burst of ends costs, and what it costs when
 * it is spread over more time (deletionMs in src/record/decide-alarm.ts), are two of these lines: the spread itself, 2 % of a term of a
 * minute or two, is too short to show.
 */
async function whileRecordsEnd(runtime: Runtime, settings: Settings, report: ReportProgress): Promise<Line[]> {
  const lines: Line[] = [];
  const secondsMax = (TTL_SECONDS - MARGIN_SECONDS) / 2;
  if (settings.seconds > secondsMax) throw new Error(`--seconds is at most ${secondsMax} where records end`);
  for (const pace of [0, ...settings.expiriesPerSecond.toSorted((a, b) => a - b)]) {
    const routes = [{ match: `POST /short-lived`, ttl: `${TTL_SECONDS}s` }];
    const { worker, stop } = await start(runtime, settings, { routes });
    await warmUp(worker, settings);
    const known = await knownKeys(worker, 200);
    const made = pace === 0 ? null : await recordsThatEnd(worker, settings, pace, report);
    const fresh = await measure(worker, settings, freshKey);
    const replayed = await measure(worker, settings, known);
    if (made !== null) await assertEnded(worker, made);
    const what =
      made === null ? "no record ends" : `${made.perSecond.toFixed(made.perSecond < 10 ? 1 : 0)} records a second end`;
    report(`${what}: ${fresh.perSecond.toFixed(0)} new keys, ${replayed.perSecond.toFixed(0)} replays per second`);
    lines.push({ part: "expiries", what, figures: { ...named("new", [fresh]), ...named("replay", [replayed]) } });
    await stop();
  }
  return lines;
}

/** Records that end one after the other, in the order of their creation. `probed` are the first of them. */
interface EndingRecords {
  readonly perSecond: number;
  readonly probed: readonly { readonly key: string; readonly body: string }[];
}

/** Resolves when the first of them end. They go on to end for as long as the two measurements take. */
async function recordsThatEnd(
  worker: RunningWorker,
  settings: Settings,
  pace: number,
  report: ReportProgress,
): Promise<EndingRecords> {
  const probed: { key: string; body: string }[] = [];
  for (let n = 0; n < PROBED; n++) {
    const key = freshKey();
    probed.push({ key, body: (await post(worker.url, key, "/short-lived")).body });
  }
  const filling = performance.now();
  const withinSeconds = 2 * settings.seconds + MARGIN_SECONDS;
  // A slow machine makes fewer, and then fewer end in each second.
  const count = await fill(worker, Infinity, report, { path: "/short-lived", perSecond: pace, withinSeconds });
  const seconds = (performance.now() - filling) / 1000;
  report(`${count} records made in ${seconds.toFixed(0)} s; waiting for the first to end ...`);
  await sleep(filling + TTL_SECONDS * 1000 - performance.now());
  return { perSecond: count / seconds, probed };
}

/** Each answer of the origin is unique, so an equal answer means that the request did not run again. */
async function assertEnded({ url }: RunningWorker, { probed }: EndingRecords): Promise<void> {
  for (const { key, body } of probed)
    if ((await post(url, key, "/short-lived")).body === body) throw new Error("a record has not ended");
}

/** One attempt with many joiners: how long after the first answer the last joiner gets it. */
async function withJoiners(runtime: Runtime, settings: Settings, report: ReportProgress): Promise<Line[]> {
  const originMs = 5000;
  const { worker, stop } = await start(runtime, settings, {}, originMs);
  // Warms up the code and the connection to the origin.
  await post(worker.url, freshKey());
  const key = freshKey();
  const ends: number[] = [];
  const answers = new Set<string>();
  let refused = 0;
  const ask = async (): Promise<void> => {
    const { status, body } = await post(worker.url, key);
    if (status !== 201) return void refused++;
    ends.push(performance.now());
    answers.add(body);
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: settings.joiners + 1 }, ask));
  if (answers.size !== 1) throw new Error(`one attempt has ${answers.size} answers`);
  const firstMs = Math.min(...ends) - started;
  const lastMs = Math.max(...ends) - started;
  const memoryMb = residentMegabytes(worker.pid);
  report(
    `${ends.length} answered, ${refused} refused; the first after ${firstMs.toFixed(0)} ms, the last ${(lastMs - firstMs).toFixed(0)} ms later`,
  );
  await stop();
  const figures = {
    answered: ends.length,
    refused,
    "origin, ms": originMs,
    "first, ms": firstMs,
    "last after first, ms": lastMs - firstMs,
    "memory, MB": memoryMb,
  };
  return [{ part: "joiners", what: `${settings.joiners} who join one attempt`, figures }];
}

async function warmUp({ url }: RunningWorker, { connections }: Settings): Promise<void> {
  await run({ url, connections, seconds: WARM_UP_SECONDS, key: freshKey });
}

async function windows(measured: () => Promise<Served>): Promise<Served[]> {
  const all: Served[] = [];
  for (let window = 0; window < WINDOWS; window++) all.push(await measured());
  return all;
}

async function start(runtime: Runtime, { storage }: Settings, policy: object, originDelayMs = 0) {
  const origin = await runtime.startOrigin(originDelayMs);
  const worker = await runtime.start("oncegate", { origin: origin.url, storage, settings: { ...policy } });
  const stop = async (): Promise<void> => {
    await worker.discard();
    await origin.stop("at once");
  };
  return { worker, stop };
}

function measure(worker: RunningWorker, { connections, seconds }: Settings, key: () => string | null): Promise<Served> {
  return run({ url: worker.url, connections, seconds, key });
}

async function knownKeys({ url }: RunningWorker, count: number): Promise<() => string | null> {
  const keys = Array.from({ length: count }, freshKey);
  for (const key of keys) await post(url, key);
  let next = 0;
  return () => keys[next++ % keys.length] ?? null;
}

/** Makes up to `count` records, at most `perSecond`, and begins none after `withinSeconds`. Returns how many. */
async function fill(
  { url }: RunningWorker,
  count: number,
  report: ReportProgress,
  { path, perSecond = Infinity, withinSeconds = Infinity }: Pace & { readonly path?: string } = {},
): Promise<number> {
  let sent = 0;
  const startedMs = performance.now();
  let reportedMs = startedMs;
  const work = async (): Promise<void> => {
    while (sent < count) {
      const dueMs = startedMs + (sent / perSecond) * 1000;
      if (Math.max(dueMs, performance.now()) > startedMs + withinSeconds * 1000) return;
      sent++;
      if (dueMs > performance.now()) await sleep(dueMs - performance.now());
      const { status, body } = await post(url, freshKey(), path);
      if (status !== 201) throw new Error(`a record could not be made: ${status} ${body}`);
      if (performance.now() - reportedMs < REPORT_EVERY_MS) continue;
      reportedMs = performance.now();
      report(`making records: ${sent}${count === Infinity ? "" : ` of ${count}`}`);
    }
  };
  await Promise.all(Array.from({ length: FILL_CONNECTIONS }, work));
  return sent;
}

/** The median and the range. */
function perSecond(measured: readonly Served[]): string {
  const { median, from, to } = spreadOf(measured.map((served) => served.perSecond));
  return measured.length === 1 ? median.toFixed(0) : `${median.toFixed(0)} (${from.toFixed(0)}–${to.toFixed(0)})`;
}

function named(what: string, measured: readonly Served[]): Record<string, number | string> {
  const median = (figure: "p50Ms" | "p99Ms"): number => spreadOf(measured.map((served) => served[figure])).median;
  return {
    [`${what} per second`]: perSecond(measured),
    [`${what} p50, ms`]: median("p50Ms"),
    [`${what} p99, ms`]: median("p99Ms"),
  };
}
