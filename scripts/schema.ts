// npm run schema
//
// Makes every file that follows from the list of configuration fields, from the rules of deployment and from the schemas of the
// operator API. A test fails where one of them is not current.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beginScript } from "./help.ts";
import { configTypes } from "./schema/config-types.ts";
import { requestSchemas } from "./schema/request-schemas.ts";
import { fillRules, fillTables } from "./schema/tables.ts";
import { tenantsSchema } from "./schema/tenants-schema.ts";

const REPOSITORY = join(import.meta.dirname, "..");

export const CONFIGURATION_PAGE = join(REPOSITORY, "docs/configuration.md");
export const DEPLOYING_PAGE = join(REPOSITORY, "docs/deploying.md");
export const TENANTS_SCHEMA = join(REPOSITORY, "schema/tenants.schema.json");
export const CONFIG_TYPES = join(REPOSITORY, "src/package/entry-config.ts");
const REQUEST_SCHEMAS = join(REPOSITORY, "src/operator/request-schemas.ts");

if (import.meta.main) {
  beginScript(import.meta.filename);
  writeFileSync(CONFIGURATION_PAGE, fillTables(readFileSync(CONFIGURATION_PAGE, "utf8")));
  writeFileSync(DEPLOYING_PAGE, fillRules(readFileSync(DEPLOYING_PAGE, "utf8")));
  mkdirSync(join(REPOSITORY, "schema"), { recursive: true });
  writeFileSync(TENANTS_SCHEMA, JSON.stringify(tenantsSchema()));
  writeFileSync(CONFIG_TYPES, configTypes());
  const requests = JSON.stringify(requestSchemas());
  writeFileSync(
    REQUEST_SCHEMAS,
    `/** Made from requests.ts by \`npm run schema\`: the requests of the operator API as JSON Schema. */\nexport const REQUEST_SCHEMAS = ${requests};\n`,
  );
  const format = spawnSync(
    join(REPOSITORY, "node_modules/.bin/oxfmt"),
    [TENANTS_SCHEMA, CONFIG_TYPES, REQUEST_SCHEMAS],
    {
      stdio: "inherit",
    },
  );
  process.exitCode = format.status ?? 1;
}
