import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { printOutput } from "../support/gateway-output.ts";
import { playOne, SCENARIO_TIMEOUT_MS } from "./run.ts";
import { suites } from "./suites.ts";
import { openTheatre, type Theatre } from "./theatre.ts";

const TEST = { timeout: SCENARIO_TIMEOUT_MS + 1000 };

let theatre: Theatre | undefined;

beforeAll(async () => {
  theatre = await openTheatre(suites);
});

afterAll(async () => {
  await theatre?.stop();
  printOutput("the gateway", theatre?.output() ?? "");
});

const all = suites.flatMap((suite) => suite.scenarios.map((scenario) => ({ suite, scenario })));

async function complaint({ suite, scenario }: (typeof all)[number]): Promise<string | undefined> {
  if (theatre === undefined) throw new Error("the gateway did not start");
  return playOne(theatre, suite, scenario);
}

describe.concurrent("beside each other", () => {
  for (const one of all.filter(({ scenario }) => !scenario.alone)) {
    test(`${one.suite.name}: ${one.scenario.title}: ${one.scenario.result}`, TEST, async () =>
      expect(await complaint(one)).toBeUndefined(),
    );
  }
});

describe("alone", () => {
  for (const one of all.filter(({ scenario }) => scenario.alone)) {
    test(`${one.suite.name}: ${one.scenario.title}: ${one.scenario.result}`, TEST, async () =>
      expect(await complaint(one)).toBeUndefined(),
    );
  }
});
