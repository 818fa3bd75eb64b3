// What the runtime is to serve: its configuration and its variables, checked by the rules of `npm run check:deploy`.

import { readFileSync } from "node:fs";
import { type Verdict } from "../deployment/check.ts";
import { report } from "../deployment/report.ts";
import { boundVariables, checkSelfHosted } from "../deployment/self-hosted.ts";
import { type FoundVariable, readVariables } from "./variables.ts";

export interface Served {
  readonly config: string;
  readonly variables: ReadonlyMap<string, FoundVariable>;
  /** All that the configuration binds, also those without a value. */
  readonly bound: readonly string[];
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
  const bound = boundVariables(text);
  const variables = readVariables({ names: bound, env: process.env, folders: secrets });
  const verdict = checkSelfHosted({ file: config, text, variables: valuesOf(variables) });
  return { config, variables, bound, verdict };
}

/** Prints what is served, or the faults. Returns the exit code. */
export function checkServed({ config, verdict }: Served): number {
  return report(config, verdict);
}

export function valuesOf(variables: ReadonlyMap<string, FoundVariable>): Record<string, string> {
  return Object.fromEntries([...variables].map(([name, { value }]) => [name, value]));
}
