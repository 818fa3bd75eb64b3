/** Calls to many objects, some at one time. */

/** Far fewer than the platform queues for one invocation. */
const PARALLEL = 10;

/** In the order of `items`. */
export async function inParallel<T, U>(items: readonly T[], run: (item: T) => Promise<U>): Promise<U[]> {
  const results: U[] = [];
  const left = items.entries();
  const work = async (): Promise<void> => {
    for (const [index, item] of left) results[index] = await run(item);
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return results;
}
