// A short run of what `npm run test:crash` does at length: SIGKILL of the runtime while clients use the gateway.

import { expect, test } from "vitest";
import { withCleanup } from "../../scripts/cleanup.ts";
import { check } from "./checker.ts";
import { count } from "./count.ts";
import { violationReport } from "./report.ts";
import { runCrashes } from "./run.ts";

const OPTIONS = { seed: 1, kills: 7, keys: 300, clients: 24 };

/** It takes 15 s on a machine with 2 cores, and minutes where both are busy. */
const TIMEOUT_MS = 300_000;

test("P1 to P7 hold for every key while the gateway is killed again and again", { timeout: TIMEOUT_MS }, async () => {
  const history = await withCleanup((defer) => runCrashes(OPTIONS, defer));
  const violations = check(history);
  expect(violations, violationReport(violations, history)).toEqual([]);

  // And the run was a real one: the kills met something, and the promises were put to the test.
  const counts = count(history);
  expect(counts).toMatchObject({ kills: 7, keys: 300 });
  expect(counts.killsWhileRunning).toBeGreaterThanOrEqual(4);
  expect(counts.attemptsKilled).toBeGreaterThanOrEqual(4);
  expect(counts.unknownByKill).toBeGreaterThanOrEqual(1);
  expect(counts.replayedAfterRestart).toBeGreaterThanOrEqual(300);
  expect(counts.retriedAttempts).toBeGreaterThanOrEqual(1);
  expect(counts.settledByProbe).toBeGreaterThanOrEqual(1);
  for (const answer of ["executed", "replayed", "joined", "released", "unknown outcome_unknown", "connection lost"]) {
    expect(counts.answers.get(answer), answer).toBeGreaterThanOrEqual(1);
  }
  expect(counts.answers.get("refused key_reused")).toBeGreaterThanOrEqual(1);
});
