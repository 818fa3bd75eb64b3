// Waiting, always with an end. Each function says what it waited for and what it saw instead.

/**
 * Passes a promise on, or rejects after `timeoutMs` with what was waited for. A rejection that nobody looks at is no
 * fault: a check may use only one of the promises of an exchange.
 */
export function bounded<T>(promise: Promise<T>, timeoutMs: number, what: string, saw?: () => string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Error(`waited ${timeoutMs} ms for ${what}${saw === undefined ? "" : `; saw ${saw()}`}`));
  }, timeoutMs);
  // A wait that nobody is interested in any more must not keep the process alive; the origin does while checks run.
  timer.unref();
  const first = Promise.race([promise, late]).finally(() => clearTimeout(timer));
  first.catch(() => undefined);
  return first;
}

/**
 * Asks again until `look` finds something. Only for what nobody signals: the passing of a record's term, for example.
 */
export async function eventually<T>(
  look: () => Promise<T | undefined>,
  options: { readonly withinMs: number; readonly everyMs: number; readonly what: string; readonly saw: () => string },
): Promise<T> {
  const end = performance.now() + options.withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() >= end) {
      throw new Error(`waited ${options.withinMs} ms for ${options.what}; saw ${options.saw()}`);
    }
    await pause(options.everyMs);
  }
}

/** A plain pause. What it is for must be time itself. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A signal that is given once. */
export type Signal = { readonly given: Promise<void>; readonly give: () => void };

export function signal(): Signal {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { given: promise, give: resolve };
}
