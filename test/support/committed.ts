/** The committed wrangler.toml, as it is for one environment. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseTomlSource } from "../../scripts/deployment/source.ts";
import { configFor } from "../../scripts/deployment/wrangler-config.ts";

export const WRANGLER_TOML = readFileSync(join(import.meta.dirname, "..", "..", "wrangler.toml"), "utf8");

export function committedConfig(environment: string | null) {
  return configFor(tableIn(WRANGLER_TOML), environment);
}

/** Throws where `toml` can't be read. */
export function tableIn(toml: string) {
  const source = parseTomlSource(toml);
  if (source.kind === "syntax") throw new Error(`${source.message} in line ${source.place.line}`);
  return source.table;
}
