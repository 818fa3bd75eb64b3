/** Reads a table field by field, so that one fault hides no other. */

import * as v from "valibot";
import { isTable } from "../identity/json.ts";
import { type Field, type Fields, type SetValues, mapFields } from "./field.ts";
import { unknownField } from "./unknown-field.ts";

export interface Fault {
  /** For example `TENANTS."api.example.com".routes[0].ttl`. */
  readonly path: string;
  /** Which value would be valid. */
  readonly message: string;
}

/**
 * `value` as a table that may have `fields`; null where it is not one. Faults, also of unknown fields, go to
 * `faults`.
 */
export function readTable(fields: Fields, value: unknown, path: string, faults: Fault[]): object | null {
  if (!isTable(value)) {
    faults.push({ path, message: "must be a table" });
    return null;
  }
  const names = Object.values(fields).map(({ name }) => name);
  for (const name of Object.keys(value)) {
    if (!names.includes(name)) faults.push({ path: `${path}.${name}`, message: unknownField(name, names) });
  }
  return value;
}

/** The values of `fields` in `table`. A field with a fault, which goes to `faults`, is not set. */
export function readFields<F extends Fields>(fields: F, table: object, path: string, faults: Fault[]): SetValues<F> {
  return mapFields(fields, (field) => readField(field, table, path, faults));
}

/** Undefined where the field is not set, or has a fault. */
function readField({ name, schema, required }: Field, table: object, path: string, faults: Fault[]): unknown {
  const written: unknown = Object.hasOwn(table, name) ? Reflect.get(table, name) : undefined;
  if (written === undefined && required === undefined) return undefined;
  const result = v.safeParse(schema, written);
  if (result.success) return result.output;
  faults.push(...result.issues.map((issue) => faultOf(issue, `${path}.${name}`, written === undefined)));
  return undefined;
}

function faultOf(issue: v.BaseIssue<unknown>, path: string, isMissing: boolean): Fault {
  const inside = (issue.path ?? []).map(({ key }) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`));
  return { path: path + inside.join(""), message: isMissing ? `is required: it ${issue.message}` : issue.message };
}
