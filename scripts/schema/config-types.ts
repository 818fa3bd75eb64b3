// The types of a configuration in code, from the JSON Schema of entries.

import { APP_ENTRY_FIELDS } from "../../src/config/fields-of-entry.ts";
import { POLICY_FIELDS } from "../../src/config/fields-of-policy.ts";
import { type JsonSchema } from "./convert.ts";
import { tenantsSchema } from "./tenants-schema.ts";

const HEAD = "/** The fields of a configuration, made from the list of fields by `npm run schema`. */";

export function configTypes(): string {
  const { entry, route } = tenantsSchema()["definitions"] as Readonly<Record<"entry" | "route", JsonSchema>>;
  const ofEntry = Object.values(APP_ENTRY_FIELDS).map(({ name }) => name);
  const ofPolicy: readonly string[] = Object.values(POLICY_FIELDS).map(({ name }) => name);
  const without = (names: readonly string[]): string[] => names.filter((name) => !ofPolicy.includes(name));
  const policy = members(entry, ofPolicy);
  const others = members(entry, without(ofEntry));
  return [
    HEAD,
    `/** What an entry and a route of it can set. */\nexport interface PolicyConfig ${policy}`,
    `/** How the requests of one hostname, or of several, are protected. */\nexport interface EntryConfig extends PolicyConfig ${others}`,
    `/** Which requests a route is for. It sets fields otherwise than its entry. */\nexport interface RouteConfig extends PolicyConfig ${members(route, ["match"])}`,
  ].join("\n\n");
}

function members(schema: JsonSchema, only?: readonly string[]): string {
  const required = (schema["required"] ?? []) as readonly string[];
  const properties = Object.entries((schema["properties"] ?? {}) as Record<string, JsonSchema>);
  const lines = properties
    .filter(([name]) => only?.includes(name) !== false)
    .map(([name, of]) => `${comment(of)}readonly ${name}${required.includes(name) ? "" : "?"}: ${typeOf(of)};`);
  return `{\n${lines.join("\n")}\n}`;
}

function comment({ description, default: byDefault }: JsonSchema): string {
  if (typeof description !== "string") return "";
  const lines = [description, ...(byDefault === undefined ? [] : [`@default ${JSON.stringify(byDefault)}`])];
  return `/**\n${lines.map((line) => ` * ${line}`).join("\n")}\n */\n`;
}

function typeOf(schema: JsonSchema): string {
  const { $ref, anyOf, enum: values, const: value, type, items, additionalProperties } = schema;
  if ($ref === "#/definitions/route") return "RouteConfig";
  if (Array.isArray(anyOf)) return [...new Set(anyOf.map((one: JsonSchema) => typeOf(one)))].join(" | ");
  if (Array.isArray(values)) return values.map((one) => JSON.stringify(one)).join(" | ");
  if (value !== undefined) return JSON.stringify(value);
  switch (type) {
    case "string":
    case "boolean":
    case "null":
    case "number":
      return type;
    case "integer":
      return "number";
    case "array":
      return `readonly (${typeOf(items as JsonSchema)})[]`;
    case "object":
      return schema["properties"] === undefined
        ? `Readonly<Record<string, ${typeOf(additionalProperties as JsonSchema)}>>`
        : members(schema);
    default:
      throw new Error(`there is no type for ${JSON.stringify(schema)}`);
  }
}
