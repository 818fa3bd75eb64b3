// What the runtime is to serve: its configuration and its variables, checked by the rules of `npm run check:deploy`.

import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Verdict } from "../deployment/check.ts";
import { report } from "../deployment/report.ts";
import { boundVariables, checkSelfHosted } from "../deployment/self-hosted.ts";
import { type FoundVariable, readVariables } from "./variables.ts";

export interface Served {
  readonly config: string;
  readonly variables: ReadonlyMap<string, FoundVariable>;
  readonly verdict: Verdict;
}

/** `secrets` are folders in which a file has the name of its variable. */
export function readServed({
  config,
  secrets,
}: {
  readonly config: string;
  readonly secrets: readonly string[];
}): Served {
  const text = readFileSync(config, "utf8");
  const variables = readVariables({ names: boundVariables(text), env: process.env, folders: secrets });
  const verdict = checkSelfHosted({ file: config, text, variables: valuesOf(variables) });
  return { config, variables, verdict };
}

/** Prints what is served, or the faults. Returns the exit code. */
export function checkServed({ config, verdict }: Served): number {
  return report(config, verdict);
}

/** Throws where a file that the configuration embeds is missing: the Worker's bundle, which a build makes. */
export function requireBuild({ config }: Served): void {
  for (const [, file = ""] of readFileSync(config, "utf8").matchAll(/\bembed "([^"]+)"/g)) {
    const path = resolve(dirname(config), file);
    if (!existsSync(path)) throw new Error(`${path} is missing. Run npm run build.`);
  }
}

export function valuesOf(variables: ReadonlyMap<string, FoundVariable>): Record<string, string> {
  return Object.fromEntries([...variables].map(([name, { value }]) => [name, value]));
}
