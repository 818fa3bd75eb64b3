// npm run conformance -- [--url URL] [--origin-port PORT] [--url-without-catch-all URL] [--only SECTION]
//                        [--skip-needs a,b] [--runtime NAME] [--json FILE] [--print-tenants]
//
// Tests an implementation of docs/protocol.md: the one at --url, or Oncegate in wrangler dev. test/conformance/README.md
// describes each option, and what the implementation under test must be configured for.

import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { beginScript } from "../../scripts/help.ts";
import { type Target } from "./context.ts";
import { type Runtime, runtimes, startOncegate, type StartedTarget, unmetBy } from "./oncegate-target.ts";
import { startOrigin } from "./origin.ts";
import { jsonReport, progressLine, table } from "./report.ts";
import { runChecks, type Unmet } from "./run.ts";
import { suite } from "./suite.ts";
import { allNeeds, conformanceTenants, type Need } from "./tenants.ts";

const DEFAULT_ORIGIN_PORT = 9100;

beginScript(import.meta.filename);
const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    "url-without-catch-all": { type: "string" },
    "origin-port": { type: "string" },
    only: { type: "string", default: "" },
    "skip-needs": { type: "string", default: "" },
    runtime: { type: "string", default: "wrangler dev" },
    json: { type: "string" },
    "print-tenants": { type: "boolean", default: false },
  },
});

function originPort(): number | undefined {
  const said = options["origin-port"];
  if (said === undefined) return undefined;
  const port = Number(said);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`--origin-port must be a port, not ${said}`);
  return port;
}

function skippedNeeds(): Unmet {
  const names = options["skip-needs"].split(",").map((name) => name.trim());
  const unmet = new Map<Need, string>();
  for (const name of names.filter((name) => name !== "")) {
    const need = allNeeds.find((need) => need === name);
    if (need === undefined) throw new Error(`--skip-needs: "${name}" is none of: ${allNeeds.join("; ")}`);
    unmet.set(need, `skipped: ${need}`);
  }
  return unmet;
}

/** What runs Oncegate where no URL is given. The tests run all of them. */
function runtimeOf(name: string): Runtime {
  const runtime = runtimes.find((runtime) => runtime === name);
  if (runtime === undefined) throw new Error(`--runtime: "${name}" is none of: ${runtimes.join("; ")}`);
  return runtime;
}

async function startTarget(runtime: Runtime): Promise<StartedTarget> {
  if (options.url === undefined) return startOncegate(runtime, originPort());
  const origin = await startOrigin(originPort() ?? DEFAULT_ORIGIN_PORT);
  const second = options["url-without-catch-all"];
  const target: Target = {
    url: new URL(options.url),
    origin,
    ...(second === undefined ? {} : { urlWithoutCatchAll: async () => new URL(second) }),
  };
  return { target, stop: () => origin.stop() };
}

async function main(): Promise<number> {
  if (options["print-tenants"]) {
    console.log(JSON.stringify(conformanceTenants(originPort() ?? DEFAULT_ORIGIN_PORT)));
    return 0;
  }
  const checks = suite.filter(({ section }) => section.startsWith(options.only));
  const runtime = runtimeOf(options.runtime);
  const skipped = skippedNeeds();
  const unmet: Unmet = options.url === undefined ? new Map([...unmetBy[runtime], ...skipped]) : skipped;
  const { target, stop } = await startTarget(runtime);
  try {
    let done = 0;
    const results = await runChecks(checks, target, unmet, (result) => {
      done += 1;
      const line = progressLine(result, done, checks.length);
      if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${line.slice(0, process.stderr.columns - 1)}`);
      else if (result.outcome === "fail") console.error(line);
    });
    if (process.stderr.isTTY) process.stderr.write("\r\u001B[K");
    console.log(table(results));
    if (options.json !== undefined) await writeFile(options.json, jsonReport(results));
    return results.some(({ outcome }) => outcome === "fail") ? 1 : 0;
  } finally {
    await stop();
  }
}

process.exitCode = await main();
