/** Counts, summed up by hour, by operation and in all. Pure. */

import { type CountKind, HOUR_MS, type HourlyCount } from "../journal/tallies.ts";

/** The numbers of an hour, or of an operation. */
export type Sums = Record<CountKind, number>;

export interface Summed {
  /** Of the last `hours` each, also where nothing happened; whole hours since the Unix epoch. */
  readonly byHour: ReadonlyMap<number, Sums>;
  readonly byOperation: ReadonlyMap<string, Sums>;
  readonly total: Sums;
}

export function summed(counts: readonly HourlyCount[], hours: number, nowMs: number): Summed {
  const first = Math.floor(nowMs / HOUR_MS) - hours + 1;
  const byHour = new Map(Array.from({ length: hours }, (_, index) => [first + index, sums()]));
  const byOperation = new Map<string, Sums>();
  const total = sums();
  for (const { hour, operation, kind, n } of counts) {
    const ofOperation = byOperation.get(operation) ?? sums();
    byOperation.set(operation, ofOperation);
    const ofHour = byHour.get(hour);
    if (ofHour !== undefined) ofHour[kind] += n;
    for (const counted of [ofOperation, total]) counted[kind] += n;
  }
  return { byHour, byOperation, total };
}

/** A replay or a joined answer is a request that would have run again. */
export function duplicatesPrevented({ replayed, joined }: Sums): number {
  return replayed + joined;
}

function sums(): Sums {
  return {
    executed: 0,
    replayed: 0,
    joined: 0,
    released: 0,
    unknown: 0,
    refused: 0,
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
