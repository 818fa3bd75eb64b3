// Failures that an implementation declares: where it has decided otherwise, with its reason.

import { type Check, nameOf } from "./check.ts";
import { type Result } from "./run.ts";

/** Reasons, by the beginning of a check's name, which is its section and its title. */
export type Exceptions = Readonly<Record<string, string>>;

/** The same result, or "excepted" with the reason in place of a failure that is declared. */
export function declared(result: Result, exceptions: Exceptions): Result {
  if (result.outcome !== "fail") return result;
  const prefix = Object.keys(exceptions).find((prefix) => covers(prefix, result.check));
  if (prefix === undefined) return result;
  return { ...result, outcome: "excepted", why: exceptions[prefix] ?? "" };
}

/** `3.1` is for 3.1.2 too, but not for 3.10. */
function covers(prefix: string, check: Check): boolean {
  const name = nameOf(check);
  return name.startsWith(prefix) && !(/\d$/u.test(prefix) && /^\d/u.test(name.slice(prefix.length)));
}

/** The exceptions of a JSON text, or what is wrong with it. Each must be for a check, or it hides a typing error. */
export function readExceptions(json: string, checks: readonly Check[]): Exceptions | string {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return `it is no JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return 'it must be an object, such as {"IETF: Error Scenarios": "answers 400"}';
  const exceptions: Record<string, string> = {};
  for (const [prefix, reason] of Object.entries(value)) {
    if (typeof reason !== "string" || reason.trim() === "") return `"${prefix}" has no reason`;
    if (prefix === "" || !checks.some((check) => covers(prefix, check)))
      return `"${prefix}" is the beginning of no check's name`;
    exceptions[prefix] = reason;
  }
  return exceptions;
}
