import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";
import { checkDeployment } from "../../../scripts/deployment/check.ts";
import { DATE_TESTED } from "../../../scripts/deployment/rules/platform.ts";
import { parseTomlSource } from "../../../scripts/deployment/source.ts";
import { configFor } from "../../../scripts/deployment/wrangler-config.ts";
import { TENANTS_SCHEMA } from "../../../scripts/schema.ts";
import { faultsOf } from "../../support/json-schema.ts";
import { shortly } from "./broken.ts";

const REPOSITORY = join(import.meta.dirname, "..", "..", "..");
const TEXT = readFileSync(join(REPOSITORY, "wrangler.toml"), "utf8");

function configOf(environment: string | null) {
  const source = parseTomlSource(TEXT);
  if (source.kind === "syntax") throw new Error(source.message);
  return configFor(source.table, environment);
}

function findingsOf(environment: string | null): string[] {
  const { findings } = checkDeployment({ file: "wrangler.toml", text: TEXT, environment, variables: {} });
  return findings.map((finding) => shortly(finding).replace(/^\S+ /, ""));
}

test("only the names of the environment of production must be replaced", () => {
  expect(findingsOf("production")).toEqual([
    "placeholder: api.example.com is a placeholder | write your own",
    "placeholder: api.example.com is a placeholder | write your own",
    "placeholder: origin.example.com is a placeholder | write your own",
  ]);
});

test("its date is the newest that is tested", () => {
  expect(configOf(null).compatibility_date).toBe(DATE_TESTED);
});

test("its tenants fit the schema that its first line names", () => {
  const [first = ""] = TEXT.split("\n");
  expect(join(REPOSITORY, first.replace(/^#:schema /, ""))).toBe(TENANTS_SCHEMA);
  const schemas = readFileSync(TENANTS_SCHEMA, "utf8").replaceAll("#/definitions/", "#/components/schemas/");
  const { definitions } = JSON.parse(schemas) as { definitions: Record<string, object> };
  const entries = Object.values(configOf("production").vars["TENANTS"] as object);
  expect(entries).toHaveLength(1);
  for (const one of entries) expect(faultsOf(one, { $ref: "#/components/schemas/entry" }, definitions)).toEqual([]);
});
