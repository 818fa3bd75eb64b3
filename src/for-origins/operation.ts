/** The operations that a fence protects, by the names that the gateway gives them. Pure. */

/** Such as `POST /v1/charges` and `POST /v1/orders/:id/refunds`: a segment that begins with `:` matches any one segment. */
export type OperationPattern = `${Uppercase<string>} /${string}`;

/**
 * Whether `operation`, a method and a path, is one of them. Attempts and probes must name the same ones: an operation that is
 * listed nowhere is refused, because under another name a probe would miss the effect.
 */
export function isListed(patterns: readonly OperationPattern[], operation: string): boolean {
  const segments = operation.split("/");
  return patterns.some((pattern) => {
    const expected = pattern.split("/");
    return (
      expected.length === segments.length &&
      expected.every((segment, at) => (segment.startsWith(":") ? segments[at] !== "" : segment === segments[at]))
    );
  });
}

/** The path below `base`, which is that of the gateway's `origin`. Null where it is elsewhere. */
export function pathBelow(base: string | undefined, pathname: string): string | null {
  if (base === undefined) return pathname;
  return pathname.startsWith(`${base}/`) ? pathname.slice(base.length) : null;
}
