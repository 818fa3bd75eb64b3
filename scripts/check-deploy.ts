// npm run check:deploy [-- --env production --config wrangler.toml --var NAME:VALUE --kv remote --json]
// npm run check:deploy -- --self-hosted [--config deploy/workerd.capnp --var NAME:VALUE --json]
//
// Checks a deployment: every setting that a promise rests on, and the configuration of every tenant. Prints each fault with
// its place and its remedy, and exits with 1 if there is one, with 2 if it can't check. --json is for other programs.
// With --kv (remote or local), checks the tenants in KV too. --var is a variable that the deploy gets on its command line.
// --self-hosted checks the configuration of the open-source runtime, with the variables of this process: TENANTS and so on.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Verdict, checkDeployment, checkEntries, isFinding, readDeployment } from "./deployment/check.ts";
import { report } from "./deployment/report.ts";
import { checkSelfHosted } from "./deployment/self-hosted.ts";
import { beginScript, runScript } from "./help.ts";
import { listNames, readEntries } from "./tenants/namespace.ts";

const REPOSITORY = join(import.meta.dirname, "..");

if (import.meta.main) {
  beginScript(import.meta.filename);
  await runScript(() => main(process.argv.slice(2)));
}

/** Returns the exit code. */
function main(args: string[]): number {
  const { values: options } = parseArgs({
    args,
    options: {
      env: { type: "string" },
      config: { type: "string" },
      var: { type: "string", multiple: true },
      kv: { type: "string" },
      "self-hosted": { type: "boolean" },
      json: { type: "boolean" },
    },
  });
  if (options["self-hosted"] === true) return selfHosted(options);
  const query = queryOf({ config: options.config, environment: options.env, variables: options.var });
  const deployed = checkDeployment(query);
  const inKv = options.kv === undefined ? { findings: [], summary: [] } : checkKv(options.kv, query);
  return report(
    placeName(query),
    { findings: [...deployed.findings, ...inKv.findings], summary: [...deployed.summary, ...inKv.summary] },
    options.json,
  );
}

interface SelfHostedOptions {
  readonly config?: string;
  readonly var?: string[];
  readonly json?: boolean;
}

function selfHosted({ config, var: written = [], json }: SelfHostedOptions): number {
  const file = config ?? "deploy/workerd.capnp";
  const text = readFileSync(config ?? join(REPOSITORY, file), "utf8");
  const variables = { ...process.env, ...Object.fromEntries(written.map((one) => variableOf(one))) };
  return report(file, checkSelfHosted({ file, text, variables }), json);
}

type Query = ReturnType<typeof queryOf>;

/** Reads the file. By default it is the repository's wrangler.toml. */
export function queryOf(options: {
  readonly config?: string | undefined;
  readonly environment?: string | undefined;
  readonly variables?: readonly string[] | undefined;
}) {
  const path = options.config ?? join(REPOSITORY, "wrangler.toml");
  const { environment = null, variables = [] } = options;
  return {
    path,
    file: options.config ?? "wrangler.toml",
    text: readFileSync(path, "utf8"),
    environment,
    variables: Object.fromEntries(variables.map((written) => variableOf(written))),
  };
}

/** As `wrangler --var` has it: the first colon ends the name. */
function variableOf(written: string): [string, string] {
  const colon = written.indexOf(":");
  if (colon < 1) throw new Error(`--var must be NAME:VALUE, not ${written}`);
  return [written.slice(0, colon), written.slice(colon + 1)];
}

/** For the first line of a report. */
export function placeName({ file, environment }: Pick<Query, "file" | "environment">): string {
  return `${file}, ${environment === null ? "top level" : `environment ${environment}`}`;
}

function checkKv(where: string, query: Query): Verdict {
  if (where !== "local" && where !== "remote") throw new Error("--kv must be local or remote");
  const deployment = readDeployment(query);
  // The check of the deployment has reported it.
  if (isFinding(deployment)) return { findings: [], summary: [] };
  const environment = query.environment ?? undefined;
  const namespace = { config: query.path, environment, where, persistTo: undefined } as const;
  const entries = [...readEntries(namespace, listNames(namespace))];
  const texts = entries.map(([name, text]) => ({ name, text, file: `KV ${name}` }));
  return checkEntries(deployment, texts, where);
}
