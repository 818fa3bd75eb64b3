/** Calculates the monthly cost of keyed requests. Pure. Prices are in prices.ts, and the rows that tests count in rows.ts. */

import { type Feature, featureUse } from "./features.ts";
import { billed, CLOUDFLARE, DATA_POINTS, DYNAMODB, KV_READS, LOG_LINES, REDIS } from "./prices.ts";
import { MEASURED_ROWS } from "./rows.ts";

export type Workload = {
  /** New keys a second, over the whole month. */
  readonly newKeysPerSecond: number;
  /** Retries that are replayed, for each new key. */
  readonly replaysPerKey: number;
  readonly originMs: number;
  readonly ttlSeconds: number;
  /** How long a key is remembered after that; 0 where it is not. */
  readonly rememberSeconds: number;
  /** The size of a stored answer. */
  readonly bodyBytes: number;
  readonly features: readonly Feature[];
};

/** A line of a bill. */
type Item = { readonly what: string; readonly amount: number; readonly unit: string; readonly dollars: number };
export type Bill = { readonly items: readonly Item[]; readonly dollars: number };

const MONTH_SECONDS = 30 * 24 * 60 * 60;
const HOURS = 30 * 24;
const GB = 1e9;

/** An object is billed for 128 MB while it is active, regardless of what it uses. */
const OBJECT_GB = 0.128;

/** Active time in addition to the origin's: commits, and the calls between Worker and object. Assumed. */
const OBJECT_OVERHEAD_SECONDS = 0.02;

/** The active time of an alarm, which reads one row and deletes. Assumed. */
const ALARM_SECONDS = 0.01;

/**
 * Of Worker and object together. Assumed: about what a profile (bench/README.md) has for a new key without its storage, and without
 * the call to its object, which creates it.
 */
const CPU_MS = 2;

/** `deleteAll` has no cursor. "Deletes count as writes" in the platform's docs is assumed to mean one row. */
const DELETE_ROWS = 1;

/** An object with a record on disk, as `databaseSize` reports it, within one page. */
const PAGE_BYTES = 4096;
const EMPTY_BYTES = 3 * PAGE_BYTES;
const HEAD_BYTES = 700;

/** The bytes of a value in its table's page, and in each overflow page. */
const VALUE_IN_PAGE_BYTES = 1002;
const OVERFLOW_PAGE_BYTES = PAGE_BYTES - 4;

/** Bodies up to this size are part of the record's value; others are in rows of their own. */
const INLINE_BYTES_MAX = 65_536;
const CHUNK_BYTES = 262_144;

export function objectBytes(bodyBytes: number): number {
  const overflow = Math.max(0, bodyBytes + HEAD_BYTES - VALUE_IN_PAGE_BYTES);
  return EMPTY_BYTES + PAGE_BYTES * Math.ceil(overflow / OVERFLOW_PAGE_BYTES);
}

export function keysPerMonth({ newKeysPerSecond }: Workload): number {
  return newKeysPerSecond * MONTH_SECONDS;
}

/** The number of records that exist at the same time. */
function liveRecords({ newKeysPerSecond, ttlSeconds }: Workload): number {
  return newKeysPerSecond * ttlSeconds;
}

export function oncegateBill(workload: Workload): Bill {
  const keys = keysPerMonth(workload);
  const requests = keys * (1 + workload.replaysPerKey);
  const replays = requests - keys;
  const chunks = workload.bodyBytes > INLINE_BYTES_MAX ? Math.ceil(workload.bodyBytes / CHUNK_BYTES) : 0;
  // A remembered key has an alarm more: it deletes the chunks of the answer, which the last one deletes otherwise.
  const remembered = workload.rememberSeconds > 0 ? keys : 0;
  const written =
    keys * (MEASURED_ROWS.executed.written + MEASURED_ROWS.expired.written + DELETE_ROWS + chunks) +
    remembered * (MEASURED_ROWS.remembered.written + chunks);
  const read =
    keys * (MEASURED_ROWS.executed.read + MEASURED_ROWS.expired.read) +
    remembered * MEASURED_ROWS.remembered.read +
    replays * MEASURED_ROWS.replayed.read;
  const activeSeconds =
    keys * (workload.originMs / 1000 + OBJECT_OVERHEAD_SECONDS + ALARM_SECONDS) +
    remembered * ALARM_SECONDS +
    replays * OBJECT_OVERHEAD_SECONDS;
  const gbSeconds = activeSeconds * OBJECT_GB;
  const rememberedBytes = workload.newKeysPerSecond * workload.rememberSeconds * objectBytes(0);
  const storedGb = (liveRecords(workload) * objectBytes(workload.bodyBytes) + rememberedBytes) / GB;
  const used = featureUse(workload.features, { keys, requests });
  // The alarms at a record's expiry are requests to the object too.
  const objectRequests = requests + keys + remembered + used.objectRequests;
  return bill([
    { what: "the plan", amount: 1, unit: "month", dollars: CLOUDFLARE.planPerMonth },
    item("Worker requests", requests, "", CLOUDFLARE.workerRequests),
    item("Worker CPU", requests * CPU_MS, "ms", CLOUDFLARE.workerCpuMs),
    item("object requests", objectRequests, "", CLOUDFLARE.objectRequests),
    item("object duration", gbSeconds, "GB-s", CLOUDFLARE.objectGbSeconds),
    item("rows written", written + used.rowsWritten, "", CLOUDFLARE.rowsWritten),
    item("rows read", read, "", CLOUDFLARE.rowsRead),
    item("storage", storedGb, "GB", CLOUDFLARE.storedGb),
    item("log lines", used.logLines, "", LOG_LINES),
    ...(used.dataPoints > 0 ? [item("data points", used.dataPoints, "", DATA_POINTS)] : []),
    ...(used.kvReads > 0 ? [item("KV reads", used.kvReads, "", KV_READS)] : []),
  ]);
}

/** The usual middleware over a Redis: take the key (SET NX GET), store the answer. The store alone. */
export function redisBill(workload: Workload): Bill {
  const keys = keysPerMonth(workload);
  const replays = keys * workload.replaysPerKey;
  const kilobytes = Math.max(1, (workload.bodyBytes + HEAD_BYTES) / 1000);
  // A replay fails to take the key and reads the answer. A command is billed by each started KB that it moves.
  const units = keys * (1 + kilobytes) + replays * (1 + kilobytes);
  const gb = Math.max(REDIS.gbMin, (liveRecords(workload) * (workload.bodyBytes + HEAD_BYTES)) / GB);
  return bill([
    { what: "memory", amount: gb, unit: "GB", dollars: gb * HOURS * REDIS.gbHour },
    { what: "processing units", amount: units, unit: "", dollars: units * REDIS.processingUnit },
  ]);
}

/** The usual middleware over a DynamoDB table: a conditional put, and an update with the answer. The store alone. */
export function dynamodbBill(workload: Workload): Bill {
  const keys = keysPerMonth(workload);
  const replays = keys * workload.replaysPerKey;
  const itemBytes = workload.bodyBytes + HEAD_BYTES;
  // A failed conditional put is billed like a successful one, by the size of the existing item. An update is
  // billed by the new size of the item. Expired items are deleted free of charge.
  const writeUnits = keys * (1 + Math.ceil(itemBytes / 1024)) + replays * Math.ceil(itemBytes / 1024);
  const readUnits = replays * Math.ceil(itemBytes / 4096);
  const gb = (liveRecords(workload) * itemBytes) / GB;
  const stored = { included: DYNAMODB.storedGbIncluded, perUnit: DYNAMODB.storedGb };
  return bill([
    { what: "write units", amount: writeUnits, unit: "", dollars: writeUnits * DYNAMODB.writeUnit },
    { what: "read units", amount: readUnits, unit: "", dollars: readUnits * DYNAMODB.readUnit },
    item("storage", gb, "GB", stored),
  ]);
}

function item(what: string, amount: number, unit: string, price: { included: number; perUnit: number }): Item {
  return { what, amount, unit, dollars: billed(amount, price) };
}

function bill(items: readonly Item[]): Bill {
  return { items, dollars: items.reduce((sum, { dollars }) => sum + dollars, 0) };
}
