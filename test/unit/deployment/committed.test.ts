import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkDeployment } from "../../../scripts/deployment/check.ts";
import { DATE_TESTED } from "../../../scripts/deployment/rules/platform.ts";
import { TENANTS_SCHEMA } from "../../../scripts/schema.ts";
import { WRANGLER_TOML, committedConfig } from "../../support/committed.ts";
import { faultsOf } from "../../support/json-schema.ts";
import { shortly } from "./broken.ts";

const REPOSITORY = join(import.meta.dirname, "..", "..", "..");

function findingsOf(environment: string | null): string[] {
  const { findings } = checkDeployment({ file: "wrangler.toml", text: WRANGLER_TOML, environment, variables: {} });
  return findings.map((finding) => shortly(finding).replace(/^\S+ /, ""));
}

test("only the names of the environment of production must be replaced", () => {
  expect(findingsOf("production")).toEqual([
    "placeholder: api.example.com is a placeholder | write your own",
    "placeholder: api.example.com is a placeholder | write your own",
    "placeholder: origin.example.com is a placeholder | write your own",
  ]);
});

test("only ORIGIN must be set at the top level", () => {
  expect(findingsOf(null)).toEqual(["tenants: there is no tenant | set ORIGIN to the URL of your API, or TENANTS"]);
  const variables = { ORIGIN: "https://api.shop.io" };
  const query = { file: "wrangler.toml", text: WRANGLER_TOML, environment: null, variables };
  expect(checkDeployment(query)).toEqual({ findings: [], summary: ["* → https://api.shop.io, 0 routes"] });
});

test("its date is the newest that is tested", () => {
  expect(committedConfig(null).compatibility_date).toBe(DATE_TESTED);
});

test("its tenants fit the schema that its first line names", () => {
  const [first = ""] = WRANGLER_TOML.split("\n");
  expect(join(REPOSITORY, first.replace(/^#:schema /, ""))).toBe(TENANTS_SCHEMA);
  const schemas = readFileSync(TENANTS_SCHEMA, "utf8").replaceAll("#/definitions/", "#/components/schemas/");
  const { definitions } = JSON.parse(schemas) as { definitions: Record<string, object> };
  const entries = Object.values(committedConfig("production").vars["TENANTS"] as object);
  expect(entries).toHaveLength(1);
  for (const one of entries) expect(faultsOf(one, { $ref: "#/components/schemas/entry" }, definitions)).toEqual([]);
});
