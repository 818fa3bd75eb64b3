/** Content negotiation (RFC 9110, 12.5.1). */

/** A media range of `Accept`. */
export interface AcceptedRange {
  readonly type: string;
  /** From 0 to 1. */
  readonly q: number;
}

/** The offer with the highest weight. Of equal ones, and if none is acceptable, the first. */
export function preferredType(ranges: readonly AcceptedRange[], offers: readonly string[]): string | undefined {
  const weights = offers.map((offer) => weightOf(offer, ranges));
  return offers[weights.indexOf(Math.max(...weights))];
}

/** The weight of the most specific matching range; 0 if none matches. */
function weightOf(offer: string, ranges: readonly AcceptedRange[]): number {
  const [main = ""] = offer.split("/");
  for (const wanted of [offer, `${main}/*`, "*/*"]) {
    const weights = ranges.filter(({ type }) => type.toLowerCase() === wanted).map(({ q }) => q);
    // A client may send more ranges than a function takes arguments.
    if (weights.length > 0) return weights.reduce((heaviest, q) => Math.max(heaviest, q));
  }
  return 0;
}
