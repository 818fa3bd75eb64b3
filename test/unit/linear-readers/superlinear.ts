/** Compares the time that a reader takes for a text and for one of eight times its length. */

/** Below this, large arrays and their collection are more than the work. A reader that takes quadratic time needs far longer. */
const FLOOR_MS = 200;

const SMALL = 15_000;
const LARGE = 8 * SMALL;

/** Eight for a linear reader. Caches, and memory that grows, make it more now and then; a quadratic one takes 64 times as long. */
const FACTOR_MAX = 32;

/** Collections of garbage only add to a run, so the least of several counts. */
const RUNS_MAX = 5;

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
    largeMs = Math.min(largeMs, await processorMs(read, large, 1));
    if (largeMs < FLOOR_MS) return null;
    smallMs = Math.min(smallMs, await processorMs(read, small, FACTOR_MAX));
    if (largeMs <= smallMs) return null;
  }
  return `${FACTOR_MAX} times ${SMALL} characters took ${smallMs} ms, once ${LARGE} took ${largeMs} ms`;
}

/** The processor time of this thread, which other work of the machine does not change. The system counts it in steps of some ms. */
async function processorMs(read: (text: string) => unknown, text: string, times: number): Promise<number> {
  const start = process.threadCpuUsage();
  for (let time = 0; time < times; time++) await read(text);
  const { user, system } = process.threadCpuUsage(start);
  return (user + system) / 1000;
}
