// npm run bench:package [-- --rounds 9 --seconds 4 --connections 8 --json FILE --write]
// Measures what the package adds to a request without a key: an app alone, and the same app behind oncegate(), in turn.

import { join } from "node:path";
import { beginScript } from "../../scripts/help.ts";
import { type Measured, measure } from "../gateway/measure.ts";
import { fillIn } from "../support/document.ts";
import { facts, factsLine, resultFile, writeJson } from "../support/facts.ts";
import { post } from "../support/load.ts";
import { numberOf, parseOptions } from "../support/options.ts";
import { createRuntime } from "../support/runtime.ts";
import { spreadOf } from "../support/statistics.ts";

const DOCUMENT = join(import.meta.dirname, "..", "..", "docs", "package.md");
const SIDES = ["app", "app-behind"] as const;
type Side = (typeof SIDES)[number];

/** Until both sides run compiled code. */
const WARM_UP_SECONDS = 2;

beginScript(import.meta.filename);
const values = parseOptions({
  rounds: { type: "string", default: "9" },
  seconds: { type: "string", default: "4" },
  connections: { type: "string", default: "8" },
});
const settings = {
  rounds: numberOf("rounds", values.rounds, 1),
  seconds: numberOf("seconds", values.seconds, 1),
  warmUpSeconds: WARM_UP_SECONDS,
  connections: numberOf("connections", values.connections, 1),
};

const about = facts();
const runtime = createRuntime();
try {
  await checkThatItProtects();
  const measured: Record<Side, Measured[]> = { app: [], "app-behind": [] };
  const keyless = { runtime, origin: "", case: { keys: "none", connections: null }, storage: "memory" } as const;
  for (let round = 0; round < settings.rounds; round++) {
    // The side that is first takes turns too.
    for (const side of round % 2 === 0 ? SIDES : SIDES.toReversed()) {
      measured[side].push(await measure({ ...keyless, side }, settings));
    }
  }
  const ratios = measured["app-behind"].map(
    ({ cpuMsPerRequest }, round) => cpuMsPerRequest / (measured.app[round]?.cpuMsPerRequest ?? Number.NaN),
  );
  writeJson(resultFile("package", values), { facts: about, settings, measured, ratios });
  const table = [
    "| a request without a key, processor time | median | from | to |\n|---|---|---|---|",
    row("the app alone, ms", cpuOf(measured.app), 3),
    row("the same behind `oncegate()`, ms", cpuOf(measured["app-behind"]), 3),
    row("**ratio of a round**", ratios, 2),
    "",
    `${factsLine(about)}. ${settings.rounds} rounds of ${settings.seconds} s for each side, in turn, after ${WARM_UP_SECONDS} s of warming up; ${settings.connections} connections.`,
  ].join("\n");
  console.log(table);
  if (values.write) fillIn(DOCUMENT, "keyless", table);
} finally {
  await runtime.close();
}

/** What is measured must be the gateway, not an app that it does not reach. */
async function checkThatItProtects(): Promise<void> {
  const worker = await runtime.start("app-behind", { origin: "", storage: "memory" });
  const key = crypto.randomUUID();
  const [first, second] = [await post(worker.url, key), await post(worker.url, key)];
  await worker.discard();
  if (first.status !== 201 || first.body !== second.body) throw new Error(`no replay: ${first.body}, ${second.body}`);
}

function cpuOf(rounds: readonly Measured[]): readonly number[] {
  return rounds.map(({ cpuMsPerRequest }) => cpuMsPerRequest);
}

function row(what: string, rounds: readonly number[], digits: number): string {
  const { median, from, to } = spreadOf(rounds);
  return `| ${what} | ${[median, from, to].map((value) => value.toFixed(digits)).join(" | ")} |`;
}
