/** Reads a table field by field, so that one fault hides no other. */

import * as v from "valibot";
import { isTable } from "../identity/json.ts";

export interface Fault {
  /** For example `TENANTS."api.example.com".routes[0].ttl`. */
  readonly path: string;
  /** What would be right. */
  readonly message: string;
}

export type Fields = Readonly<Record<string, v.GenericSchema>>;

/** What could be read; undefined where a field is not set or not right. */
export type Readable<F extends Fields> = { readonly [Name in keyof F]?: v.InferOutput<F[Name]> | undefined };

/** Reads `value` as a table with `fields`. Everything that is wrong goes to `faults`. */
export function readFields<F extends Fields>(fields: F, value: unknown, path: string, faults: Fault[]): Readable<F> {
  if (!isTable(value)) {
    faults.push({ path, message: "must be a table" });
    return {};
  }
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(fields, name)) {
      faults.push({ path: `${path}.${name}`, message: "is not a field that may stand here" });
    }
  }
  const read: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(fields)) {
    const result = v.safeParse(schema, value[name]);
    if (result.success) read[name] = result.output;
    else faults.push(...result.issues.map((issue) => faultOf(issue, `${path}.${name}`, value[name] === undefined)));
  }
  return read;
}

function faultOf(issue: v.BaseIssue<unknown>, path: string, isMissing: boolean): Fault {
  const inside = (issue.path ?? []).map(({ key }) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`));
  return { path: path + inside.join(""), message: isMissing ? `is required: it ${issue.message}` : issue.message };
}
