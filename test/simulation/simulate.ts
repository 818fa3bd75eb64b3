/** Many runs, each from its own seed, and the shortest run that still shows a violation. */

import { Choices } from "./choices.ts";
import { type RunResult, run } from "./run.ts";

export function runSeed(seed: number, isTraced = false): Promise<RunResult> {
  return run(Choices.ofSeed(seed), isTraced);
}

export function runList(list: readonly number[], isTraced = false): Promise<RunResult> {
  return run(Choices.ofList(list), isTraced);
}
