import { readFileSync } from "node:fs";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { CONFIG_TYPES, CONFIGURATION_PAGE, DEPLOYING_PAGE, TENANTS_SCHEMA } from "../../../scripts/schema.ts";
import { configTypes } from "../../../scripts/schema/config-types.ts";
import { requestSchemas } from "../../../scripts/schema/request-schemas.ts";
import { fillRules, fillTables } from "../../../scripts/schema/tables.ts";
import { tenantsSchema } from "../../../scripts/schema/tenants-schema.ts";
import { parseConfig } from "../../../src/config/config.ts";
import { ENTRY_FIELDS, ROUTE_FIELDS } from "../../../src/config/fields-of-entry.ts";
import { DEFAULT_POLICY } from "../../../src/config/profiles.ts";
import { REQUEST_SCHEMAS } from "../../../src/operator/request-schemas.ts";
import { faultsOf } from "../../support/json-schema.ts";
import { FULL_ENTRY } from "../published-policy/configurations.ts";
import { HOST, configWith, entry, tenant } from "./entries.ts";

const PAGE = readFileSync(CONFIGURATION_PAGE, "utf8");

describe("what npm run schema makes", () => {
  test("is current: docs/configuration.md", () => {
    expect(fillTables(PAGE)).toBe(PAGE);
  });

  test("is current: docs/deploying.md", () => {
    const page = readFileSync(DEPLOYING_PAGE, "utf8");
    expect(fillRules(page)).toBe(page);
  });

  test("is current: schema/tenants.schema.json", () => {
    expect(JSON.parse(readFileSync(TENANTS_SCHEMA, "utf8"))).toEqual(tenantsSchema());
  });

  test("is current: src/package/entry-config.ts", () => {
    // The formatter breaks lines, and writes unions and lists of them in its own way.
    const bare = (source: string): string => source.replaceAll(/[\s|()]/g, "");
    expect(bare(readFileSync(CONFIG_TYPES, "utf8"))).toBe(bare(configTypes()));
  });

  test("is current: src/operator/request-schemas.ts", () => {
    expect(REQUEST_SCHEMAS).toEqual(requestSchemas());
  });
});

/** The examples in the messages of what no field accepts. */
const EXAMPLES = Object.values({ ...ENTRY_FIELDS, ...ROUTE_FIELDS }).flatMap(({ name, schema }) => {
  const messages = (v.safeParse(schema, 42n).issues ?? []).map(({ message }) => message);
  const written = messages.flatMap((message) => /such as (\[[^\]]*\]|"[^"]*"|[{0-9].*\}|\d+)/.exec(message)?.[1] ?? []);
  return written.filter((example) => !example.startsWith("{")).map((example) => ({ name, schema, example }));
});

describe("the message of a fault", () => {
  test("has an example in most fields", () => expect(EXAMPLES.length).toBeGreaterThan(10));

  test.each(EXAMPLES)("has an example that the field accepts: $name, $example", ({ schema, example }) => {
    expect(v.safeParse(schema, JSON.parse(example)).success).toBe(true);
  });
});

describe("docs/configuration.md", () => {
  const rows = PAGE.split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")));
  const fields = rows.map(([, name = "", byDefault = ""]) => ({ name, byDefault }));

  test("has every field", () => {
    const names = [...Object.values(ENTRY_FIELDS), ROUTE_FIELDS.match].map(({ name }) => name);
    expect(
      fields
        .map(({ name }) => name)
        .filter((name) => !name.includes("."))
        .toSorted(),
    ).toEqual(names.toSorted());
  });

  test("has the defaults that the gateway uses", () => {
    const written = fields.filter(({ name, byDefault }) => !/^(|required)$/.test(byDefault) && !name.includes("."));
    const values = written.map(({ name, byDefault }) => [
      name,
      JSON.parse(/^[0-9_]+$/.test(byDefault) ? byDefault.replaceAll("_", "") : byDefault),
    ]);
    const { policy, callers, operators, routes } = tenant(configWith(Object.fromEntries(values)));
    expect({ policy, routes }).toEqual({ policy: DEFAULT_POLICY, routes: [] });
    expect(callers).toMatchObject({ anonymous: "refuse", onChange: "separate" });
    expect(operators).toEqual({ tokenSecret: null, auditTtlMs: 90 * 24 * 60 * 60 * 1000 });
    const without = fields.filter(({ name, byDefault }) => byDefault === "" && !name.includes("."));
    expect(without.map(({ name }) => name)).toEqual([
      "origin_auth",
      "jurisdiction",
      "location",
      "caller",
      "caller_was",
      "rate_limit",
      "rpc_methods",
      "probe",
      "cors",
      "operator_token",
    ]);
  });
});

describe("schema/tenants.schema.json", () => {
  const text = readFileSync(TENANTS_SCHEMA, "utf8").replaceAll("#/definitions/", "#/components/schemas/");
  const { definitions } = JSON.parse(text) as { definitions: Record<string, object> };
  const faultsIn = (value: unknown) => faultsOf(value, { $ref: "#/components/schemas/entry" }, definitions);

  test("accepts an entry that sets every field", () => {
    expect(faultsIn(FULL_ENTRY)).toEqual([]);
  });

  test.each<[Record<string, unknown>, string]>([
    [{ orign: "https://a.test" }, "$ has orign"],
    [{ wait: "90" }, "$.wait has another form"],
    [{ key: "yes" }, "$.key is yes"],
    [{ max_attempts: 10_001 }, "$.max_attempts is too large"],
    [{ origin: undefined }, "$ has no origin"],
    [{ routes: [{ match: "GET /a" }] }, "$.routes[0].match has another form"],
    [{ routes: [{ match: "POST /a", caller: [] }] }, "$.routes[0] has caller"],
  ])("refuses what the gateway refuses: %j", (fields, fault) => {
    const value: unknown = JSON.parse(JSON.stringify(entry(fields)));
    expect(faultsIn(value)).toEqual([fault]);
    expect(parseConfig({ TENANTS: { [HOST]: value } }).faults).toHaveLength(1);
  });

  test("has a description for every field", () => {
    for (const name of ["entry", "route"]) {
      const { properties } = definitions[name] as { properties: Record<string, { description?: string }> };
      for (const { description } of Object.values(properties)) expect(description).toMatch(/^\S.*[.:`]$/);
    }
  });
});

describe("a message", () => {
  const schemas = Object.values({ ...ENTRY_FIELDS, ...ROUTE_FIELDS }).map(
    ({ name, schema }) => [name, schema] as const,
  );

  test.each<readonly [string, v.GenericSchema]>(schemas)("has an example that is valid: %s", (_, schema) => {
    const messages = [5, "?", "999d"].flatMap((value) => v.safeParse(schema, value).issues ?? []);
    for (const { message } of messages) {
      const [, example] = /such as ("[^"]*"|\[[^\]]*\])/.exec(message) ?? [];
      if (example !== undefined) expect(v.is(schema, JSON.parse(example)), message).toBe(true);
    }
  });
});
