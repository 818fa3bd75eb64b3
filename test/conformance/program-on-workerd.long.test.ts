// Oncegate passes the program, as it would from outside: in each profile, configured as --print-tenants prints it.

import { expect, onTestFinished, test } from "vitest";
import { startOncegate } from "./oncegate-target.ts";
import { profileNames } from "./profiles.ts";
import { runProgram } from "./program-rig.ts";
import { type Tenants } from "./tenants.ts";

/** Only the program that starts a gateway can kill it and read its log. */
const NOT_FROM_OUTSIDE = { oncegate: 3, core: 0, ietf: 0, stripe: 0, acp: 0 };

/** Each profile but the longest has its own few seconds. */
const TIMEOUT_MS = 600_000;

test.each(profileNames)("Oncegate passes the profile %s", { timeout: TIMEOUT_MS }, async (profile) => {
  const printed = await runProgram(["--profile", profile, "--print-tenants", "--origin-port", "9"]);
  const tenants = (port: number): Tenants =>
    JSON.parse(printed.stdout.replaceAll("127.0.0.1:9", `127.0.0.1:${port}`)) as Tenants;
  const started = await startOncegate("workerd", 0, tenants);
  onTestFinished(() => started.stop());
  const { origin, url, urlWithoutCatchAll } = started.target;
  const second =
    profile === "oncegate" ? ["--url-without-catch-all", (await urlWithoutCatchAll?.())?.origin ?? ""] : [];
  // The program's API takes its place.
  await origin.stop();
  const options = ["--profile", profile, "--origin-port", `${origin.port}`, "--json", "-", ...second];
  const { status, stdout, stderr } = await runProgram([url.origin, ...options]);
  expect(stderr.split("\n").filter((line) => line.includes("FAIL"))).toEqual([]);
  const { totals } = JSON.parse(stdout) as { totals: Record<string, number> };
  expect([status, totals["failed"], totals["not_applicable"]]).toEqual([0, 0, NOT_FROM_OUTSIDE[profile]]);
  expect(totals["passed"]).toBeGreaterThan(12);
});
