// npm run conformance -- [URL] [--runtime NAME] [options of oncegate-conformance]
//
// Tests the implementation at URL. Without a URL, tests Oncegate: in wrangler dev, or with --runtime in workerd or in-process.
// The default profile is oncegate. Everything else is as with oncegate-conformance (docs/conformance.md):

import { beginScript } from "../../scripts/help.ts";
import { type Runtime, runtimes, startOncegate, unmetBy } from "./oncegate-target.ts";
import { profiles } from "./profiles.ts";
import { againstUrl } from "./program/against-url.ts";
import { type Plan, type Where } from "./program/command-line.ts";
import { runCommand } from "./program/command.ts";
import { conform } from "./program/conform.ts";
import { HELP } from "./program/help.ts";

process.once("exit", (status) => {
  if (status === 0 && process.argv.includes("--help")) process.stdout.write(`\n${HELP}`);
});
beginScript(import.meta.filename);

/** The runtime, and the arguments without it. */
function runtimeOf(argv: readonly string[]): { readonly runtime: Runtime; readonly others: readonly string[] } {
  const at = argv.indexOf("--runtime");
  if (at < 0) return { runtime: "wrangler dev", others: argv };
  const runtime = runtimes.find((runtime) => runtime === argv[at + 1]);
  if (runtime === undefined) throw new Error(`--runtime: "${argv[at + 1] ?? ""}" is none of: ${runtimes.join("; ")}`);
  return { runtime, others: argv.toSpliced(at, 2) };
}

const { runtime, others } = runtimeOf(process.argv.slice(2));

async function againstOncegate(plan: Plan, { originPort }: Where): Promise<number> {
  const { target, stop } = await startOncegate(runtime, originPort ?? 0, profiles[plan.profile].tenants);
  try {
    return await conform(plan, target, unmetBy[runtime]);
  } finally {
    await stop();
  }
}

process.exitCode = await runCommand(others, "oncegate", (plan, where) =>
  where.url === null ? againstOncegate(plan, where) : againstUrl(plan, where),
);
