/** Many runs, each from its own seed, and the shortest run that still shows a violation. */

import { Choices } from "./choices.ts";
import { type Simulation } from "./figures.ts";
import { type RunResult, run } from "./run.ts";

export interface Bounds {
  readonly fromSeed: number;
  readonly seeds: number;
  readonly steps: number;
  readonly seconds: number;
  /** Ends with the first run that shows a violation. */
  readonly stopsAtFirst: boolean;
}

export function runSeed(seed: number, isTraced = false): Promise<RunResult> {
  return run(Choices.ofSeed(seed), isTraced);
}

/** Runs one seed after another, until one of the bounds is met. */
export async function simulate({ fromSeed, seeds, steps, seconds, stopsAtFirst }: Bounds): Promise<Simulation> {
  const startedMs = performance.now();
  const cpuBefore = process.cpuUsage();
  const faults = new Map<string, number>();
  const violations: { seed: number; what: string }[] = [];
  const done = { seeds: 0, steps: 0, crashes: 0 };
  const isOver = (): boolean =>
    done.seeds >= seeds ||
    done.steps >= steps ||
    performance.now() - startedMs >= seconds * 1000 ||
    (stopsAtFirst && violations.length > 0);
  for (; !isOver(); done.seeds++) {
    const seed = fromSeed + done.seeds;
    const result = await runSeed(seed);
    done.steps += result.steps;
    done.crashes += result.crashes;
    for (const [fault, times] of result.faults) faults.set(fault, (faults.get(fault) ?? 0) + times);
    violations.push(...result.violations.map((what) => ({ seed, what })));
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const cpuSeconds = (user + system) / 1e6;
  return {
    ...done,
    faults: Object.fromEntries([...faults].sort(([a], [b]) => (a < b ? -1 : 1))),
    violations,
    seconds: rounded((performance.now() - startedMs) / 1000),
    cpuSeconds: rounded(cpuSeconds),
    stepsPerMinute: Math.round((done.steps / cpuSeconds) * 60),
  };
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Replays of one shrinking: each is a run. */
const REPLAYS_MAX = 400;

/** The shortest and plainest run found that still breaks the same promise as that of `seed`. Null where that breaks none. */
export async function shrink(seed: number): Promise<RunResult | null> {
  const first = await runSeed(seed);
  const [violation] = first.violations;
  if (violation === undefined) return null;
  const promise = kindOf(violation);
  let best = first.choices;
  let replays = 0;
  const stillFails = async (list: readonly number[]): Promise<boolean> => {
    if (replays >= REPLAYS_MAX) return false;
    replays++;
    const { violations } = await run(Choices.ofList(list));
    return violations.some((what) => kindOf(what) === promise);
  };
  // The rest of a list is plain, so its end is the first thing to leave out. Then ever smaller parts, and then single choices.
  for (let part = Math.ceil(best.length / 2); part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2)) {
    for (let at = Math.max(0, best.length - part); ; at = Math.max(0, at - part)) {
      const without = [...best.slice(0, at), ...best.slice(at + part)];
      const plain = best.map((choice, index) => (index >= at && index < at + part ? 0 : choice));
      if (await stillFails(without)) best = without;
      else if (plain.some((choice, index) => choice !== best[index]) && (await stillFails(plain))) best = plain;
      if (at === 0) break;
    }
  }
  return run(Choices.ofList(best), true);
}

/** Numbers differ from run to run, and the promise and its words do not. */
function kindOf(violation: string): string {
  return violation.split("\n")[0]?.replaceAll(/[0-9a-f.]*\d[0-9a-f.]*/g, "N") ?? "";
}
