import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { unstable_readConfig as readConfig } from "wrangler";
import { parseTomlSource } from "../../scripts/deployment/source.ts";
import { configFor } from "../../scripts/deployment/wrangler-config.ts";

const FILE = join(import.meta.dirname, "..", "..", "wrangler.toml");

/** Where wrangler has a default of its own, the check reads what is written. */
const DEFAULTED = new Set(["workers_dev", "preview_urls", "route", "logpush", "exports", "tail_consumers", "secrets"]);

/** Without the lists and tables that the file does not have. */
function withoutEmpty(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, one: unknown) => (isEmpty(one) ? undefined : one));
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

test.each([null, "production"])(
  "the check reads the settings of an environment as wrangler does: %s",
  (environment) => {
    const source = parseTomlSource(readFileSync(FILE, "utf8"));
    if (source.kind === "syntax") throw new Error(source.message);
    const ours = withoutEmpty(configFor(source.table, environment)) as object;
    const theirs = readConfig({ config: FILE, ...(environment !== null && { env: environment }) });
    for (const [name, value] of Object.entries(ours)) {
      if (!DEFAULTED.has(name)) expect([name, Reflect.get(theirs, name)]).toMatchObject([name, value]);
    }
  },
);
