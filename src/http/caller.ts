/** Who sends a request (docs/protocol.md 3.5). */

import { digestOf } from "./digest.ts";
import { type Refusal, refuse } from "./problem.ts";

export interface CallerRule {
  /** Header names in lower case. None: all requests are one caller's. */
  readonly caller: readonly string[];
  readonly anonymous: "refuse" | "shared";
}

/** An opaque digest of the values of the configured headers. An empty header counts as absent: it names nobody. */
export async function callerOf(headers: Headers, rule: CallerRule): Promise<string | Refusal> {
  const values = rule.caller.map((name) => headers.get(name) || null);
  if (rule.caller.length > 0 && rule.anonymous === "refuse" && values.every((value) => value === null)) {
    return refuse("caller_missing");
  }
  return digestOf(["caller", ...rule.caller.flatMap((name, index) => [name, values[index] ?? null])]);
}
