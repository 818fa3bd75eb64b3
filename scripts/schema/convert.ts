// Valibot's schemas as JSON Schema, with descriptions, ranges and defaults.

import { type ConversionConfig, toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";

export type JsonSchema = Record<string, unknown>;

/** By the names of a table's fields, and by the name of each field. */
type Tables = ReadonlyMap<string, ReadonlyMap<string, string>>;

interface Conversion {
  readonly tables: Tables;
  readonly target: "draft-07" | "draft-2020-12";
  /** `output`: numbers that are read from text are numbers. */
  readonly typeMode: "input" | "output";
  /** Whether the names and values of maps have their patterns and lengths. */
  readonly inMaps: boolean;
}

/** Rules that JSON Schema can't express are left out: it accepts more than the gateway does. */
export function jsonSchemaOf(schema: v.GenericSchema, conversion: Conversion): JsonSchema {
  const { tables, target, typeMode, inMaps } = conversion;
  const config: ConversionConfig = {
    target,
    typeMode,
    errorMode: "ignore",
    overrideSchema: ({ valibotSchema, jsonSchema }) => {
      if (isLazy(valibotSchema)) {
        const forms = new Set(["", {}, []].map((input) => valibotSchema.getter(input)));
        return { anyOf: [...forms].map((form) => jsonSchemaOf(form, conversion)) };
      }
      if (jsonSchema.required?.length === 0) delete jsonSchema.required;
      if (!inMaps && valibotSchema.type === "record") {
        delete jsonSchema.propertyNames;
        jsonSchema.additionalProperties = plainType(jsonSchema.additionalProperties);
      }
      if (isTable(valibotSchema)) describe(jsonSchema.properties ?? {}, valibotSchema, tables);
      if (jsonSchema.type === "integer" && jsonSchema.default !== undefined) {
        jsonSchema.default = Number(jsonSchema.default);
      }
      return jsonSchema;
    },
  };
  const { $schema: _, $defs: __, ...converted } = toJsonSchema(schema, config);
  return converted;
}

/** The range of a duration or a number, or of those in a list or a table, as it is written; null where there is none. */
export function rangeOf(schema: v.GenericSchema): string | null {
  const pipe = "pipe" in schema && Array.isArray(schema.pipe) ? (schema.pipe as readonly Action[]) : [];
  const inner = ["wrapped", "item", "value"].find((name) => name in schema);
  if (pipe.length === 0 && inner !== undefined) return rangeOf(Reflect.get(schema, inner) as v.GenericSchema);
  const bound = (type: string) => pipe.find((action) => action.type === type)?.requirement;
  const [least, greatest] = [bound("min_value"), bound("max_value")];
  if (typeof least === "number" && typeof greatest === "number") return `${grouped(least)} to ${grouped(greatest)}`;
  const messages = pipe.map(({ message }) => /^must be a duration from (\S+ to \S+),/.exec(String(message))?.[1]);
  return messages.find((range) => range !== undefined) ?? null;
}

/** As TOML writes large numbers. */
export function grouped(number: number): string {
  return String(number).replaceAll(/\B(?=(?:\d{3})+$)/g, "_");
}

function plainType(schema: unknown): JsonSchema {
  const { pattern: _, maxLength: __, ...rest } = Object(schema) as JsonSchema;
  return rest;
}

interface Action {
  readonly type: string;
  readonly requirement?: unknown;
  readonly message?: unknown;
}

export type Table = v.GenericSchema & { readonly entries: Readonly<Record<string, v.GenericSchema>> };

function describe(properties: Record<string, unknown>, { entries }: Table, tables: Tables): void {
  const descriptions = tables.get(Object.keys(entries).join());
  for (const [name, schema] of Object.entries(entries)) {
    const description = descriptions?.get(name);
    if (description !== undefined) properties[name] = described(description, schema, properties[name] as JsonSchema);
  }
}

/** With the description, without its links: they are relative to docs/. A duration has its range there. */
export function described(description: string, schema: v.GenericSchema, jsonSchema: JsonSchema): JsonSchema {
  const text = description.replaceAll(/\[([^\]]+)\]\([^)]+\)/g, "$1");
  // A number has its range as minimum and maximum.
  const range = jsonSchema["type"] === "string" ? rangeOf(schema) : null;
  return { description: range === null ? text : `${text} From ${range}.`, ...jsonSchema };
}

export function isTable(schema: object): schema is Table {
  return "type" in schema && schema.type === "strict_object";
}

function isLazy(schema: object): schema is v.GenericSchema & { getter: (input: unknown) => v.GenericSchema } {
  return "type" in schema && schema.type === "lazy";
}
