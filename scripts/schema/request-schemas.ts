// The requests of the operator API as JSON Schema, as its OpenAPI document has them.

import type * as v from "valibot";
import { COUNTS_QUERY, FILTER, PAGE, RECORD, SETTLE_MANY } from "../../src/operator/list-requests.ts";
import { FIND, SETTLE, WHY } from "../../src/operator/requests.ts";
import { type JsonSchema, jsonSchemaOf } from "./convert.ts";
import { tablesIn } from "./descriptions.ts";

// The Worker serves these schemas, so they leave out the patterns of header fields.
const CONVERSION = {
  tables: tablesIn("object", "operator/requests.ts", "operator/list-requests.ts"),
  target: "draft-2020-12",
  inMaps: false,
} as const;

/** Described once, as a component of its own. */
const settle = { $ref: "#/components/schemas/Settling" };

export function requestSchemas() {
  const many = bodyOf(SETTLE_MANY);
  return {
    find: bodyOf(FIND),
    settle: bodyOf(SETTLE),
    why: bodyOf(WHY),
    settleMany: { ...many, properties: { ...(many["properties"] as object), settle } },
    journal: [...parametersOf(FILTER), ...parametersOf(PAGE)],
    audit: [...parametersOf(RECORD), ...parametersOf(PAGE)],
    counts: parametersOf(COUNTS_QUERY),
  };
}

function bodyOf(schema: v.GenericSchema): JsonSchema {
  return jsonSchemaOf(schema, { ...CONVERSION, typeMode: "input" });
}

/** A query's fields, each as a parameter. */
function parametersOf(schema: v.GenericSchema): object[] {
  const { properties } = jsonSchemaOf(schema, { ...CONVERSION, typeMode: "output" });
  return Object.entries(properties as Record<string, JsonSchema>).map(([name, { description, ...parameter }]) => {
    return { name, in: "query", description, schema: parameter };
  });
}
