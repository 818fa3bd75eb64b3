/** Groups the samples by place, as a table and as JSON that can be shared: neither has an account, a hostname or a name. */

import { quantile } from "../support/statistics.ts";
import { CALLS, type Call, type Location, type Sample } from "./protocol.ts";

export interface Figures {
  readonly call: Call;
  readonly workerAt: string;
  readonly objectAt: string;
  readonly samples: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
}

export interface Measured {
  readonly date: string;
  readonly wrangler: string;
  /** Samples of each call, for each of `locations`. */
  readonly samplesEach: number;
  readonly locations: readonly (Location | "nearest")[];
  readonly figures: readonly Figures[];
  readonly samples: readonly Sample[];
}

const NAMES = {
  named: "the first of a named object",
  unique: "the first of `newUniqueId`",
  warm: "the second of a named object",
} as const satisfies Record<Call, string>;

/** By place of the Worker, then of the object, then in the order of CALLS. */
export function figuresOf(samples: readonly Sample[]): Figures[] {
  const groups = Map.groupBy(samples, ({ workerAt, objectAt, call }) =>
    JSON.stringify([workerAt, objectAt, CALLS.indexOf(call)]),
  );
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, [first, ...rest]]) => {
      if (first === undefined) return [];
      const { call, workerAt, objectAt } = first;
      const times = [first, ...rest].map(({ ms }) => ms);
      const spread = { p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99), mostMs: Math.max(...times) };
      return [{ call, workerAt, objectAt, samples: times.length, ...spread }];
    });
}

export function tableOf({ date, wrangler, samplesEach, locations, figures }: Measured): string {
  const rows = figures.map(({ call, workerAt, objectAt, samples, p50Ms, p99Ms, mostMs }) =>
    ["", workerAt, objectAt, NAMES[call], samples, p50Ms, p99Ms, mostMs, ""].join(" | ").trim(),
  );
  const asked = `${samplesEach} samples of each call for ${locations.join(", ")}`;
  return [
    "| Worker in | object in | call | samples | p50, ms | p99, ms | most, ms |",
    "|---|---|---|---|---|---|---|",
    ...rows,
    "",
    `${date.slice(0, 10)}; ${asked}; wrangler ${wrangler}. In steps of 1 ms. Of fewer than 100 samples, p99 is the most.`,
  ].join("\n");
}
