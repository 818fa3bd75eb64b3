// Random decisions that depend on the seed and on what is decided, but not on the order in which things happen to be
// decided: the same seed gives the same plan, however the processes are scheduled.

import { createHash } from "node:crypto";
import { type Random, seededRandom } from "../../scripts/demo/random.ts";

export { type Random } from "../../scripts/demo/random.ts";

export function randomFor(seed: number, ...about: readonly (string | number)[]): Random {
  const digest = createHash("sha256")
    .update([seed, ...about].join("\n"))
    .digest();
  return seededRandom(digest.readUInt32LE());
}

/** One of `choices`, in proportion to its weight. */
export function pick<T>(random: Random, choices: readonly (readonly [weight: number, choice: T])[]): T {
  const total = choices.reduce((sum, [weight]) => sum + weight, 0);
  let left = random.integer(1, total);
  for (const [weight, choice] of choices) {
    left -= weight;
    if (left <= 0) return choice;
  }
  throw new Error("there is nothing to pick from");
}
