/** Parses and formats quantities. A parser returns undefined for an invalid text. */

const SECONDS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 } as const;
const BYTES = { "": 1, k: 1000, m: 1_000_000 } as const;

/** `300ms`, `90s`, `24h`, `7d` → seconds. */
export function readSeconds(text: string): number | undefined {
  const [, count, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * SECONDS[unit as keyof typeof SECONDS];
}

/** `500`, `2k`, `1.5m` → bytes, or any other amount. */
export function readAmount(text: string): number | undefined {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?)(?:(k|m)b?)?$/i.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * BYTES[unit.toLowerCase() as keyof typeof BYTES];
}

/** 1296000000 → 1.30 billion. */
export function inWords(amount: number): string {
  if (amount >= 1e9) return `${(amount / 1e9).toFixed(2)} billion`;
  if (amount >= 1e6) return `${(amount / 1e6).toFixed(1)} million`;
  if (amount >= 100) return Math.round(amount).toLocaleString("en-US");
  return String(Number(amount.toPrecision(3)));
}

export function inDollars(dollars: number): string {
  return `${dollars < 0 ? "-" : ""}$${Math.abs(dollars).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}
