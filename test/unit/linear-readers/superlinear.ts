/** Compares the time that a reader takes for a text and for one of eight times its length. */

/** Below this, large arrays and their collection are more than the work. A reader that takes quadratic time needs far longer. */
const FLOOR_MS = 100;

const SMALL = 15_000;
const LARGE = 8 * SMALL;

/** Eight for a linear reader. Caches, and memory that grows, make it more now and then; a quadratic one takes 64 times as long. */
const FACTOR_MAX = 32;

/** Other work of the machine only adds to a run, so the least of several counts. */
const RUNS_MAX = 20;

/** A run of a quadratic reader takes long, and needs few repetitions to show it. */
const RUNNING_MS_MAX = 3000;

/** Null if `read` takes linear time on texts of `make`, and the times otherwise. */
export async function superlinear(
  read: (text: string) => unknown,
  make: (characters: number) => string,
): Promise<string | null> {
  const [small, large] = [make(SMALL), make(LARGE)];
  let smallMs = Infinity;
  let largeMs = Infinity;
  for (let run = 0, ms = 0; run < RUNS_MAX && ms < RUNNING_MS_MAX; run++, ms += largeMs) {
    largeMs = Math.min(largeMs, await elapsedMs(read, large));
    if (largeMs < FLOOR_MS) return null;
    smallMs = Math.min(smallMs, await elapsedMs(read, small));
    if (largeMs <= FACTOR_MAX * smallMs) return null;
  }
  return `${SMALL} characters took ${smallMs.toFixed(2)} ms, ${LARGE} took ${largeMs.toFixed(2)} ms`;
}

async function elapsedMs(read: (text: string) => unknown, text: string): Promise<number> {
  const start = performance.now();
  await read(text);
  return performance.now() - start;
}
