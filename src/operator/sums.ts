/** Sums the counts by hour, by operation and in total. Pure. */

import { type CountKind, HOUR_MS, type HourlyCount } from "../journal/tallies.ts";

/** One number for each kind of count. */
export type Sums = Record<CountKind, number>;

export interface Summed {
  /** Keyed by whole hours since the Unix epoch. Every requested hour is present, even without counts. */
  readonly byHour: ReadonlyMap<number, Sums>;
  readonly byOperation: ReadonlyMap<string, Sums>;
  readonly total: Sums;
}

export function summed(counts: readonly HourlyCount[], hours: number, nowMs: number): Summed {
  const first = Math.floor(nowMs / HOUR_MS) - hours + 1;
  const byHour = new Map(Array.from({ length: hours }, (_, index) => [first + index, emptySums()]));
  const byOperation = new Map<string, Sums>();
  const total = emptySums();
  for (const { hour, operation, kind, n } of counts) {
    const ofOperation = byOperation.get(operation) ?? emptySums();
    byOperation.set(operation, ofOperation);
    const ofHour = byHour.get(hour);
    if (ofHour !== undefined) ofHour[kind] += n;
    for (const counted of [ofOperation, total]) counted[kind] += n;
  }
  return { byHour, byOperation, total };
}

/** A request that was replayed or joined would have executed again without the gateway. */
export function duplicatesPrevented({ replayed, joined }: Sums): number {
  return replayed + joined;
}

/** No count yet. */
export function emptySums(): Sums {
  return {
    executed: 0,
    replayed: 0,
    joined: 0,
    released: 0,
    unknown: 0,
    refused: 0,
    on_hold: 0,
    would_execute: 0,
    would_join: 0,
    would_replay: 0,
    would_probe: 0,
    would_refuse: 0,
    keyless: 0,
    keyless_compared: 0,
    keyless_repeated: 0,
  };
}
