/** Compares the time that a reader takes for a text and for one of eight times its length. */

/** Below this, large arrays and their collection are more than the work. A reader that takes quadratic time needs far longer. */
const FLOOR_MS = 150;

const SMALL = 15_000;
const LARGE = 8 * SMALL;

/** Eight for a linear reader. Caches, and memory that grows, make it more now and then; a quadratic one takes 64 times as long. */
const FACTOR_MAX = 32;

/** Other work of the machine only adds to a run, so the least of several counts. */
const RUNS_MAX = 10;

/** A run of a quadratic reader takes long, and needs few repetitions to show it. */
const RUNNING_MS_MAX = 2000;

/** CPU time may be counted in steps of this. */
const STEP_MS = 10;

/** Null if `read` takes linear time on texts of `make`, and the times otherwise. */
export async function superlinear(
  read: (text: string) => unknown,
  make: (characters: number) => string,
): Promise<string | null> {
  const [small, large] = [make(SMALL), make(LARGE)];
  let smallMs = Infinity;
  let largeMs = Infinity;
  for (let run = 0, ms = 0; run < RUNS_MAX && ms < RUNNING_MS_MAX; run++, ms += largeMs) {
    largeMs = Math.min(largeMs, await timeOf(read, large));
    if (largeMs < FLOOR_MS) return null;
    // A short run is often undisturbed, and a disturbed one would hide what the long one took.
    for (let again = 0; again < 5; again++) smallMs = Math.min(smallMs, await timeOf(read, small));
  }
  if (largeMs <= FACTOR_MAX * smallMs) return null;
  return `${SMALL} characters took ${smallMs.toFixed(2)} ms, ${LARGE} took ${largeMs.toFixed(2)} ms`;
}

/** The CPU time of this thread, so that it is not that of other work; or the time that has passed, which is exact, if it is less. */
async function timeOf(read: (text: string) => unknown, text: string): Promise<number> {
  const before = process.threadCpuUsage();
  const start = performance.now();
  await read(text);
  const elapsedMs = performance.now() - start;
  const { user, system } = process.threadCpuUsage(before);
  return Math.min(elapsedMs, (user + system) / 1000 + STEP_MS);
}
