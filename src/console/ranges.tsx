/** The time ranges of pages: as long as the data reach back. */

import { HOUR_MS } from "../journal/tallies.ts";

export const RANGES = {
  "1h": { label: "1 h", hours: 1 },
  "24h": { label: "24 h", hours: 24 },
  "7d": { label: "7 d", hours: 168 },
} as const;

export type Range = keyof typeof RANGES;

export const RANGE_NAMES = Object.keys(RANGES).filter(isRange);

export function isRange(text: string): text is Range {
  return Object.hasOwn(RANGES, text);
}

export function rangeStartMs(range: Range, nowMs: number): number {
  return nowMs - RANGES[range].hours * HOUR_MS;
}

/** Counts are by the clock's hours, so the shortest range is the hour that runs. */
export function rangeIn(url: URL): Range {
  const asked = url.searchParams.get("range") ?? "";
  return isRange(asked) ? asked : "24h";
}

export function countedText(range: Range): string {
  return range === "1h" ? "this hour" : `the last ${RANGES[range].label}`;
}

export function RangeLinks({ path, range }: { path: string; range: Range }) {
  return (
    <nav class="ranges" aria-label="Time range">
      {RANGE_NAMES.map((name) => (
        <a href={`${path}?range=${name}`} aria-current={name === range ? "true" : undefined}>
          {RANGES[name].label}
        </a>
      ))}
    </nav>
  );
}
