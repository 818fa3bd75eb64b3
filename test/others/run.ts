// Plays scenarios on one stage: several beside each other, then those that stop the gateway, one by one.

import { bounded } from "../conformance/bounded.ts";
import { type Scenario, type Suite } from "./scenario.ts";
import { type Theatre } from "./theatre.ts";

/** The slowest waits for a deadline of two seconds, or for two starts of the gateway. */
export const SCENARIO_TIMEOUT_MS = 90_000;

/** Most of a scenario is waiting for others. */
const CONCURRENCY = 4;

export type Played = {
  readonly suite: Suite;
  readonly scenario: Scenario;
  /** Undefined where the result is as declared. */
  readonly complaint: string | undefined;
};

/** What was seen instead of the declared result. */
export async function playOne(theatre: Theatre, suite: Suite, scenario: Scenario): Promise<string | undefined> {
  try {
    await bounded(scenario.run(theatre.stageFor(suite)), SCENARIO_TIMEOUT_MS, "the scenario to end");
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export async function playAll(theatre: Theatre, suites: readonly Suite[]): Promise<readonly Played[]> {
  const all = suites.flatMap((suite) => suite.scenarios.map((scenario) => ({ suite, scenario })));
  const complaints = new Map<Scenario, string | undefined>();
  const play = async ({ suite, scenario }: (typeof all)[number]): Promise<void> =>
    void complaints.set(scenario, await playOne(theatre, suite, scenario));
  const queue = all.filter(({ scenario }) => !scenario.alone);
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await play(next);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  for (const one of all.filter(({ scenario }) => scenario.alone)) await play(one);
  return all.map(({ suite, scenario }) => ({ suite, scenario, complaint: complaints.get(scenario) }));
}
