// The JSON Schema by which editors check and complete tenants.

import { type Field, type Fields } from "../../src/config/field.ts";
import { ENTRY_FIELDS, ROUTE_FIELDS } from "../../src/config/fields-of-entry.ts";
import { type JsonSchema, described, jsonSchemaOf } from "./convert.ts";
import { TABLES, defaultText, descriptionOf } from "./fields.ts";

const VARIABLES = {
  type: "object",
  patternProperties: {
    "^TENANTS": {
      description: "Tenants by hostname, `*.suffix` or `*`; a table, or a string with one as JSON.",
      type: ["object", "string"],
      additionalProperties: { $ref: "#/definitions/entry" },
    },
  },
};

/** Of a wrangler.toml. `definitions.entry` is one entry, as it is written to KV. */
export function tenantsSchema(): JsonSchema {
  const variables = { properties: { vars: { $ref: "#/definitions/variables" } } };
  const entry = objectOf(ENTRY_FIELDS);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Oncegate's tenants in wrangler.toml",
    type: "object",
    properties: { ...variables.properties, env: { type: "object", additionalProperties: variables } },
    definitions: { variables: VARIABLES, entry, route: objectOf(ROUTE_FIELDS) },
  };
}

function objectOf(fields: Fields): JsonSchema {
  const all = Object.entries(fields);
  return {
    type: "object",
    properties: Object.fromEntries(all.map(([property, field]) => [field.name, propertyOf(property, field)])),
    required: all.flatMap(([, { name, required }]) => (required ? [name] : [])),
    additionalProperties: false,
  };
}

function propertyOf(property: string, field: Field): JsonSchema {
  // Routes are read field by field, so that each fault has its own path.
  const schema = property === "routes" ? ROUTES : jsonSchemaOf(field.schema, CONVERSION);
  const written = defaultText(field);
  const byDefault = written === null ? {} : { default: JSON.parse(isNumber(written) ? plain(written) : written) };
  return described(descriptionOf(property), field.schema, { ...schema, ...byDefault });
}

const CONVERSION = { tables: TABLES, target: "draft-07", typeMode: "input", inMaps: true } as const;
const ROUTES = { type: "array", items: { $ref: "#/definitions/route" } };

function isNumber(written: string): boolean {
  return /^[0-9_]+$/.test(written);
}

function plain(number: string): string {
  return number.replaceAll("_", "");
}
