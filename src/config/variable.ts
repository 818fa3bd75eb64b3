/** A variable of the Worker that holds a table. */

import { isTable } from "../identity/json.ts";

export const VARIABLE_MESSAGE = "must be a table, or a string that holds one as JSON";

/** Null where `value` is neither a table nor a string with one. */
export function tableOfVariable(value: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof value !== "string") return isTable(value) ? value : null;
  try {
    const table: unknown = JSON.parse(value);
    return isTable(table) ? table : null;
  } catch {
    // Not JSON: reported as such by the caller.
    return null;
  }
}
