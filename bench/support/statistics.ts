/** Statistics of repeated measurements. */

export type Spread = { readonly median: number; readonly from: number; readonly to: number };

export function spreadOf(values: readonly number[]): Spread {
  return { median: quantile(values, 0.5), from: Math.min(...values), to: Math.max(...values) };
}

/** The smallest value that at least `share` of all values do not exceed; NaN for no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
